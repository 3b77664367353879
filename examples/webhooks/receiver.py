"""Receives Cenotaph's webhooks, verifies them and prints each event once.

    SECRET=whsec_… PORT=9000 python3 receiver.py

Standard library only. Signatures: https://www.standardwebhooks.com
"""
import base64
import hashlib
import hmac
import json
import os
import time
from collections import OrderedDict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE_S = 5 * 60
BODY_BYTES_MAX = 1 << 20
IDS_MAX = 10_000


class NotGenuine(Exception):
    """The message was not sent by the holder of the secret, or too long ago."""


def verify(secret, headers, body, now=None):
    """Raises NotGenuine unless `body` (bytes, as received) was signed with `secret` (`whsec_…`) just now."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not timestamp.isdecimal():
        raise NotGenuine("no timestamp")
    if abs((time.time() if now is None else now) - int(timestamp)) > TOLERANCE_S:
        raise NotGenuine("the timestamp is too far off")
    signed = b".".join([message_id.encode(), timestamp.encode(), body])
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
    for one in headers.get("webhook-signature", "").split():
        version, _, signature = one.partition(",")
        if version == "v1" and hmac.compare_digest(signature.encode(), expected):
            return
    raise NotGenuine("no signature fits")


class Seen:
    """Remembers the latest message ids. In production this is a table with a unique key."""

    def __init__(self):
        self.ids = OrderedDict()

    def add(self, message_id):
        """True the first time."""
        if message_id in self.ids:
            return False
        self.ids[message_id] = True
        if len(self.ids) > IDS_MAX:
            self.ids.popitem(last=False)
        return True


class Receiver(BaseHTTPRequestHandler):
    secret = os.environ.get("SECRET", "")
    seen = Seen()

    def do_POST(self):
        length = self.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > BODY_BYTES_MAX:
            return self.answer(413)
        body = self.rfile.read(int(length))
        try:
            verify(self.secret, self.headers, body)
        except NotGenuine as why:
            self.log_error("refused: %s", why)
            return self.answer(401)
        if self.seen.add(self.headers["webhook-id"]):
            handle(json.loads(body))
        self.answer(204)

    def answer(self, status):
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_request(self, *_):
        """Nothing: the events are what is printed."""


def handle(event):
    """What the platform does with an event: here, print it."""
    print(json.dumps({"type": event["type"], "data": event["data"]}), flush=True)


if __name__ == "__main__":
    if not Receiver.secret.startswith("whsec_"):
        raise SystemExit("SECRET is the subscription's secret, whsec_…")
    ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "9000"))), Receiver).serve_forever()
