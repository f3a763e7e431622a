"""Secrets at rest: AES-GCM with its context, and derived keys."""

import hmac

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from sync.crypto.symmetric import decrypt, derive, encrypt
from sync.errors import KeyInvalid, SealInvalid

KEY = bytes(range(32))


@given(st.binary(max_size=500), st.binary(max_size=50))
def test_what_was_encrypted_is_what_decrypts(plaintext: bytes, aad: bytes) -> None:
    """The text comes back under its key and context, and the form is nonce, ciphertext, tag."""
    sealed = encrypt(KEY, plaintext, aad)
    assert decrypt(KEY, sealed, aad) == plaintext
    assert AESGCM(KEY).decrypt(sealed[:12], sealed[12:], aad) == plaintext


@given(st.integers(0, 32), st.integers(0, 7))
def test_any_flipped_bit_is_refused(place: int, bit: int) -> None:
    """Nonce, ciphertext and tag are all protected."""
    sealed = bytearray(encrypt(KEY, b"claim", b"context"))
    sealed[place] ^= 1 << bit
    with pytest.raises(SealInvalid):
        decrypt(KEY, bytes(sealed), b"context")


@pytest.mark.parametrize("sealed", [b"", bytes(11), bytes(12), bytes(27)])
def test_too_short_a_text_is_refused(sealed: bytes) -> None:
    """What cannot hold nonce and tag is SealInvalid."""
    with pytest.raises(SealInvalid):
        decrypt(KEY, sealed, b"")


def test_another_key_or_context_is_refused() -> None:
    """A dossier cannot be put in the place of another."""
    sealed = encrypt(KEY, b"claim", b"first")
    with pytest.raises(SealInvalid):
        decrypt(KEY, sealed, b"second")
    with pytest.raises(SealInvalid):
        decrypt(bytes(32), sealed, b"first")


def test_a_nonce_is_fresh() -> None:
    """The same text is never sealed twice to the same bytes."""
    assert len({encrypt(KEY, b"claim", b"") for _ in range(100)}) == 100


def test_a_key_has_32_bytes() -> None:
    """Shorter AES keys are refused, although AES has them."""
    with pytest.raises(KeyInvalid):
        encrypt(bytes(16), b"", b"")


def test_derived_keys_differ_by_label_salt_and_secret() -> None:
    """Each purpose has a key of its own."""
    keys = {derive(KEY, "a"), derive(KEY, "b"), derive(KEY, "a", b"salt"), derive(bytes(32), "a")}
    assert len(keys) == 4
    assert derive(KEY, "a") in keys


def test_derivation_is_hkdf_sha256() -> None:
    """HKDF as RFC 5869 writes it, for 32 bytes: extract under the salt, one expansion with the label."""
    prk = hmac.digest(b"salt", KEY, "sha256")
    assert derive(KEY, "comptoir/x", b"salt") == hmac.digest(prk, b"comptoir/x\x01", "sha256")
