"""How long a person waits after wrong codes, and what a role may see."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.domain.roles import Role
from terminal.domain.tries import FREE_TRIES, LOCKED_AFTER, seconds_left, wait_after

UPTIMES = st.floats(0, 10**7, allow_nan=False)


@pytest.mark.parametrize(
    ("wrong", "seconds"),
    [(0, 0), (1, 0), (2, 0), (3, 10), (4, 20), (5, 40), (6, 80), (7, 160), (8, 300), (9, 300), (50, 300)],
)
def test_each_wrong_code_after_the_second_makes_the_wait_longer(wrong: int, seconds: int) -> None:
    """Two slips are free; then 10 s, twice as long each time, five minutes at most."""
    assert wait_after(wrong) == seconds


def test_the_tenth_wrong_code_closes() -> None:
    """The limits that the lock screen tells."""
    assert (FREE_TRIES, LOCKED_AFTER) == (3, 10)


@pytest.mark.parametrize(
    ("now", "same_start", "left"),
    [
        (100.0, True, 20),
        (100.5, True, 20),
        (101.0, True, 19),
        (119.9, True, 1),
        (120.0, True, 0),
        (500.0, True, 0),
        (0.0, False, 20),
        (5.2, False, 15),
        (20.0, False, 0),
        (99.0, True, 0),
        (7.0, True, 13),
    ],
)
def test_what_is_left_of_a_wait(now: float, same_start: bool, left: int) -> None:
    """Four wrong codes, the last at 100 s: whole seconds; after a restart, from that start."""
    assert seconds_left(4, tried_at=100.0, now=now, same_start=same_start) == left


@given(st.integers(0, 20), UPTIMES, UPTIMES, st.booleans())
def test_a_wait_is_never_negative_and_never_longer_than_it_was(
    wrong: int, tried_at: float, now: float, same_start: bool
) -> None:
    """Whatever the machine says of its time."""
    assert 0 <= seconds_left(wrong, tried_at=tried_at, now=now, same_start=same_start) <= wait_after(wrong)


def test_a_technician_alone_sees_no_dossier() -> None:
    """Roles by their names in files and on the command line, and what each sees."""
    assert {str(role): role.sees_dossiers for role in Role} == {
        "staff": True,
        "responsible": True,
        "technician": False,
    }
