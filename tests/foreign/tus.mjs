// The official tus server, whose upload-finish callback asks Cenotaph, and the official client.
//
//     node tus.mjs SERVICE KEY FOLDER FILE...
//
// Prints a JSON line a file: {"file", "stored", "status", "body"}: what the client was told at the end.
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { pathToFileURL } from "node:url";

import { FileStore } from "@tus/file-store";
import { Server } from "@tus/server";
import * as tus from "tus-js-client";

const [service, key, folder, ...files] = process.argv.slice(2);

async function verdict(upload) {
  const answer = await fetch(`${service}/v1/uploads?wait=60`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", "idempotency-key": upload.id },
    body: JSON.stringify({
      uri: pathToFileURL(path.join(folder, upload.id)).href,
      uploader: upload.metadata.user,
      reference: upload.id,
      metadata: upload.metadata,
    }),
  });
  if (!answer.ok) throw { status_code: 502, body: await answer.text() };
  return answer.json();
}

const server = new Server({
  path: "/files",
  datastore: new FileStore({ directory: folder }),
  async onUploadFinish(request, upload) {
    const line = await verdict(upload);
    if (line.verdict === "block") throw { status_code: 403, body: `blocked: ${line.matches[0].tombstone}` };
    return { headers: { "X-Verdict": line.verdict } };
  },
});

function send(file, endpoint) {
  return new Promise((resolve) => {
    const tell = (response) => resolve({ file, status: response?.getStatus(), body: response?.getBody() });
    const upload = new tus.Upload(fs.createReadStream(file), {
      endpoint,
      chunkSize: 50_000,
      metadata: { filename: path.basename(file), user: "bert" },
      onError: (error) => tell(error.originalResponse),
      onSuccess: ({ lastResponse }) => tell(lastResponse),
    });
    upload.start();
  });
}

const listener = http.createServer(server.handle.bind(server)).listen(0, "127.0.0.1", async () => {
  const endpoint = `http://127.0.0.1:${listener.address().port}/files`;
  for (const file of files) console.log(JSON.stringify(await send(file, endpoint)));
  process.exit(0);
});
