// What the independent receiver holds: one chain a terminal, one claim an id, in memory and in a file.
import fs from "node:fs";
import { digest } from "./records.mjs";

const ZEROS = "0".repeat(64);

export class Refused extends Error {
  constructor(code, members = {}) {
    super(code);
    this.code = code;
    this.members = members;
  }
}

export class Chains {
  constructor(file) {
    this.claims = new Map();
    this.file = fs.openSync(file, "a");
  }

  // The receipt of these very bytes of this terminal, when they were stored before.
  stored(terminal, raw, claimId) {
    const known = this.claims.get(claimId);
    return known && known.terminal === terminal && known.raw.equals(raw) ? known.receipt : null;
  }

  // The place of a package in its chain, or Refused (409): the table of README.md §6, in its order.
  judge(terminal, one) {
    const { dispatch } = one;
    const known = this.claims.get(dispatch.claim_id);
    if (known && known.terminal !== terminal) throw new Refused("digest_conflict", { received: dispatch.envelope });
    if (known && known.dispatch.envelope !== dispatch.envelope) {
      throw new Refused("digest_conflict", { stored: known.dispatch.envelope, received: dispatch.envelope });
    }
    if (known) throw new Refused("fork", { stored: known.own, received: one.own });
    const [before, taken, after] = [-1, 0, 1].map((step) => terminal.chain.get(dispatch.seq + step));
    if (taken) throw new Refused("fork", { stored: taken.own, received: one.own });
    const prev = dispatch.seq === 1 ? ZEROS : before?.own;
    if (prev && prev !== dispatch.prev) throw new Refused("fork", { stored: prev, received: dispatch.prev });
    if (after && after.dispatch.prev !== one.own) throw new Refused("fork", { stored: after.dispatch.prev, received: one.own });
  }

  keep(terminal, one, receipt) {
    const entry = { ...one, terminal, receipt };
    this.claims.set(one.dispatch.claim_id, entry);
    terminal.chain.set(one.dispatch.seq, entry);
    const { jwk, shop } = terminal;
    fs.writeSync(this.file, `${JSON.stringify({ terminal: { jwk, shop }, envelope: one.envelope })}\n`);
  }

  flush() {
    fs.fsyncSync(this.file);
  }

  state(terminal) {
    let seq = 0;
    while (terminal.chain.has(seq + 1)) seq++;
    const highest = Math.max(seq, ...terminal.chain.keys());
    const missing = [];
    for (let number = seq + 1; number < highest && missing.length < 1000; number++) {
      if (!terminal.chain.has(number)) missing.push(number);
    }
    return { seq, head: terminal.chain.get(seq)?.own ?? ZEROS, ...(missing.length ? { missing } : {}) };
  }

  receipts(terminal, after) {
    const numbers = [...terminal.chain.keys()].filter((number) => number > after).sort((a, b) => a - b);
    return numbers.slice(0, 200).map((number) => terminal.chain.get(number).receipt);
  }
}

export const dispatchDigest = (text) => digest(Buffer.from(text));
