"""Sealing: round trips, the second path by hand, and the padding."""

import hashlib
import hmac
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from sync.contract.envelope import Suite
from sync.crypto import OpeningKey, SealingKey
from sync.crypto.sealing import BUCKETS, X25519, XWING, pad, unpad
from sync.errors import ContractError, KeyInvalid, SealInvalid

VECTOR = json.loads(Path(__file__).with_name("xwing_vector.json").read_text(encoding="ascii"))
SUITES: tuple[Suite, ...] = (XWING, X25519)
KEYS = {suite: OpeningKey.from_seed(bytes.fromhex(VECTOR["seed"]), suite) for suite in SUITES}


def xwing_secret(seed: bytes, enc: bytes) -> bytes:
    """X-Wing decapsulation from its two parts, as the draft writes it."""
    material = hashlib.shake_256(seed).digest(96)
    curve = X25519PrivateKey.from_private_bytes(material[64:])
    first = MLKEM768PrivateKey.from_seed_bytes(material[:64]).decapsulate(enc[:1088])
    second = curve.exchange(X25519PublicKey.from_public_bytes(enc[1088:]))
    label = bytes.fromhex("5c2e2f2f5e5c")
    return hashlib.sha3_256(first + second + enc[1088:] + curve.public_key().public_bytes_raw() + label).digest()


def key_and_nonce(secret: bytes, info: bytes) -> tuple[bytes, bytes]:
    """The key schedule of RFC 9180 §5.1 in base mode, for X-Wing (0x647a), HKDF-SHA256, AES-256-GCM."""
    suite = b"HPKE" + bytes.fromhex("647a 0001 0002")

    def extract(salt: bytes, label: bytes, material: bytes) -> bytes:
        return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + material, "sha256")

    def expand(prk: bytes, label: bytes, context: bytes, length: int) -> bytes:
        text = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + context
        return hmac.digest(prk, text + b"\x01", "sha256")[:length]

    context = b"\x00" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    prk = extract(secret, b"secret", b"")
    return expand(prk, b"key", context, 32), expand(prk, b"base_nonce", context, 12)


@pytest.mark.parametrize("suite", SUITES)
@given(plaintext=st.binary(max_size=3000), info=st.binary(max_size=200))
def test_what_was_sealed_is_what_opens(suite: Suite, plaintext: bytes, info: bytes) -> None:
    """Sealing and opening give back the text under the same context."""
    assert KEYS[suite].open(KEYS[suite].public.seal(plaintext, info), info) == plaintext


@pytest.mark.parametrize("suite", SUITES)
@given(data=st.data())
def test_any_flipped_bit_is_refused(suite: Suite, data: st.DataObject) -> None:
    """A sealed text with one other bit does not open."""
    sealed = bytearray(KEYS[suite].public.seal(b"claim", b"context"))
    place = data.draw(st.integers(0, len(sealed) - 1))
    if suite == X25519 and place == 31:
        sealed[place] ^= 0x40  # the highest bit of an X25519 point is ignored by the curve (RFC 7748 §5), not by HPKE
    else:
        sealed[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SealInvalid):
        KEYS[suite].open(bytes(sealed), b"context")


@pytest.mark.parametrize("suite", SUITES)
def test_another_context_key_or_length_is_refused(suite: Suite) -> None:
    """Another `info`, another key, a cut text and no text at all are SealInvalid."""
    sealed = KEYS[suite].public.seal(b"claim", b"context")
    for key, text, info in (
        (KEYS[suite], sealed, b"other"),
        (OpeningKey.generate(suite), sealed, b"context"),
        (KEYS[suite], sealed[:-1], b"context"),
        (KEYS[suite], sealed + b"\x00", b"context"),
        (KEYS[suite], b"", b"context"),
    ):
        with pytest.raises(SealInvalid):
            key.open(text, info)


def test_the_published_vector_gives_its_public_key_and_secret() -> None:
    """The seed expands to the published key, and its parts decapsulate to the published secret."""
    seed = bytes.fromhex(VECTOR["seed"])
    assert KEYS[XWING].public.public.hex() == VECTOR["public"]
    assert xwing_secret(seed, bytes.fromhex(VECTOR["ciphertext"])).hex() == VECTOR["shared_secret"]


def test_a_text_sealed_by_hand_to_the_published_vector_opens() -> None:
    """HPKE built from its RFC around the published encapsulation opens with our key: two paths, one result."""
    key, nonce = key_and_nonce(bytes.fromhex(VECTOR["shared_secret"]), b"context")
    sealed = bytes.fromhex(VECTOR["ciphertext"]) + AESGCM(key).encrypt(nonce, b"claim", b"")
    assert KEYS[XWING].open(sealed, b"context") == b"claim"


def test_what_we_seal_opens_by_hand() -> None:
    """A text of ours opens with ML-KEM, X25519, HKDF and AES-GCM alone."""
    sealed = KEYS[XWING].public.seal(b"claim", b"context")
    key, nonce = key_and_nonce(xwing_secret(KEYS[XWING].seed, sealed[:1120]), b"context")
    assert AESGCM(key).decrypt(nonce, sealed[1120:], b"") == b"claim"


@pytest.mark.parametrize("suite", SUITES)
def test_keys_survive_their_storage(suite: Suite) -> None:
    """Seed and public bytes give back the same keys, named by their digest."""
    key = OpeningKey.generate(suite)
    again = SealingKey(suite, key.public.public)
    assert OpeningKey.from_seed(key.seed, suite).public == again
    assert len({key.public, again}) == 1
    assert again.kid == key.public.kid
    assert len(again.kid) == 43
    assert again != KEYS[suite].public


@pytest.mark.parametrize(("suite", "public"), [(XWING, bytes(1215)), (XWING, b"\xff" * 1216), (X25519, bytes(31))])
def test_what_is_no_public_key_is_refused(suite: Suite, public: bytes) -> None:
    """A wrong length, or lattice coefficients out of range, are KeyInvalid."""
    with pytest.raises(KeyInvalid):
        SealingKey(suite, public)


def test_unknown_suites_and_short_seeds_are_refused() -> None:
    """Nothing but the two suites and 32 bytes makes a key."""
    unknown: Suite = "rot13"  # type: ignore[assignment]  # what a peer might send
    with pytest.raises(KeyInvalid):
        SealingKey(unknown, bytes(32))
    with pytest.raises(KeyInvalid):
        OpeningKey(bytes(32), unknown)
    with pytest.raises(KeyInvalid):
        OpeningKey(bytes(31), XWING)


def test_a_seed_is_never_shown() -> None:
    """No representation of an opening key holds its seed."""
    assert VECTOR["seed"][:16] not in repr(KEYS[XWING]) + str(KEYS[X25519])


@given(st.binary(max_size=8191))
def test_padding_is_undone(data: bytes) -> None:
    """Padding fills the smallest bucket that holds the data, and unpadding gives the data back."""
    padded, bucket = pad(data)
    assert len(padded) == bucket == min(size for size in BUCKETS if size > len(data))
    assert unpad(padded) == data


def test_what_fits_no_bucket_is_refused() -> None:
    """8191 bytes are the most; one more is a named error with the limit."""
    with pytest.raises(ContractError) as caught:
        pad(bytes(8192))
    assert caught.value.facts == {"limit": 8191}


@pytest.mark.parametrize(
    "padded",
    [b"", bytes(1024), b"x" * 1024, pad(b"a")[0][:-1], pad(b"a")[0][:-1] + b"\x01", pad(b"a")[0] + bytes(1024)],
)
def test_other_paddings_are_refused(padded: bytes) -> None:
    """No mark, a foreign byte, a length that is no bucket, or a bucket that is too large: ContractError."""
    with pytest.raises(ContractError):
        unpad(padded)
