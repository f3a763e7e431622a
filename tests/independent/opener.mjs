// The opener of the independent receiver: `node opener.mjs FOLDER SCHEMAS` opens what the intake stored, elsewhere.
// It holds the private sealing key; the intake does not. One line of JSON a claim: the claim, or why it does not hold.
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { Schemas, canonical, parseCanonical, toBytes, verified } from "./records.mjs";
import { openX25519 } from "./seal.mjs";

const [folder, schemasFolder] = process.argv.slice(2);
const schemas = new Schemas(schemasFolder);
const key = crypto.createPrivateKey(fs.readFileSync(path.join(folder, "opener.pem")));

function opened({ terminal, envelope }) {
  const { sealed, ...header } = envelope;
  const info = Buffer.concat([Buffer.from("comptoir/claim/v1\0"), Buffer.from(canonical(header))]);
  const padded = openX25519(key, info, toBytes(sealed));
  const end = padded.lastIndexOf(0x80);
  if (padded.length !== header.bucket || end < 0 || padded.subarray(end + 1).some((byte) => byte)) throw new Error("padding");
  const smallest = [1024, 2048, 4096, 8192].find((bucket) => bucket > end);
  if (smallest !== header.bucket) throw new Error("bucket");
  const claim = parseCanonical(verified("comptoir-claim+jws", padded.subarray(0, end).toString("latin1"), terminal.jwk));
  schemas.require("claim", claim);
  const routed = ["claim_id", "insurer", "convention", "csr"].every((name) => claim[name] === header[name]);
  if (!routed || claim.shop !== terminal.shop) throw new Error("routing");
  return claim;
}

for (const line of fs.readFileSync(path.join(folder, "claims.jsonl"), "utf8").split("\n").filter(Boolean)) {
  const stored = JSON.parse(line);
  try {
    process.stdout.write(`${canonical({ claim: opened(stored) })}\n`);
  } catch (error) {
    process.stdout.write(`${canonical({ claim_id: stored.envelope.claim_id, error: error.message })}\n`);
  }
}
