"""The contract's vectors of conflicts, events and the log: the product says of each what the vector says."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from sqlalchemy import insert

from sync.contract.envelope import digest, encode
from sync.contract.events import Event
from sync.crypto.events import Place, open_event, read_event
from sync.crypto.tlog import (
    Checkpoint,
    NoteKey,
    Quorum,
    checkpoint_in,
    leaf_hash,
    read_note,
    verify_consistency,
)
from sync.crypto.tlog.proof import Policy, verify_proof, verify_quorums
from sync.errors import ContractError, ProofInvalid, SealInvalid, SignatureInvalid, SyncError
from sync.receiver.chain import Filing
from sync.receiver.db import Ledger, terminals
from sync.receiver.packages import check_package
from sync.receiver.refusal import Refusal
from tests.unit.sync.receiver.test_contract_vectors import DEVICE, DOOR, FILES, INSURER, SHOP_KEY

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
EVENTS, LOG = FILES["events"], FILES["log"]


def stored(ledger: Ledger, seqs: list[int]) -> None:
    """The terminal of the vectors is enrolled, and these of its packages are stored."""
    row = {"device": DEVICE.kid, "shop": "759999991", "signing_jwk": "{}", "sealing": "{}", "enrolled_at": 0}
    ledger.write(lambda connection: connection.execute(insert(terminals).values(row)))
    for seq in seqs:
        file(ledger, FILES["chain"]["links"][seq - 1]["package"])


def file(ledger: Ledger, package: str) -> bool:
    """Whether the package had been stored before; Refusal."""
    checked = check_package(package.encode(), DOOR, DEVICE.public)

    def once(connection: Any) -> bool:
        filing = Filing(connection, DEVICE.kid, [checked], INSURER, NOW)
        known = filing.file(checked).known
        filing.store()
        return known

    return ledger.write(once)


@pytest.mark.parametrize("vector", FILES["conflicts"], ids=lambda one: one["name"])
def test_a_package_meets_a_chain(ledger: Ledger, vector: dict[str, Any]) -> None:
    """Status, code and both digests of each situation of the page's table are the vector's."""
    stored(ledger, vector["stored_seqs"])
    if vector["status"] != 409:
        assert file(ledger, vector["package"]) == (vector["status"] == 200)
        return
    with pytest.raises(Refusal) as caught:
        file(ledger, vector["package"])
    found = caught.value.problem
    said = {"code": found.code, "status": found.status, "stored": found.stored, "received": found.received}
    assert said == {name: vector[name] for name in said}


def continues(event: Event, place: Place) -> bool:
    """Whether an event has this place."""
    return Place(event.insurer, event.device, event.seq, event.prev) == place


def test_outcomes_and_payments_open() -> None:
    """Each event continues the one before, and holds the outcome or payment that was written."""
    prev = digest(FILES["event"]["event_jws"].encode())
    for seq, link in enumerate(EVENTS["links"], 2):
        event = read_event(link["event_jws"], [INSURER.public])
        assert continues(event, Place("99999997", DEVICE.kid, seq, prev))
        opened = open_event(event, SHOP_KEY, [INSURER.public])
        assert (encode(opened.said).decode(), opened.signed) == (link["record"], link["signed"])
        prev = digest(link["event_jws"].encode())
        assert prev == link["event_digest"]


FAILS: dict[str, type[SyncError] | tuple[type[SyncError], ...]] = {
    "signature": SignatureInvalid,
    "form": ContractError,
    "seal": (SealInvalid, ContractError),
    "padding": ContractError,
    "inner signature": SignatureInvalid,
    "inner form": ContractError,
}


@pytest.mark.parametrize("vector", EVENTS["tampered"], ids=lambda one: one["name"])
def test_an_event_that_was_tampered_with_fails(vector: dict[str, str]) -> None:
    """Outside the signature, the form or the place; inside the seal, the padding, the signature or the form."""
    if vector["fails"] in ("signature", "form"):
        with pytest.raises(FAILS[vector["fails"]]):
            read_event(vector["event_jws"], [INSURER.public])
        return
    event = read_event(vector["event_jws"], [INSURER.public])
    place = Place("99999997", DEVICE.kid, 2, digest(FILES["event"]["event_jws"].encode()))
    assert continues(event, place) == (vector["fails"] != "place")
    if vector["fails"] != "place":
        with pytest.raises(FAILS[vector["fails"]]):
            open_event(event, SHOP_KEY, [INSURER.public])


WITNESSES = tuple(NoteKey.parse(one["vkey"]) for one in LOG["witnesses"])
POLICY = Policy(NoteKey.parse(LOG["log"]["vkey"]), (Quorum(WITNESSES, LOG["quorum"]),))


def test_proofs_of_the_log_hold() -> None:
    """Every entry is shown to be in the tree of the checkpoint, which the log signed and witnesses cosigned."""
    verify_quorums(LOG["checkpoint"], POLICY)
    shown = {verify_proof(bytes.fromhex(one["entry"]), one["proof"], POLICY) for one in LOG["proofs"]}
    assert shown == {checkpoint_in(read_note(LOG["checkpoint"]).text)}
    assert [one["entry"] for one in LOG["proofs"]] == LOG["entries"]
    assert [one["digest"] for one in FILES["envelopes"][:3]] == LOG["entries"][:3]
    tile = b"".join(leaf_hash(bytes.fromhex(one)) for one in LOG["entries"])
    assert LOG["tiles"]["tile/0/000.p/7"] == tile.hex()


@pytest.mark.parametrize("vector", LOG["tampered"], ids=lambda one: one["name"])
def test_a_proof_that_was_tampered_with_does_not_count(vector: dict[str, str]) -> None:
    """The code is the vector's."""
    with pytest.raises(SyncError) as caught:
        verify_proof(bytes.fromhex(vector["entry"]), vector["proof"], POLICY)
    assert caught.value.code == vector["code"]


def test_earlier_trees_are_continued() -> None:
    """From every smaller size a path leads to the checkpoint, and with a step spoilt it does not."""
    last = checkpoint_in(read_note(LOG["checkpoint"]).text)
    for one in LOG["consistency"]:
        path = [bytes.fromhex(step) for step in one["path"]]
        verify_consistency(one["old"], bytes.fromhex(one["root_hex"]), last.size, last.root, path)
        if path:
            with pytest.raises(ProofInvalid):
                verify_consistency(one["old"], bytes.fromhex(one["root_hex"]), last.size, last.root, path[::-1] + path)


def test_what_comes_later_continues_nothing() -> None:
    """Both are signed and cosigned; one is smaller, the other of the same size and another root."""
    last = checkpoint_in(read_note(LOG["checkpoint"]).text)

    def found(text: str) -> Checkpoint:
        verify_quorums(text, POLICY)
        return checkpoint_in(read_note(text).text)

    for one in LOG["later"]:
        later = found(one["checkpoint"])
        assert (later.size < last.size) == (one["code"] == "log_shrunk")
        assert (later.size == last.size and later.root != last.root) == (one["code"] == "log_forked")


def test_vectors_are_of_the_parties_they_name() -> None:
    """The file of the parties says what the records say."""
    claim = json.loads(FILES["envelopes"][0]["claim"])
    assert {name: claim[name] for name in ("insurer", "convention", "shop")} == {
        name: FILES["parties"][name] for name in ("insurer", "convention", "shop")
    }
    assert FILES["request"]["target"].startswith(FILES["parties"]["endpoint"])
    assert msgspec.json.decode(FILES["chain"]["links"][-1]["dispatch"])["journal"]["count"] == 7
