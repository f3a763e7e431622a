"""One record, one spelling: our encoder agrees with an independent RFC 8785, and every other spelling is refused."""

import json
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from sync.contract.enrolment import EnrolmentOffer, EnrolmentRequest
from sync.contract.envelope import (
    ChainState,
    ClaimRefusal,
    Dispatch,
    Envelope,
    Header,
    Package,
    Receipt,
    decode,
    encode,
)
from sync.contract.exchange import split_batch
from sync.contract.keys import KeySet
from sync.contract.message import ClaimMessage, decode_message, encode_message
from sync.contract.profile import Profile
from sync.errors import ContractError
from tests.unit.sync.contract.records import CLAIM_ID, DIGEST, INSURER, KID, MESSAGE, ROUTING

HEADER = {
    "v": st.just(1),
    "claim_id": CLAIM_ID,
    "insurer": INSURER,
    "convention": ROUTING,
    "device": KID,
    "recipient": KID,
    "suite": st.sampled_from(["xwing-hkdfsha256-aes256gcm", "x25519-hkdfsha256-aes256gcm"]),
    "bucket": st.sampled_from([1024, 2048, 4096, 8192]),
    "sealed": st.text("aZ09-_", min_size=1, max_size=50),
}
ENVELOPE = st.fixed_dictionaries(HEADER, optional={"csr": ROUTING}).map(lambda plain: msgspec.convert(plain, Envelope))
STATE = st.fixed_dictionaries(
    {
        "schema": st.just("comptoir/state/v1"),
        "insurer": INSURER,
        "device": KID,
        "seq": st.integers(0, 2**53 - 1),
        "head": DIGEST,
    },
    optional={"missing": st.lists(st.integers(1, 2**53 - 1), min_size=1, max_size=5)},
).map(lambda plain: msgspec.convert(plain, ChainState))


@given(MESSAGE)
def test_claims_are_canonical(message: ClaimMessage) -> None:
    """The bytes of a claim are those of an independent RFC 8785 library."""
    assert encode_message(message) == rfc8785.dumps(msgspec.to_builtins(message))


@given(st.one_of(ENVELOPE, STATE))
def test_records_are_canonical(record: msgspec.Struct) -> None:
    """The bytes of envelopes and states are those of an independent RFC 8785 library, and come back as they were."""
    encoded = encode(record)
    assert encoded == rfc8785.dumps(msgspec.to_builtins(record))
    assert decode(encoded, type(record)) == record


@given(ENVELOPE)
def test_a_header_is_the_envelope_without_its_seal(envelope: Envelope) -> None:
    """What is bound into the seal is all of the envelope but the sealed text."""
    plain = json.loads(encode(envelope))
    del plain["sealed"]
    assert json.loads(encode(envelope.header())) == plain
    assert type(envelope.header()) is Header


@given(message=MESSAGE, data=st.data())
def test_any_other_spelling_is_refused(message: ClaimMessage, data: st.DataObject) -> None:
    """Spaces, another order, a repeated member or a null make the same meaning another text, which is refused."""
    encoded = encode_message(message)
    plain: dict[str, Any] = json.loads(encoded)
    spoilt = data.draw(
        st.sampled_from(
            [
                json.dumps(plain, sort_keys=True).encode(),
                json.dumps(dict(reversed(plain.items())), separators=(",", ":"), ensure_ascii=False).encode(),
                encoded[:-1] + b',"tables":' + msgspec.json.encode(plain["tables"], order="sorted") + b"}",
                msgspec.json.encode({**plain, "supersedes": None}, order="sorted"),
                encoded + b"\n",
                b"\xef\xbb\xbf" + encoded,
            ]
        )
    )
    with pytest.raises(ContractError):
        decode_message(spoilt)


@pytest.mark.parametrize(
    "kind",
    [
        ClaimMessage,
        Envelope,
        Dispatch,
        Package,
        Receipt,
        ClaimRefusal,
        ChainState,
        KeySet,
        Profile,
        EnrolmentOffer,
        EnrolmentRequest,
    ],
)
def test_what_is_signed_is_strict(kind: type[msgspec.Struct]) -> None:
    """Records that are signed, sealed or sent by a terminal cannot be changed and refuse unknown members."""
    config = kind.__struct_config__
    assert config.frozen
    assert config.forbid_unknown_fields


@given(st.binary(max_size=300))
@example(b'{"schema":"\xff"}')
@example(b"[" * 5000)
def test_any_bytes_end_in_a_record_or_a_contract_error(payload: bytes) -> None:
    """Whatever a peer sends as a claim, a record or a batch, no other exception comes out."""
    for read in (decode_message, partial(decode, kind=Package), split_batch):
        with suppress(ContractError):
            read(payload)
