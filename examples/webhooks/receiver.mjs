// Receives Cenotaph's webhooks, verifies them and prints each event once.
//
//     SECRET=whsec_… PORT=9000 node receiver.mjs
//
// Standard library only. Signatures: https://www.standardwebhooks.com
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const TOLERANCE_S = 5 * 60;
const BODY_BYTES_MAX = 1 << 20;
const IDS_MAX = 10_000;

/** Why a message is not genuine; null if it is. `body` is a Buffer, as received; `secret` is `whsec_…`. */
export function refusal(secret, headers, body, now = Date.now() / 1000) {
  const id = headers["webhook-id"] ?? "";
  const timestamp = headers["webhook-timestamp"] ?? "";
  if (!/^\d+$/.test(timestamp)) return "no timestamp";
  if (Math.abs(now - Number(timestamp)) > TOLERANCE_S) return "the timestamp is too far off";
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest();
  const fits = (one) => {
    const [version, signature = ""] = one.split(",");
    const given = Buffer.from(signature, "base64");
    return version === "v1" && given.length === expected.length && timingSafeEqual(given, expected);
  };
  return (headers["webhook-signature"] ?? "").split(" ").some(fits) ? null : "no signature fits";
}

/** What the platform does with an event: here, print it. */
function handle({ type, data }) {
  console.log(JSON.stringify({ type, data }));
}

// The latest message ids. In production this is a table with a unique key.
const seen = new Set();

function isFirst(id) {
  if (seen.has(id)) return false;
  seen.add(id);
  if (seen.size > IDS_MAX) seen.delete(seen.values().next().value);
  return true;
}

async function receive(request, response) {
  const answer = (status) => response.writeHead(status, { "content-length": 0 }).end();
  if (request.method !== "POST") return answer(405);
  const pieces = [];
  let length = 0;
  for await (const piece of request) {
    length += piece.length;
    if (length > BODY_BYTES_MAX) return answer(413);
    pieces.push(piece);
  }
  const body = Buffer.concat(pieces);
  const why = refusal(secret, request.headers, body);
  if (why !== null) {
    console.error(`refused: ${why}`);
    return answer(401);
  }
  if (isFirst(request.headers["webhook-id"])) handle(JSON.parse(body));
  answer(204);
}

const secret = process.env.SECRET ?? "";
if (!secret.startsWith("whsec_")) {
  console.error("SECRET is the subscription's secret, whsec_…");
  process.exit(1);
}
createServer((request, response) => {
  receive(request, response).catch((error) => {
    console.error(error);
    response.writeHead(500).end();
  });
}).listen(Number(process.env.PORT ?? 9000), "127.0.0.1");
