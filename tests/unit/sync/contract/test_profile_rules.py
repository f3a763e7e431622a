"""What a profile may state, and the frame of a batch."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.contract.exchange import MAX_BATCH, MAX_BATCH_BYTES, MAX_PACKAGE_BYTES, join_batch, split_batch
from sync.contract.profile import Profile, check_profile
from sync.errors import ContractError

GRID = {"frame": 10000, "lens": {"simple": 8000, "complexe": 13000, "tres_complexe": 16000}}
CONTRACT = {"id": "confort", "label": "Confort", "kind": "responsable", "real_cost": False, "grid": GRID}
PROFILE = {
    "schema": "comptoir/profile/v1",
    "insurer": "99999997",
    "convention": "OPTI",
    "name": "Mutuelle d'essai",
    "version": 1,
    "effective": "2026-01-01",
    "code_level": "lpp",
    "contracts": [CONTRACT],
    "hosting": "ici",
    "offline_ceiling": 0,
}


def checked(**changed: Any) -> Profile:
    """The profile with some members changed, decoded and checked."""
    return check_profile(msgspec.convert({**PROFILE, **changed}, Profile))


def test_a_profile_is_off_until_it_names_a_field() -> None:
    """A profile that names no optional field asks for none."""
    assert checked().fields == ()


@pytest.mark.parametrize("level", [None, "", "all", "LPP"])
def test_the_code_level_is_stated(level: str | None) -> None:
    """There is no default for the code level and no third one."""
    with pytest.raises(msgspec.ValidationError):
        checked(code_level=level)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({name: value for name, value in PROFILE.items() if name != "code_level"}, Profile)


@pytest.mark.parametrize("field", ["correction", "prescription", "lines.sphere", "beneficiary.address"])
def test_a_field_the_claim_has_not_cannot_be_asked_for(field: str) -> None:
    """A profile that asks for something else is not a profile."""
    with pytest.raises(msgspec.ValidationError):
        checked(fields=[{"field": field, "ground": "x", "until": "2027-01-01"}])


@pytest.mark.parametrize(
    "changed",
    [
        {"contracts": [CONTRACT, CONTRACT]},
        {"contracts": [{**CONTRACT, "kind": "ticket_moderateur"}]},
        {"contracts": [{name: value for name, value in CONTRACT.items() if name != "grid"}]},
        {"fields": [{"field": "member.nir", "ground": "x", "until": "2027-01-01"}] * 2},
    ],
    ids=["a contract twice", "a grid without use", "no grid", "a field twice"],
)
def test_a_profile_does_not_contradict_itself(changed: dict[str, Any]) -> None:
    """Names are unique, and a grid is where it is used and nowhere else."""
    with pytest.raises(ContractError):
        checked(**changed)


@pytest.mark.parametrize("lens", [{}, {"simple": 1, "complexe": 1}, {"simple": 1, "complexe": 1, "autre": 1}])
def test_a_grid_has_all_three_levels(lens: dict[str, int]) -> None:
    """A guarantee grid names each of the three lens levels and no other."""
    with pytest.raises(msgspec.ValidationError):
        checked(contracts=[{**CONTRACT, "grid": {"frame": 1, "lens": lens}}])


@given(st.lists(st.dictionaries(st.text("ab", max_size=2), st.integers()), min_size=1, max_size=MAX_BATCH))
def test_a_batch_gives_back_the_bytes_it_was_made_of(items: list[dict[str, int]]) -> None:
    """Joining and splitting change no byte of any package."""
    packages = tuple(msgspec.json.encode(item) for item in items)
    assert split_batch(join_batch(packages)) == packages


def test_a_full_batch_fits() -> None:
    """A hundred packages of the largest size are within the limit of a batch."""
    assert len(join_batch((b"1" * MAX_PACKAGE_BYTES,) * MAX_BATCH)) <= MAX_BATCH_BYTES
