// Records of the contract for the independent receiver: canonical JSON (RFC 8785), the schemas, JWS (ES256), digests.
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";

export const digest = (data) => crypto.createHash("sha256").update(data).digest("hex");
export const toText = (bytes) => Buffer.from(bytes).toString("base64url");

export function toBytes(text) {
  const bytes = Buffer.from(text, "base64url");
  if (toText(bytes) !== text) throw new Error("not base64url");
  return bytes;
}

// JSON.stringify writes strings and integers as RFC 8785 wants them; what is left is the order of members.
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`);
  return `{${members.join(",")}}`;
}

export function parseCanonical(bytes) {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  const value = JSON.parse(text);
  if (canonical(value) !== text) throw new Error("not canonical");
  return value;
}

// As much of JSON Schema 2020-12 as the contract's schemas use.
export class Schemas {
  constructor(folder) {
    this.files = {};
    for (const name of fs.readdirSync(folder)) this.files[name] = JSON.parse(fs.readFileSync(path.join(folder, name)));
  }

  require(name, value) {
    const root = this.files[`${name}.schema.json`];
    if (!this.holds(root, root, value)) throw new Error(`not of ${name}`);
    return value;
  }

  holds(schema, root, value) {
    if (schema.$ref) {
      const local = schema.$ref.startsWith("#/$defs/");
      const target = local ? root.$defs[schema.$ref.slice(8)] : this.files[schema.$ref];
      return this.holds(target, local ? root : target, value);
    }
    if (schema.anyOf && !schema.anyOf.some((one) => this.holds(one, root, value))) return false;
    if ("const" in schema && value !== schema.const) return false;
    if (schema.enum && !schema.enum.includes(value)) return false;
    const kind = TYPES[schema.type];
    if (kind && !kind(value)) return false;
    if (typeof value === "string") return this.textHolds(schema, value);
    if (typeof value === "number") return value >= (schema.minimum ?? -Infinity) && value <= (schema.maximum ?? Infinity);
    if (Array.isArray(value)) return this.listHolds(schema, root, value);
    return value !== null && typeof value === "object" ? this.objectHolds(schema, root, value) : true;
  }

  textHolds(schema, value) {
    const length = [...value].length;
    if (length < (schema.minLength ?? 0) || length > (schema.maxLength ?? Infinity)) return false;
    if (schema.format === "date" && !/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
    return !schema.pattern || new RegExp(schema.pattern, "u").test(value);
  }

  listHolds(schema, root, value) {
    const fits = value.length >= (schema.minItems ?? 0) && value.length <= (schema.maxItems ?? Infinity);
    return fits && (!schema.items || value.every((one) => this.holds(schema.items, root, one)));
  }

  objectHolds(schema, root, value) {
    const known = schema.properties ?? {};
    if ((schema.required ?? []).some((name) => !Object.hasOwn(value, name))) return false;
    return Object.entries(value).every(([name, member]) => {
      if (Object.hasOwn(known, name)) return this.holds(known[name], root, member);
      return schema.additionalProperties !== false;
    });
  }
}

const TYPES = {
  object: (value) => value !== null && typeof value === "object" && !Array.isArray(value),
  array: Array.isArray,
  string: (value) => typeof value === "string",
  integer: Number.isSafeInteger,
  boolean: (value) => typeof value === "boolean",
};

// --- keys and JWS ---

export function thumbprint({ crv, kty, x, y }) {
  return crypto.createHash("sha256").update(`{"crv":"${crv}","kty":"${kty}","x":"${x}","y":"${y}"}`).digest("base64url");
}

export const keyOf = (jwk) => crypto.createPublicKey({ key: jwk, format: "jwk" });

export class Signer {
  constructor() {
    const pair = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { crv, kty, x, y } = pair.publicKey.export({ format: "jwk" });
    this.jwk = { crv, kty, x, y };
    this.kid = thumbprint(this.jwk);
    this.key = pair.privateKey;
  }

  sign(typ, payload) {
    const header = toText(canonical({ alg: "ES256", kid: this.kid, typ }));
    const text = `${header}.${toText(canonical(payload))}`;
    return `${text}.${toText(crypto.sign("sha256", Buffer.from(text), { key: this.key, dsaEncoding: "ieee-p1363" }))}`;
  }
}

export function verified(typ, jws, jwk) {
  const parts = jws.split(".");
  const [header, payload, signature] = parts.map(toBytes);
  const said = JSON.parse(header.toString());
  const named = canonical(said) === canonical({ alg: "ES256", kid: thumbprint(jwk), typ });
  if (parts.length !== 3 || !named || signature.length !== 64) throw new Error("another header");
  const text = Buffer.from(`${parts[0]}.${parts[1]}`);
  if (!crypto.verify("sha256", text, { key: keyOf(jwk), dsaEncoding: "ieee-p1363" }, signature)) throw new Error("forged");
  return payload;
}
