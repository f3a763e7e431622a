"""The package as a library of its own: its example runs, its names exist, its errors are one tree."""

import doctest
from pathlib import Path

import hardware
from hardware import errors


def test_the_example_of_the_package_runs() -> None:
    """The example in the package's docstring does what it says."""
    result = doctest.testmod(hardware)
    assert result.attempted >= 10
    assert result.failed == 0


def test_every_public_name_exists_once() -> None:
    """`__all__` is sorted and every name in it is there."""
    assert hardware.__all__ == sorted(set(hardware.__all__))
    assert [name for name in hardware.__all__ if not hasattr(hardware, name)] == []


def test_every_error_has_a_code_of_its_own() -> None:
    """One code for one error, all under one root, all public."""
    classes = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]
    tree = [error for error in classes if issubclass(error, errors.HardwareError)]
    assert tree == classes
    assert len({error.code for error in tree}) == len(tree)
    assert {error.__name__ for error in tree} <= set(hardware.__all__)


def test_an_error_carries_facts_and_a_message() -> None:
    """Without a message the code speaks; facts are kept as given."""
    assert str(errors.CardMute()) == "card_mute"
    assert errors.CardInvalid("why", sw="6F00").facts == {"sw": "6F00"}


def test_the_package_is_typed() -> None:
    """Type checkers of other programs are told that this package has types."""
    assert Path(hardware.__file__).with_name("py.typed").exists()
