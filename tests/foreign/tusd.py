"""Stands in for tusd 2 where that is not installed: takes uploads by the tus protocol and calls HTTP hooks as tusd's
documentation describes them. Knows the options that examples/tusd/run.sh gives, -host and -port, and nothing else."""
import base64
import json
import os
import sys
import urllib.parse
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

options = dict(zip([name.lstrip("-") for name in sys.argv[1::2]], sys.argv[2::2]))
folder = options["upload-dir"]
enabled = options["hooks-enabled-events"].split(",")
hook_url = urllib.parse.urlsplit(options["hooks-http"])
uploads = {}


def call_hook(kind, upload, request):
    """What the hook says, {} where it is not enabled."""
    if kind not in enabled:
        return {}
    event = {"Upload": upload, "HTTPRequest": {
        "Method": request.command, "URI": request.path, "RemoteAddr": "%s:%d" % request.client_address,
        "Header": {name: [value] for name, value in request.headers.items()}}}
    # As Go's client does, the password of the address goes into a header.
    pair = base64.b64encode(f"{hook_url.username}:{hook_url.password}".encode()).decode()
    bare = hook_url._replace(netloc=f"{hook_url.hostname}:{hook_url.port}").geturl()
    headers = {"authorization": f"Basic {pair}", "content-type": "application/json"}
    body = json.dumps({"Type": kind, "Event": event}).encode()
    with urllib.request.urlopen(urllib.request.Request(bare, body, headers), timeout=60) as answer:
        return json.load(answer)


class Tusd(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        pairs = [pair.split(" ") for pair in self.headers.get("upload-metadata", "").split(",") if pair]
        upload = {"ID": "", "Size": int(self.headers["upload-length"]), "SizeIsDeferred": False, "Offset": 0,
                  "MetaData": {name: base64.b64decode(value).decode() for name, value in pairs},
                  "IsPartial": False, "IsFinal": False, "PartialUploads": None, "Storage": None}
        said = call_hook("pre-create", upload, self)
        if said.get("RejectUpload"):
            return self.answer(400, said.get("HTTPResponse"))
        upload["ID"] = uuid.uuid4().hex
        path = os.path.join(folder, upload["ID"])
        upload["Storage"] = {"Type": "filestore", "Path": path, "InfoPath": path + ".info"}
        open(path, "xb").close()
        uploads[upload["ID"]] = upload
        self.answer(201, None, {"Location": f"http://{self.headers['host']}/files/{upload['ID']}"})

    def do_PATCH(self):
        upload = uploads[self.path.rsplit("/", 1)[1]]
        piece = self.rfile.read(int(self.headers["content-length"]))
        with open(upload["Storage"]["Path"], "ab") as file:
            file.write(piece)
        upload["Offset"] += len(piece)
        said = {}
        if upload["Offset"] == upload["Size"]:
            said = call_hook("pre-finish", upload, self)
            call_hook("post-finish", upload, self)
        self.answer(204, said.get("HTTPResponse"), {"Upload-Offset": str(upload["Offset"])})

    def answer(self, status, over, headers=None):
        over = over or {}
        body = over.get("Body", "").encode()
        self.send_response(over.get("StatusCode") or status)
        for name, value in {**(headers or {}), **over.get("Header", {})}.items():
            self.send_header(name, value)
        self.send_header("Tus-Resumable", "1.0.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


ThreadingHTTPServer((options["host"], int(options["port"])), Tusd).serve_forever()
