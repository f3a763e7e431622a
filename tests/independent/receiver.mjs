// An insurer's intake written from the contract alone, in another language than the reference: `node receiver.mjs FOLDER
// SCHEMAS AMC SHOP LETTERS` serves until it is ended, and first writes one line: where it is, and its letters. It keeps what
// it holds in memory (and the envelopes in a file for the opener), has no log and nothing to say to shops.
import crypto from "node:crypto";
import fs from "node:fs";
import https from "node:https";
import path from "node:path";
import zlib from "node:zlib";
import { Chains, Refused, dispatchDigest } from "./chain.mjs";
import { Authority, isProved, newLetter, readRequest, sealedPseudonymKey } from "./letters.mjs";
import { Schemas, Signer, canonical, digest, keyOf, parseCanonical, toBytes, toText, verified } from "./records.mjs";

const [folder, schemasFolder, AMC, SHOP, letterCount] = process.argv.slice(2);
const CONVENTION = "AUTRE";
const STATUS = {
  package_invalid: 422, dispatch_invalid: 422, routing_mismatch: 422, recipient_unknown: 422, digest_conflict: 409, fork: 409,
  request_invalid: 400, too_large: 413, media_type_unsupported: 415, request_timeout: 408, certificate_missing: 401,
  certificate_unknown: 403, signature_invalid: 401, not_found: 404, method_not_allowed: 405, activation_refused: 403,
  invitation_closed: 410, internal: 500,
};
const SETTLING = ["package_invalid", "dispatch_invalid", "routing_mismatch", "recipient_unknown"];
const LIMITS = { package: 32768, batch: 3300000, enrolment: 16384, renewal: 16384 };
const media = (name) => `application/vnd.comptoir.${name}.v1+json`;

const schemas = new Schemas(schemasFolder);
const signer = new Signer();
const sealing = crypto.generateKeyPairSync("x25519");
const sealingPublic = toBytes(sealing.publicKey.export({ format: "jwk" }).x);
const recipient = toText(crypto.createHash("sha256").update(sealingPublic).digest());
const pseudonymKey = crypto.randomBytes(32);
const servers = new Authority(folder, "servers");
const clients = new Authority(folder, "terminals");
const chains = new Chains(path.join(folder, "claims.jsonl"));
fs.writeFileSync(path.join(folder, "opener.pem"), sealing.privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });

const keySet = signer.sign("comptoir-keys+jws", schemas.require("keys", {
  schema: "comptoir/keys/v1", insurer: AMC, version: 1,
  signing: [{ kid: signer.kid, jwk: signer.jwk }],
  sealing: [{ kid: recipient, suite: "x25519-hkdfsha256-aes256gcm", public: toText(sealingPublic) }],
}));
const profile = signer.sign("comptoir-profile+jws", schemas.require("profile", {
  schema: "comptoir/profile/v1", insurer: AMC, convention: CONVENTION, name: "Mutuelle indépendante", version: 1,
  effective: "2026-01-01", code_level: "lpp", hosting: "this machine", offline_ceiling: 100000,
  contracts: [{
    id: "essentiel", label: "Essentiel", kind: "responsable", real_cost: false,
    grid: { frame: 10000, lens: { simple: 8000, complexe: 13000, tres_complexe: 16000 } },
  }],
}));

const terminals = new Map();
const byCertificate = new Map();
const letters = new Map();
let origin = "";

// --- who asks ---

function callerOf(request) {
  const shown = request.socket.getPeerCertificate();
  if (!shown?.raw) throw new Refused("certificate_missing");
  const terminal = request.socket.authorized && byCertificate.get(digest(shown.raw));
  if (!terminal) throw new Refused("certificate_unknown");
  return terminal;
}

const INPUT = /^comptoir=(\([a-z0-9@" -]*\));created=(\d{1,11});keyid="([A-Za-z0-9_-]{43})";nonce="([A-Za-z0-9_-]{16,64})";alg="ecdsa-p256-sha256"$/;
const SIGNED = ["content-digest", "content-type", "idempotency-key"];

function checkSignature(request, body, jwk, kid, nonces) {
  const fields = {};
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const name = request.rawHeaders[i].toLowerCase();
    if (![...SIGNED, "signature", "signature-input"].includes(name)) continue;
    if (name in fields) throw new Refused("signature_invalid");
    fields[name] = request.rawHeaders[i + 1].trim();
  }
  const input = INPUT.exec(fields["signature-input"] ?? "");
  const signature = /^comptoir=:([A-Za-z0-9+/]{86}==):$/.exec(fields.signature ?? "");
  if (!input || !signature || input[3] !== kid) throw new Refused("signature_invalid");
  const present = SIGNED.filter((name) => name in fields);
  const components = `(${["@method", "@target-uri", ...present].map((name) => `"${name}"`).join(" ")})`;
  const hashed = `sha-256=:${crypto.createHash("sha256").update(body).digest("base64")}:`;
  const digested = "content-digest" in fields ? fields["content-digest"] === hashed : body.length === 0;
  const age = Date.now() / 1000 - Number(input[2]);
  if (components !== input[1] || !digested || age > 300 || age < -60) throw new Refused("signature_invalid");
  const lines = [["@method", request.method], ["@target-uri", origin + request.url], ...present.map((name) => [name, fields[name]]),
    ["@signature-params", fields["signature-input"].slice("comptoir=".length)]];
  const base = lines.map(([name, value]) => `"${name}": ${value}`).join("\n");
  const key = { key: keyOf(jwk), dsaEncoding: "ieee-p1363" };
  if (!crypto.verify("sha256", Buffer.from(base), key, Buffer.from(signature[1], "base64"))) throw new Refused("signature_invalid");
  takeNonce(nonces, input[4]);
  return input[4];
}

function takeNonce(nonces, nonce) {
  const now = Date.now();
  for (const [old, until] of nonces) if (until < now) nonces.delete(old);
  if (nonces.has(nonce)) throw new Refused("signature_invalid");
  nonces.set(nonce, now + 420000);
}

function admitted(request, body) {
  const terminal = callerOf(request);
  terminal.nonce = checkSignature(request, body, terminal.jwk, terminal.device, terminal.nonces);
  return terminal;
}

// --- bodies ---

async function bodyOf(request, name, codings = []) {
  const coding = request.headers["content-encoding"];
  if (request.headers["content-type"] !== media(name) || (coding !== undefined && !codings.includes(coding))) {
    throw new Refused("media_type_unsupported");
  }
  if (Number(request.headers["content-length"] ?? 0) > LIMITS[name]) throw new Refused("too_large");
  const parts = [];
  let length = 0;
  for await (const part of request) {
    length += part.length;
    if (length > LIMITS[name]) throw new Refused("too_large");
    parts.push(part);
  }
  return Buffer.concat(parts);
}

// What a gzip body of one member, with nothing after it, unfolds to.
function unfolded(body) {
  try {
    const plain = zlib.gunzipSync(body, { maxOutputLength: LIMITS.batch });
    let place = 10;
    if (body[3] & 4) place += 2 + body.readUInt16LE(place);
    for (const flag of [8, 16]) if (body[3] & flag) place = body.indexOf(0, place) + 1;
    if (body[3] & 2) place += 2;
    const { engine } = zlib.inflateRawSync(body.subarray(place), { info: true, maxOutputLength: LIMITS.batch });
    if (place + engine.bytesWritten + 8 !== body.length) throw new Error("something after it");
    return plain;
  } catch (error) {
    throw new Refused(error.code === "ERR_BUFFER_TOO_LARGE" ? "too_large" : "request_invalid");
  }
}

// --- claims ---

function readPackage(raw) {
  try {
    return schemas.require("package", parseCanonical(raw));
  } catch {
    throw new Refused("package_invalid");
  }
}

function dispatchOf(terminal, text) {
  try {
    return schemas.require("dispatch", parseCanonical(verified("comptoir-dispatch+jws", text, terminal.jwk)));
  } catch {
    throw new Refused("dispatch_invalid");
  }
}

function checked(terminal, { dispatch: text, envelope }) {
  const dispatch = dispatchOf(terminal, text);
  if (dispatch.device !== terminal.device || dispatch.envelope !== digest(canonical(envelope))) throw new Refused("dispatch_invalid");
  const overhead = envelope.suite.startsWith("xwing") ? 1136 : 48;
  let sealed = Buffer.alloc(0);
  try {
    sealed = toBytes(envelope.sealed);
  } catch { /* its length is wrong then */ }
  if (sealed.length !== envelope.bucket + overhead) throw new Refused("package_invalid");
  const same = ["claim_id", "insurer", "device"].every((name) => dispatch[name] === envelope[name]);
  const ours = envelope.insurer === AMC && envelope.convention === CONVENTION && !("csr" in envelope);
  if (!same || !ours) throw new Refused("routing_mismatch");
  if (envelope.recipient !== recipient) throw new Refused("recipient_unknown");
  return { dispatch, envelope, own: dispatchDigest(text) };
}

const seconds = () => `${new Date().toISOString().slice(0, 19)}Z`;

function refusalOf(terminal, { dispatch, envelope }, code) {
  return signer.sign("comptoir-refusal+jws", schemas.require("refusal", {
    schema: "comptoir/refusal/v1", claim_id: envelope.claim_id, insurer: AMC, device: terminal.device, code,
    envelope: digest(canonical(envelope)), dispatch: dispatchDigest(dispatch), refused_at: seconds(),
  }));
}

// One package, judged alone: its result as a batch has it. What is kept is durable after `chains.flush`.
function judged(terminal, raw, claimId) {
  let found = null;
  try {
    found = readPackage(raw);
    const named = found.envelope.claim_id;
    if (claimId !== undefined && named !== claimId) return { status: 422, problem: problem("routing_mismatch") };
    const known = chains.stored(terminal, raw, named);
    if (known) return { status: 200, claim_id: named, receipt: known };
    const one = { ...checked(terminal, found), raw };
    chains.judge(terminal, one);
    const { claim_id, insurer, device, seq, envelope } = one.dispatch;
    const receipt = signer.sign("comptoir-receipt+jws", schemas.require("receipt", {
      schema: "comptoir/receipt/v1", claim_id, insurer, device, seq, envelope, dispatch: one.own, received_at: seconds(),
      state: "acknowledged",
    }));
    chains.keep(terminal, one, receipt);
    return { status: 201, claim_id, receipt };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const signed = found && SETTLING.includes(error.code) ? { refusal: refusalOf(terminal, found, error.code) } : {};
    const told = problem(error.code, { ...error.members, ...signed });
    return { status: told.status, ...(found ? { claim_id: found.envelope.claim_id } : {}), problem: told };
  }
}

async function putClaim(request, claimId) {
  callerOf(request);
  const body = await bodyOf(request, "package");
  const terminal = admitted(request, body);
  if (request.headers["idempotency-key"] !== `"${claimId}"`) throw new Refused("request_invalid");
  const result = judged(terminal, body, claimId);
  chains.flush();
  if (result.problem) return [result.status, "problem", result.problem];
  return [result.status, media("receipt"), { receipt: result.receipt }];
}

async function postBatch(request) {
  callerOf(request);
  const sent = await bodyOf(request, "batch", ["gzip"]);
  const terminal = admitted(request, sent);
  const body = request.headers["content-encoding"] ? unfolded(sent) : sent;
  const results = packagesIn(body).reduce((done, one) => {
    const forked = done.some((result) => result.problem?.code === "fork");
    return [...done, forked ? { status: 409, problem: problem("fork") } : judged(terminal, Buffer.from(canonical(one)))];
  }, []);
  chains.flush();
  return [200, media("results"), { results }];
}

// The packages of a batch that is canonical, packages included: so each one's bytes are those that were stored.
function packagesIn(body) {
  try {
    const { packages, ...more } = parseCanonical(body);
    const fits = Array.isArray(packages) && packages.length >= 1 && packages.length <= 100;
    if (!fits || Object.keys(more).length) throw new Error("frame");
    return packages;
  } catch {
    throw new Refused("request_invalid");
  }
}

// --- reading ---

function reading(media_type, answer) {
  return async (request) => [200, media(media_type), answer(admitted(request, Buffer.alloc(0)), request)];
}

function after(request) {
  const found = /\?after=(0|[1-9]\d{0,15})$/.exec(request.url);
  if (!found || !Number.isSafeInteger(Number(found[1]))) throw new Refused("request_invalid");
  return Number(found[1]);
}

const stateOf = (terminal) => signer.sign("comptoir-state+jws", schemas.require("state", {
  schema: "comptoir/state/v1", insurer: AMC, device: terminal.device, nonce: terminal.nonce, ...chains.state(terminal),
}));

function nothingAfter(request) {
  after(request);
  return { events: [] };
}

// --- enrolment ---

async function enrol(request) {
  const body = await bodyOf(request, "enrolment");
  const asked = readRequest(schemas, AMC, body);
  checkSignature(request, body, asked.request.signing, asked.device, new Map());
  const letter = letters.get(asked.request.invitation);
  if (!letter) throw new Refused("activation_refused");
  if (letter.request === digest(body)) return [201, media("enrolled"), letter.answer];
  if (letter.answer || letter.wrong >= 5) throw new Refused("invitation_closed");
  if (!isProved(letter.code, asked.request)) {
    letter.wrong++;
    throw new Refused("activation_refused");
  }
  Object.assign(letter, { answer: accepted(asked, letter.shop), request: digest(body) });
  return [201, media("enrolled"), letter.answer];
}

function accepted({ request, shopKey, device }, shop) {
  const known = terminals.get(device);
  if (known && known.shop !== shop) throw new Refused("request_invalid");
  const terminal = known ?? { device, shop, jwk: request.signing, chain: new Map(), nonces: new Map(), renewed: null };
  const certificate = issuedFor(request.certificate_request, terminal);
  terminals.set(device, terminal);
  return schemas.require("enrolment-answer", {
    insurer: AMC, shop, device, certificate, keys: keySet, profile,
    pseudonym_key: sealedPseudonymKey(pseudonymKey, request.sealing.suite, shopKey),
  });
}

function issuedFor(request, terminal) {
  let pem = "";
  try {
    pem = clients.client(request, terminal.device);
  } catch {
    throw new Refused("request_invalid");
  }
  byCertificate.set(digest(new crypto.X509Certificate(pem).raw), terminal);
  return pem;
}

async function renew(request) {
  callerOf(request);
  const body = await bodyOf(request, "renewal");
  const terminal = admitted(request, body);
  let asked = null;
  try {
    asked = schemas.require("renewal-request", parseCanonical(body));
  } catch {
    throw new Refused("request_invalid");
  }
  if (asked.insurer !== AMC) throw new Refused("request_invalid");
  const last = terminal.renewed;
  const certificate = issuedFor(asked.certificate_request, terminal);
  const key = new crypto.X509Certificate(certificate).publicKey.export({ format: "der", type: "spki" });
  if (last && last.key.equals(key) && Date.now() - last.at < 30 * 86400000) return [200, media("renewed"), { certificate: last.certificate }];
  terminal.renewed = { key, certificate, at: Date.now() };
  return [201, media("renewed"), { certificate }];
}

// --- HTTP ---

const CLAIM = /^\/v1\/claims\/([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})$/;
const OPERATIONS = {
  "/v1/enrolments": { POST: enrol },
  "/v1/certificates": { POST: renew },
  "/v1/claims:batch": { POST: postBatch },
  "/v1/state": { GET: reading("state", (terminal) => ({ state: stateOf(terminal) })) },
  "/v1/receipts": { GET: reading("receipts", (terminal, request) => ({ receipts: chains.receipts(terminal, after(request)) })) },
  "/v1/events": { GET: reading("events", (_, request) => nothingAfter(request)) },
  "/v1/keys": { GET: reading("keys", () => ({ keys: keySet })) },
  "/v1/profile": { GET: reading("profile", () => ({ profile })) },
  "/v1/health": { GET: async () => [200, media("health"), { status: "pass" }] },
};

function problem(code, members = {}) {
  return { type: `urn:comptoir:problem:${code}`, title: code.replaceAll("_", " "), status: STATUS[code], code, ...members };
}

function operationOf(request) {
  const where = request.url.split("?")[0];
  const claim = CLAIM.exec(where);
  const methods = claim ? { PUT: (asked) => putClaim(asked, claim[1]) } : Object.hasOwn(OPERATIONS, where) && OPERATIONS[where];
  if (!methods) throw new Refused("not_found");
  if (!Object.hasOwn(methods, request.method)) throw new Refused("method_not_allowed");
  return methods[request.method];
}

async function answer(request, response) {
  let told = null;
  try {
    told = await operationOf(request)(request);
  } catch (error) {
    if (!(error instanceof Refused)) process.stderr.write(`${error.stack}\n`);
    const code = error instanceof Refused ? error.code : "internal";
    told = [STATUS[code], "problem", problem(code, error.members)];
  }
  const [status, kind, body] = told;
  if (!request.complete) response.setHeader("connection", "close");
  const text = canonical(body);
  response.writeHead(status, { "content-type": kind === "problem" ? "application/problem+json" : kind, "content-length": Buffer.byteLength(text) });
  response.end(text);
}

const HOST = "127.0.0.1";
const options = { ...servers.server(HOST), ca: clients.pem, requestCert: true, rejectUnauthorized: false, minVersion: "TLSv1.3" };
const server = https.createServer({ ...options, requestTimeout: 120000 }, answer);
server.listen(0, HOST, () => {
  origin = `https://${HOST}:${server.address().port}`;
  const directory = {
    amc: AMC, name: "Mutuelle indépendante", convention: CONVENTION, endpoint: origin, authority_pem: servers.pem,
    hosting: "this machine", signing: signer.jwk,
  };
  const posted = Array.from({ length: Number(letterCount) }, () => {
    const letter = newLetter(SHOP);
    letters.set(letter.invitation, letter.kept);
    return { letter: { invitation: letter.invitation, activation_code: letter.printed, shop: SHOP }, directory };
  });
  process.stdout.write(`${JSON.stringify({ endpoint: origin, letters: posted })}\n`);
});
