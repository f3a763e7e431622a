"""What stands for a value that is not sent."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.crypto.commitments import commit, new_salt, opens, pseudonym
from sync.errors import ContractError, KeyInvalid

NIR = "2840575999001"
CORSICAN_NIR = "175052A999001"


@given(st.text(max_size=50), st.binary(min_size=32, max_size=32))
def test_a_commitment_opens_with_its_value_and_salt_only(value: str, salt: bytes) -> None:
    """Value and salt open it; another value or another salt does not."""
    made = commit(value, salt)
    assert opens(made, value, salt)
    assert not opens(made, value + "x", salt)
    assert not opens(made, value, bytes(reversed(salt)) if salt != salt[::-1] else hashlib.sha256(salt).digest())


def test_two_commitments_to_one_value_differ() -> None:
    """A fresh salt hides that two claims name the same code."""
    assert commit("2223342", new_salt()) != commit("2223342", new_salt())


@pytest.mark.parametrize("nir", [NIR, CORSICAN_NIR])
def test_a_pseudonym_is_what_the_contract_says(nir: str) -> None:
    """HMAC-SHA-256 over the 13 characters: an insurer can compute it from its own books."""
    key = bytes(range(32))
    assert pseudonym(key, nir) == hmac.new(key, nir.encode(), hashlib.sha256).hexdigest()


def test_two_insurers_know_one_person_by_two_pseudonyms() -> None:
    """Keys differ, so pseudonyms do."""
    assert pseudonym(bytes(32), NIR) != pseudonym(b"\x01" * 32, NIR)


@pytest.mark.parametrize("text", ["", NIR + "49", NIR[:-1], "2 84 05 75 999 001", "175052a999001", "٢840575999001"])
def test_only_a_nir_of_13_characters_has_a_pseudonym(text: str) -> None:
    """Key digits, blanks, small letters and foreign digits would give a second pseudonym: refused, not quoted."""
    with pytest.raises(ContractError) as caught:
        pseudonym(bytes(32), text)
    assert not text or text not in str(caught.value)


def test_salts_and_keys_have_32_bytes() -> None:
    """A short salt is refused."""
    with pytest.raises(KeyInvalid):
        commit("2223342", bytes(16))
    assert len(new_salt()) == 32
