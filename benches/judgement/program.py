"""The program under test: a fresh data folder with fresh keys, driven by its command line and its HTTP API."""

import http.client
import json
import os
import shutil
import subprocess
import threading
import time
import urllib.parse
from pathlib import Path

START_S_MAX = 30
ANSWER_S_MAX = 60


class Refused(Exception):
    """The program refused what it was asked; the text is its own."""


class Verdict:
    """One answer: verdict, reason, and the matches as in the program's JSON."""

    def __init__(self, value):
        self.verdict, self.reason = value["verdict"], value.get("reason")
        self.matches = value.get("matches") or []
        self.score = max((match.get("score") or 0 for match in self.matches), default=0.0)

    def __str__(self):
        return f"{self.verdict} `{self.reason}` {self.score:.1f}"


class Cenotaph:
    """A folder with data and keys of its own; removed when it is left."""

    def __init__(self, program, folder):
        self.program, self.folder = Path(program).resolve(), Path(folder).resolve()

    def __enter__(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def _environment(self, **more):
        # Settings in the environment must not take part.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CENOTAPH")}
        return kept | {"CENOTAPH_KEYS": str(self.folder / "keys")} | more

    def _run(self, *arguments, codes=(0,)):
        command = [str(self.program), "--data", str(self.folder / "data"), *map(str, arguments)]
        done = subprocess.run(command, cwd=self.folder, env=self._environment(), capture_output=True, text=True)
        if done.returncode not in codes:
            raise Refused(f"{' '.join(map(str, arguments[:12]))}: {(done.stderr or done.stdout).strip()[:400]}")
        return done.stdout

    def add(self, film, id, owner=None, uploaded_at=None, original=False, reason=None):
        """One tombstone."""
        arguments = ["tombstone", "add", "--json", "--id", id]
        for flag, value in (("--owner", owner), ("--uploaded-at", uploaded_at), ("--reason", reason)):
            arguments += [flag, value] if value else []
        arguments += ["--original"] if original else []
        return json.loads(self._run(*arguments, film.path))

    def add_all(self, videos, workers=1):
        """Tombstones of (id, owner, film) in this order; with one worker that is the order of arrival."""
        self.manifests = getattr(self, "manifests", 0) + 1
        manifest = self.folder / f"manifest-{self.manifests}.jsonl"
        lines = [json.dumps({"id": id, "owner": owner, "file": str(film.path)}) for id, owner, film in videos]
        manifest.write_text("\n".join(lines) + "\n")
        text = self._run("tombstone", "add", "--json", "--workers", workers, "--manifest", manifest)
        return [json.loads(line) for line in text.splitlines()]

    def remove(self, id):
        self._run("tombstone", "remove", id)

    def check(self, film, uploader=None, uploaded_at=None):
        arguments = ["check", "--json"]
        for flag, value in (("--uploader", uploader), ("--uploaded-at", uploaded_at)):
            arguments += [flag, value] if value else []
        return Verdict(json.loads(self._run(*arguments, film.path, codes=(0, 10, 11))))

    def scan(self, films, workers=1):
        """Verdicts on uploads of nobody in particular, in the order of the films."""
        output = self.folder / "found.jsonl"
        self._run("scan", "--workers", workers, "--output", output, *[film.path for film in films])
        found = {}
        for line in output.read_text().splitlines():
            value = json.loads(line)
            found[value["path"]] = Verdict(value)
        return [found[str(film.path)] for film in films]

    def serve(self, **settings):
        """The running service, as a context; settings as `UPLOADS__PRINTS_DAYS="30"`."""
        return Service(self, settings)


class Service:
    def __init__(self, cenotaph, settings):
        self.cenotaph, self.settings = cenotaph, settings

    def __enter__(self):
        folder = self.cenotaph.folder
        media = folder / "media"
        media.mkdir(exist_ok=True)
        own = {f"CENOTAPH_{name}": value for name, value in self.settings.items()}
        own["CENOTAPH_REMOTE__FILE_ROOTS"] = json.dumps([str(media)])
        command = [str(self.cenotaph.program), "--data", str(folder / "data"), "serve", "--listen", "127.0.0.1:0"]
        self.log, self.address = [], None
        self.child = subprocess.Popen(command, cwd=folder, env=self.cenotaph._environment(**own), text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        listening = threading.Event()
        # The log is read to its end: a full pipe would block the service.
        threading.Thread(target=self._read_log, args=(listening,), daemon=True).start()
        if not listening.wait(START_S_MAX) or self.address is None:
            self.child.kill()
            raise Refused("serve: " + "".join(self.log)[-400:])
        kept = folder / "first-key"
        if not kept.exists():
            kept.write_text(self.child.stdout.readline().strip())
        self.key = kept.read_text()
        return self

    def _read_log(self, listening):
        for line in self.child.stderr:
            self.log.append(line)
            try:
                value = json.loads(line)
            except ValueError:
                continue
            if value.get("message") == "listening":
                self.address = value["address"]
                listening.set()
        # It ended; without an address it never began.
        listening.set()

    def __exit__(self, *_):
        self.child.terminate()
        try:
            self.child.wait(START_S_MAX)
        except subprocess.TimeoutExpired:
            self.child.kill()

    def call(self, method, path, body=None, kind="application/json"):
        """The decoded answer; `Refused` for every status from 400 on."""
        connection = http.client.HTTPConnection(self.address, timeout=ANSWER_S_MAX + 10)
        try:
            data = json.dumps(body).encode() if kind == "application/json" and body is not None else body
            headers = {"Authorization": f"Bearer {self.key}", "Content-Type": kind}
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status >= 400:
            raise Refused(f"{method} {path.split('?')[0]}: {answer.status} {text[:300]}")
        return json.loads(text) if text else None

    def upload(self, film, uploader=None, uploaded_at=None):
        """Posts a film and waits for its verdict."""
        query = {"wait": ANSWER_S_MAX, "uploader": uploader, "uploaded_at": uploaded_at}
        query = urllib.parse.urlencode({name: value for name, value in query.items() if value is not None})
        return Verdict(self.call("POST", f"/v1/uploads?{query}", film.path.read_bytes(), "application/octet-stream"))

    def delete(self, film, id, owner=None, uploaded_at=None, original=None, reason="owner_request"):
        """Deletes a copy of the film for good, as a platform does; returns the tombstone's id when it is done."""
        copy = self.cenotaph.folder / "media" / f"{id}{film.path.suffix}"
        shutil.copyfile(film.path, copy)
        body = {"owner": owner, "reason": reason, "uploaded_at": uploaded_at, "original": original,
                "copies": [{"kind": "main", "uri": f"file://{copy}"}]}
        body = {name: value for name, value in body.items() if value is not None}
        deletion = self.call("POST", f"/v1/videos/{id}/deletion", body)
        until = time.monotonic() + ANSWER_S_MAX
        while deletion["state"] != "complete":
            if time.monotonic() > until:
                raise Refused(f"the deletion of {id} is still {deletion['state']}")
            time.sleep(0.05)
            deletion = self.call("GET", f"/v1/deletions/{deletion['id']}")
        return deletion["tombstone"]

    def grant(self, tombstone, uploader):
        """Lets a named uploader post the deleted video again."""
        self.call("POST", f"/v1/tombstones/{tombstone}/grants", {"uploader": uploader})

    def retire(self, tombstone):
        """An administrator gives the tombstone up."""
        self.call("POST", f"/v1/tombstones/{tombstone}/retirement", {})
