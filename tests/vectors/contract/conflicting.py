"""Packages that meet a chain: the same again, contradictions, and a gap (section 6 of the contract's page)."""

import json
from typing import Any

import rfc8785

from tests.vectors.contract.drawn_keys import Record, Signing, digest
from tests.vectors.contract.parties import DEVICE, GENESIS


def dispatch_of(envelope: Record, seq: int, prev: str, **changed: Any) -> Record:
    """A dispatch record."""
    record = {
        "schema": "comptoir/dispatch/v1",
        "claim_id": envelope["claim_id"],
        "insurer": envelope["insurer"],
        "device": DEVICE.kid,
        "seq": seq,
        "prev": prev,
        "envelope": digest(rfc8785.dumps(envelope)),
    }
    return {**record, **changed}


def packed(envelope: Record, dispatch: Record, signer: Signing = DEVICE, typ: str = "comptoir-dispatch+jws") -> Record:
    """A package as a record."""
    return {"dispatch": signer.jws(typ, rfc8785.dumps(dispatch)), "envelope": envelope}


def conflicts(links: list[Record], other: Record, fresh: Record) -> list[Record]:
    """Each with the numbers of `links` that are stored before, the status, and on 409 the code and both digests.

    `other` is another envelope of the first claim, `fresh` one of a claim that nobody has.
    """
    first = json.loads(links[0]["package"])["envelope"]
    head, nowhere = links[-1]["dispatch_digest"], "1" * 64
    second: Record = json.loads(links[1]["dispatch"])

    def met(name: str, there: list[int], envelope: Record, seq: int, prev: str, **said: Any) -> Record:
        package = packed(envelope, dispatch_of(envelope, seq, prev))
        own = digest(package["dispatch"].encode("ascii"))
        said = {member: own if value == "own" else value for member, value in said.items()}
        return {"name": name, "stored_seqs": there, "package": rfc8785.dumps(package).decode(), **said}

    fork: Record = {"status": 409, "code": "fork"}
    conflict: Record = {"status": 409, "code": "digest_conflict"}
    envelopes = {"stored": digest(rfc8785.dumps(first)), "received": digest(rfc8785.dumps(other))}
    one, two = links[0]["dispatch_digest"], links[1]["dispatch_digest"]
    known = {"name": "the same bytes again", "stored_seqs": [1, 2, 3], "package": links[1]["package"], "status": 200}
    return [
        known,
        met("another envelope under a stored id", [1, 2, 3], other, 4, head, **conflict, **envelopes),
        met("a stored envelope numbered anew", [1, 2, 3], first, 4, head, **fork, stored=one, received="own"),
        met("a number that is taken", [1, 2, 3], fresh, 2, one, **fork, stored=two, received="own"),
        met("another predecessor", [1, 2, 3], fresh, 4, nowhere, **fork, stored=head, received=nowhere),
        met("a first one with a predecessor", [], fresh, 1, nowhere, **fork, stored=GENESIS, received=nowhere),
        met("a successor that says otherwise", [2], fresh, 1, GENESIS, **fork, stored=second["prev"], received="own"),
        met("after a gap", [1, 2, 3], fresh, 9, nowhere, status=201),
    ]
