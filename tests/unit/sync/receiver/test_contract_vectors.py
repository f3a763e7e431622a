"""The contract's test vectors: made anew they are the same, and the product reads each as the page says."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from sync.contract.activation import ActivationCode
from sync.contract.enrolment import PSEUDONYM_INFO, EnrolmentRequest, proves
from sync.contract.envelope import (
    DISPATCH_TYP,
    KEYS_TYP,
    RECEIPT_TYP,
    REFUSAL_TYP,
    STATE_TYP,
    ChainState,
    ClaimRefusal,
    Dispatch,
    Package,
    Receipt,
    decode,
    digest,
    encode,
)
from sync.contract.keys import KeySet
from sync.crypto import base64url
from sync.crypto.claims import open_claim
from sync.crypto.commitments import pseudonym
from sync.crypto.events import open_event, read_event
from sync.crypto.httpsig import Request, verify_request
from sync.crypto.sealing import OpeningKey
from sync.crypto.signing import SigningKey
from sync.receiver.folder import InsurerSettings
from sync.receiver.packages import Door, check_package
from sync.receiver.refusal import Refusal
from tests.vectors.contract import generate, parties

FILES: dict[str, Any] = {path.stem: json.loads(path.read_text("utf-8")) for path in generate.FOLDER.glob("*.json")}
KEYS = FILES["keys"]
DEVICE = SigningKey.from_bytes(bytes.fromhex(KEYS["device"]["private_scalar_hex"]))
INSURER = SigningKey.from_bytes(bytes.fromhex(KEYS["insurer"]["private_scalar_hex"]))
OPENERS = {
    one["suite"]: OpeningKey.from_seed(bytes.fromhex(one["private_seed_hex"]), one["suite"]) for one in KEYS["openers"]
}
SHOP_KEY = OpeningKey.from_seed(bytes.fromhex(KEYS["shop"]["private_seed_hex"]), KEYS["shop"]["suite"])
SETTINGS = InsurerSettings(
    amc=parties.INSURER, name="x", convention=parties.CONVENTION, endpoint=parties.ORIGIN, hosting="x"
)
DOOR = Door(SETTINGS, frozenset(key.public.kid for key in OPENERS.values()))


def test_the_generator_makes_the_same_bytes() -> None:
    """Every file is what the generator makes now, and no other file is there."""
    made = {name: generate.written(value) for name, value in generate.vectors().items()}
    kept = {path.stem: path.read_text("utf-8") for path in generate.FOLDER.glob("*.json")}
    assert made == kept


def test_keys_have_the_ids_of_their_bytes() -> None:
    """Ids and public bytes follow from the private keys, and the key set is signed and names them."""
    assert (DEVICE.kid, DEVICE.public.jwk) == (KEYS["device"]["kid"], KEYS["device"]["jwk"])
    for one in (*KEYS["openers"], KEYS["shop"]):
        key = OpeningKey.from_seed(bytes.fromhex(one["private_seed_hex"]), one["suite"]).public
        assert (key.kid, base64url.to_text(key.public)) == (one["kid"], one["public"])
    found = decode(INSURER.public.verify(KEYS_TYP, KEYS["key_set_jws"]), KeySet)
    assert {one.kid for one in found.sealing} == DOOR.recipients


@pytest.mark.parametrize("vector", FILES["envelopes"], ids=lambda one: one["suite"][:6])
def test_envelopes_open(vector: dict[str, str]) -> None:
    """Both suites: digest, seal, padding and signature hold, and the claim is the one that was written."""
    envelope = vector["envelope"].encode()
    opened = open_claim(envelope, OPENERS[vector["suite"]], DEVICE.public)
    assert digest(envelope) == vector["digest"]
    assert (opened.signed.decode(), encode(opened.message).decode()) == (vector["signed"], vector["claim"])


def test_every_bucket_but_the_largest_is_there() -> None:
    """The envelopes have several sizes."""
    assert len({json.loads(vector["envelope"])["bucket"] for vector in FILES["envelopes"]}) >= 2


def test_the_chain_holds() -> None:
    """Each package passes the intake's door, each dispatch continues the one before, each receipt is its own."""
    prev = parties.GENESIS
    for seq, link in enumerate(FILES["chain"]["links"], 1):
        checked = check_package(link["package"].encode(), DOOR, DEVICE.public)
        receipt = decode(INSURER.public.verify(RECEIPT_TYP, link["receipt_jws"]), Receipt)
        assert (checked.dispatch.seq, checked.dispatch.prev) == (seq, prev)
        prev = checked.dispatch_digest
        assert (receipt.claim_id, receipt.seq, receipt.dispatch) == (checked.dispatch.claim_id, seq, prev)
        assert receipt.envelope == checked.dispatch.envelope
        assert encode(receipt).decode() == link["receipt"]
    state = decode(INSURER.public.verify(STATE_TYP, FILES["chain"]["state_jws"]), ChainState)
    assert (state.seq, state.head) == (3, prev)


@pytest.mark.parametrize("vector", FILES["tampered"], ids=lambda one: one["name"])
def test_what_was_tampered_with_is_refused(vector: dict[str, str]) -> None:
    """The door gives the vector's code; its refusal verifies over exactly these bytes."""
    raw = vector["package"].encode()
    with pytest.raises(Refusal) as caught:
        check_package(raw, DOOR, DEVICE.public)
    assert caught.value.problem.code == vector["code"]
    if "refusal_jws" in vector:
        said = decode(INSURER.public.verify(REFUSAL_TYP, vector["refusal_jws"]), ClaimRefusal)
        package = decode(raw, Package)
        assert (said.code, said.envelope) == (vector["code"], digest(encode(package.envelope)))
        assert said.dispatch == digest(package.dispatch.encode())


def test_the_event_opens() -> None:
    """Signed by the insurer, sealed to the shop, and inside the document request that was written."""
    vector = FILES["event"]
    event = read_event(vector["event_jws"], [INSURER.public])
    opened = open_event(event, SHOP_KEY, [INSURER.public])
    assert vector["request"].encode() in (encode(value) for value in _parts(opened))


def _parts(opened: object) -> list[msgspec.Struct]:
    """The record, wherever the reader puts it."""
    found = [opened, *(getattr(opened, name, None) for name in getattr(opened, "__dataclass_fields__", ()))]
    return [one for one in found if isinstance(one, msgspec.Struct)]


def test_the_enrolment_is_proved() -> None:
    """The printed code is the symbols, the proof is made with it, and the pseudonym key opens to the pseudonym."""
    vector = FILES["enrolment"]
    code = ActivationCode.parse(vector["code_printed"])
    assert code.symbols == vector["code_symbols"]
    assert proves(decode(vector["request"].encode(), EnrolmentRequest), code)
    key = SHOP_KEY.open(base64url.to_bytes(vector["pseudonym_key"]), PSEUDONYM_INFO)
    assert (key.hex(), pseudonym(key, vector["nir13"])) == (vector["pseudonym_key_hex"], vector["pseudonym"])


def test_the_request_verifies() -> None:
    """The signed PUT is one of the contract at its instant."""
    vector = FILES["request"]
    asked = Request(vector["method"], vector["target"], vector["fields"], vector["body"].encode())
    now = datetime.fromtimestamp(1795348800, UTC)
    assert verify_request(asked, {DEVICE.kid: DEVICE.public}.get, now, lambda _kid, _nonce: False) == DEVICE.kid


def test_dispatches_are_signed() -> None:
    """Every dispatch text verifies to the record beside it."""
    for link in FILES["chain"]["links"]:
        jws = json.loads(link["package"])["dispatch"]
        assert encode(decode(DEVICE.public.verify(DISPATCH_TYP, jws), Dispatch)).decode() == link["dispatch"]
