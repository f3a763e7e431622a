// Sealing for the independent receiver: HPKE base mode (RFC 9180), single shot, with HKDF-SHA256 and AES-256-GCM.
// It seals to X-Wing keys (draft-connolly-cfrg-xwing-kem: ML-KEM-768 of FIPS 203 and X25519) and opens with X25519 ones.
// Written from the documents named here; Node's own library gives hashes, X25519, HMAC and AES.
import crypto from "node:crypto";

const Q = 3329;
const K = 3;
const hash = (name, data, outputLength) =>
  crypto.createHash(name, outputLength ? { outputLength } : undefined).update(data).digest();

// --- ML-KEM-768, encapsulation only ---

const power = (base, exponent) => {
  let value = 1;
  for (let i = 0; i < exponent; i++) value = (value * base) % Q;
  return value;
};
const reversed = (number) => parseInt(number.toString(2).padStart(7, "0").split("").reverse().join(""), 2);
const ZETAS = Array.from({ length: 128 }, (_, k) => power(17, reversed(k)));
const GAMMAS = Array.from({ length: 128 }, (_, k) => power(17, 2 * reversed(k) + 1));

function ntt(polynomial) {
  const f = polynomial.slice();
  let place = 1;
  for (let half = 128; half >= 2; half /= 2) {
    for (let start = 0; start < 256; start += 2 * half) {
      const zeta = ZETAS[place++];
      for (let j = start; j < start + half; j++) {
        const product = (zeta * f[j + half]) % Q;
        f[j + half] = (f[j] - product + Q) % Q;
        f[j] = (f[j] + product) % Q;
      }
    }
  }
  return f;
}

function inverseNtt(polynomial) {
  const f = polynomial.slice();
  let place = 127;
  for (let half = 2; half <= 128; half *= 2) {
    for (let start = 0; start < 256; start += 2 * half) {
      const zeta = ZETAS[place--];
      for (let j = start; j < start + half; j++) {
        const low = f[j];
        f[j] = (low + f[j + half]) % Q;
        f[j + half] = (zeta * (f[j + half] - low + Q)) % Q;
      }
    }
  }
  return f.map((value) => (value * 3303) % Q);
}

const add = (f, g) => f.map((value, i) => (value + g[i]) % Q);

function multiply(f, g) {
  const product = new Array(256);
  for (let i = 0; i < 128; i++) {
    const [a0, a1, b0, b1] = [f[2 * i], f[2 * i + 1], g[2 * i], g[2 * i + 1]];
    product[2 * i] = (a0 * b0 + ((a1 * b1) % Q) * GAMMAS[i]) % Q;
    product[2 * i + 1] = (a0 * b1 + a1 * b0) % Q;
  }
  return product;
}

function decode12(bytes) {
  const values = [];
  for (let i = 0; i < bytes.length; i += 3) {
    values.push(bytes[i] | ((bytes[i + 1] & 15) << 8), (bytes[i + 1] >> 4) | (bytes[i + 2] << 4));
  }
  return values;
}

function sampleNtt(seed, j, i) {
  const stream = hash("shake128", Buffer.concat([seed, Buffer.from([j, i])]), 1680);
  const values = decode12(stream).filter((value) => value < Q);
  if (values.length < 256) throw new Error("the stream is too short");
  return values.slice(0, 256);
}

function sampleNoise(seed, number) {
  const bytes = hash("shake256", Buffer.concat([seed, Buffer.from([number])]), 128);
  const bit = (place) => (bytes[place >> 3] >> (place & 7)) & 1;
  return Array.from({ length: 256 }, (_, i) => (bit(4 * i) + bit(4 * i + 1) - bit(4 * i + 2) - bit(4 * i + 3) + Q) % Q);
}

function compressed(polynomial, bits) {
  const out = Buffer.alloc(32 * bits);
  polynomial.forEach((value, i) => {
    const small = Math.floor((value * 2 ** bits + (Q - 1) / 2) / Q) % 2 ** bits;
    for (let b = 0; b < bits; b++) {
      const place = i * bits + b;
      out[place >> 3] |= ((small >> b) & 1) << (place & 7);
    }
  });
  return out;
}

function encapsulate(publicBytes) {
  const vector = Array.from({ length: K }, (_, i) => decode12(publicBytes.subarray(384 * i, 384 * (i + 1))));
  if (vector.flat().some((value) => value >= Q)) throw new Error("not an ML-KEM key");
  const seed = publicBytes.subarray(384 * K);
  const message = crypto.randomBytes(32);
  const both = hash("sha3-512", Buffer.concat([message, hash("sha3-256", publicBytes)]));
  const [secret, randomness] = [both.subarray(0, 32), both.subarray(32)];
  const noise = Array.from({ length: 2 * K + 1 }, (_, number) => sampleNoise(randomness, number));
  const y = noise.slice(0, K).map(ntt);
  const sum = (parts) => inverseNtt(parts.reduce(add));
  const u = Array.from({ length: K }, (_, i) =>
    add(sum(y.map((one, j) => multiply(sampleNtt(seed, i, j), one))), noise[K + i]),
  );
  const bits = Array.from({ length: 256 }, (_, i) => ((message[i >> 3] >> (i & 7)) & 1) * 1665);
  const v = add(add(sum(y.map((one, i) => multiply(vector[i], one))), noise[2 * K]), bits);
  return { secret, ciphertext: Buffer.concat([...u.map((one) => compressed(one, 10)), compressed(v, 4)]) };
}

// --- X25519 and X-Wing ---

const rawPublic = (key) => Buffer.from(key.export({ format: "jwk" }).x, "base64url");
const publicKey = (raw) =>
  crypto.createPublicKey({ key: { kty: "OKP", crv: "X25519", x: raw.toString("base64url") }, format: "jwk" });

function encapsulateXWing(publicBytes) {
  const [kem, curve] = [publicBytes.subarray(0, 1184), publicBytes.subarray(1184)];
  const lattice = encapsulate(kem);
  const own = crypto.generateKeyPairSync("x25519");
  const shared = crypto.diffieHellman({ privateKey: own.privateKey, publicKey: publicKey(curve) });
  const sent = rawPublic(own.publicKey);
  const label = Buffer.from("5c2e2f2f5e5c", "hex");
  const secret = hash("sha3-256", Buffer.concat([lattice.secret, shared, sent, curve, label]));
  return { secret, enc: Buffer.concat([lattice.ciphertext, sent]) };
}

// --- HPKE ---

const two = (number) => Buffer.from([number >> 8, number & 255]);
const hmac = (key, data) => crypto.createHmac("sha256", key).update(data).digest();
const EMPTY = Buffer.alloc(0);

const labelled = (suite) => ({
  extract: (salt, label, input) =>
    hmac(salt.length ? salt : Buffer.alloc(32), Buffer.concat([Buffer.from("HPKE-v1"), suite, Buffer.from(label), input])),
  expand: (secret, label, info, length) => {
    const told = Buffer.concat([two(length), Buffer.from("HPKE-v1"), suite, Buffer.from(label), info]);
    return hmac(secret, Buffer.concat([told, Buffer.from([1])])).subarray(0, length);
  },
});

function keySchedule(kem, secret, info) {
  const { extract, expand } = labelled(Buffer.concat([Buffer.from("HPKE"), two(kem), two(1), two(2)]));
  const hashes = [extract(EMPTY, "psk_id_hash", EMPTY), extract(EMPTY, "info_hash", info)];
  const context = Buffer.concat([Buffer.from([0]), ...hashes]);
  const root = extract(secret, "secret", EMPTY);
  return { key: expand(root, "key", context, 32), nonce: expand(root, "base_nonce", context, 12) };
}

export function sealXWing(publicBytes, info, plaintext) {
  const { secret, enc } = encapsulateXWing(publicBytes);
  const { key, nonce } = keySchedule(0x647a, secret, info);
  const cipher = crypto.createCipheriv("aes-256-gcm", key, nonce);
  return Buffer.concat([enc, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

export function sealX25519(publicBytes, info, plaintext) {
  const own = crypto.generateKeyPairSync("x25519");
  const enc = rawPublic(own.publicKey);
  const shared = crypto.diffieHellman({ privateKey: own.privateKey, publicKey: publicKey(publicBytes) });
  const { key, nonce } = keySchedule(0x0020, dhkem(shared, enc, publicBytes), info);
  const cipher = crypto.createCipheriv("aes-256-gcm", key, nonce);
  return Buffer.concat([enc, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

export function openX25519(privateKey, info, sealed) {
  const [enc, body, tag] = [sealed.subarray(0, 32), sealed.subarray(32, -16), sealed.subarray(-16)];
  const shared = crypto.diffieHellman({ privateKey, publicKey: publicKey(enc) });
  const own = rawPublic(crypto.createPublicKey(privateKey));
  const { key, nonce } = keySchedule(0x0020, dhkem(shared, enc, own), info);
  const cipher = crypto.createDecipheriv("aes-256-gcm", key, nonce).setAuthTag(tag);
  return Buffer.concat([cipher.update(body), cipher.final()]);
}

function dhkem(shared, enc, recipient) {
  const { extract, expand } = labelled(Buffer.concat([Buffer.from("KEM"), two(0x0020)]));
  return expand(extract(EMPTY, "eae_prk", shared), "shared_secret", Buffer.concat([enc, recipient]), 32);
}
