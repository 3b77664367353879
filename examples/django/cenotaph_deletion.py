"""Asks Cenotaph to delete a video everywhere. Standard library only.

    CENOTAPH=http://127.0.0.1:8080 KEY=cnt_… python3 cenotaph_deletion.py VIDEO OWNER URI...
"""
import json
import time
import urllib.error
import urllib.parse
import urllib.request

ATTEMPTS = 4
TIMEOUT_S = 30


class DeletionRefused(Exception):
    """Cenotaph will not carry out this request. Repeating it unchanged does not help."""


def request_deletion(service, key, video, copies, owner=None, reason="owner_request", uploaded_at=None,
                     metadata=None):
    """Has a video deleted, and returns the deletion as a dict with its `id` (`del_…`) and `state`.

    service      address of Cenotaph, such as http://127.0.0.1:8080
    key          an API key with the scope `delete`
    video        the platform's id of the video
    copies       every place where it is stored: dicts with `kind`, `uri` and, where needed, `prefix` and `delete_after`
    owner        the platform's id of its owner, who may upload it again
    reason       owner_request, legal or moderation
    uploaded_at  an aware datetime
    metadata     a dict that comes back in answers, events and callbacks

    When it returns, the deletion is durable and the video is hidden. The same request again is the same deletion, so it
    is safe to call it again after an error. Raises DeletionRefused if the request is wrong or conflicts with a deletion
    under way, and OSError if Cenotaph cannot be reached or is too busy.
    """
    body = {"reason": reason, "copies": copies}
    if owner is not None:
        body["owner"] = owner
    if uploaded_at is not None:
        body["uploaded_at"] = uploaded_at.isoformat()
    if metadata is not None:
        body["metadata"] = metadata
    request = urllib.request.Request(
        f"{service}/v1/videos/{urllib.parse.quote(video, safe='')}/deletion",
        data=json.dumps(body).encode(),
        headers={"authorization": f"Bearer {key}", "content-type": "application/json"},
    )
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            # 429 and 5xx pass; what else is wrong with the request stays wrong.
            if error.code != 429 and error.code < 500:
                raise DeletionRefused(detail(error)) from error
            if attempt == ATTEMPTS:
                raise
            time.sleep(wait_s(error.headers.get("retry-after"), attempt))
        except OSError:
            if attempt == ATTEMPTS:
                raise
            time.sleep(wait_s(None, attempt))
    raise AssertionError("the last attempt returns or raises")


def detail(error):
    """What Cenotaph says is wrong: problem details (RFC 9457), one sentence."""
    try:
        problem = json.load(error)
        return f"{problem['title']}: {problem['detail']} (request {problem['request_id']})"
    except (ValueError, KeyError, TypeError):
        return str(error)


def wait_s(asked, attempt):
    """Seconds until the next attempt: as asked, else 1, 2, 4."""
    return min(int(asked), 60) if asked and asked.isdecimal() else 2 ** (attempt - 1)


if __name__ == "__main__":
    import os
    import sys

    if len(sys.argv) < 4:
        raise SystemExit(__doc__)
    deletion = request_deletion(
        os.environ["CENOTAPH"], os.environ["KEY"], sys.argv[1],
        [{"kind": "main", "uri": uri} for uri in sys.argv[3:]], owner=sys.argv[2],
    )
    print(json.dumps({"id": deletion["id"], "state": deletion["state"]}))
