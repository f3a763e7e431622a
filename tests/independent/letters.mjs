// Letters, certificates and enrolment for the independent receiver (README.md §10). Certificates are made by `openssl`.
import { execFileSync } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { canonical, keyOf, parseCanonical, thumbprint, toBytes, toText } from "./records.mjs";
import { Refused } from "./chain.mjs";
import { sealX25519, sealXWing } from "./seal.mjs";

const SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHECKS = `${SYMBOLS}*~$=U`;
const END = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n";
const IDS = "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";

const openssl = (args, input) => execFileSync("openssl", args, { input, stdio: ["pipe", "pipe", "ignore"] }).toString();

// An authority that signs end certificates in `folder`, under a name of its own.
export class Authority {
  constructor(folder, name) {
    this.folder = folder;
    this.files = ["key", "pem", "ext", "csr"].map((end) => path.join(folder, `${name}.${end}`));
    const [key, pem, ext] = this.files;
    fs.writeFileSync(ext, `[req]\ndistinguished_name=d\nx509_extensions=e\n[d]\n[e]\nbasicConstraints=critical,CA:TRUE,pathlen:0\n` +
      `keyUsage=critical,keyCertSign,cRLSign\n${IDS}`);
    openssl(["req", "-x509", "-config", ext, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
      "-out", pem, "-days", "3650", "-subj", `/CN=${name}`]);
    this.pem = fs.readFileSync(pem, "ascii");
  }

  issue(request, subject, days, extensions) {
    const [key, pem, ext, csr] = this.files;
    fs.writeFileSync(csr, request);
    fs.writeFileSync(ext, `${END}${IDS}${extensions}\n`);
    const serial = `0x${crypto.randomBytes(16).toString("hex").replace(/^./, "7")}`;
    return openssl(["x509", "-req", "-in", csr, "-CA", pem, "-CAkey", key, "-days", `${days}`, "-extfile", ext,
      "-set_serial", serial, "-subj", `/CN=${subject}`, "-sha256"]);
  }

  server(host) {
    const [, , ext] = this.files;
    const key = path.join(this.folder, "server.key");
    fs.writeFileSync(ext, "[req]\ndistinguished_name=d\n[d]\n");
    const request = openssl(["req", "-new", "-config", ext, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
      "-keyout", key, "-subj", `/CN=${host}`]);
    return { key: fs.readFileSync(key), cert: this.issue(request, host, 397, `extendedKeyUsage=serverAuth\nsubjectAltName=IP:${host}`) };
  }

  client(request, subject) {
    const issued = this.issue(request, subject, 90, "extendedKeyUsage=clientAuth");
    const { publicKey } = new crypto.X509Certificate(issued);
    if (publicKey.asymmetricKeyDetails?.namedCurve !== "prime256v1") throw new Error("another curve");
    return issued;
  }
}

// A letter: invitation and activation code as they are printed, and what the insurer keeps of them.
export function newLetter(shop) {
  const draw = (count) => Array.from({ length: count }, () => SYMBOLS[crypto.randomInt(32)]).join("");
  const [invitation, code] = [draw(8), draw(20)];
  const check = CHECKS[[...code].reduce((rest, symbol) => (rest * 32 + SYMBOLS.indexOf(symbol)) % 37, 0)];
  const printed = `${code.match(/.{4}/g).join("-")}-${check}`;
  return { invitation, printed, kept: { shop, code, wrong: 0, request: null, answer: null } };
}

// What an enrolment request says once its form holds; Refused(request_invalid) otherwise.
export function readRequest(schemas, insurer, body) {
  try {
    const request = schemas.require("enrolment-request", parseCanonical(body));
    const shopKey = toBytes(request.sealing.public);
    const kid = toText(crypto.createHash("sha256").update(shopKey).digest());
    const length = request.sealing.suite.startsWith("xwing") ? 1216 : 32;
    keyOf(request.signing);
    if (request.insurer !== insurer || kid !== request.sealing.kid || shopKey.length !== length) throw new Error("keys");
    return { request, shopKey, device: thumbprint(request.signing) };
  } catch {
    throw new Refused("request_invalid");
  }
}

export function isProved(code, request) {
  const { proof, ...offer } = request;
  const label = Buffer.from("comptoir/enrolment/v1\0");
  const right = crypto.createHmac("sha256", code).update(label).update(canonical(offer)).digest();
  return crypto.timingSafeEqual(right, Buffer.from(proof, "hex"));
}

export function sealedPseudonymKey(key, suite, shopKey) {
  const seal = suite.startsWith("xwing") ? sealXWing : sealX25519;
  return toText(seal(shopKey, Buffer.from("comptoir/pseudonym/v1\0"), key));
}
