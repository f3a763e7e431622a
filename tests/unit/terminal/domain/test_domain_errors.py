"""The tree of errors: stable codes, one each, and messages that are safe to log."""

import re

import pytest

from terminal.domain import errors


@pytest.fixture(autouse=True)
def every_message_is_plain() -> None:
    """Here errors are made without a message on purpose."""


LEAVES = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.DomainError)]


def test_every_error_has_its_own_code() -> None:
    """Two errors never share a code, so that a screen can tell them apart."""
    codes = [kind.code for kind in LEAVES]
    assert len(codes) == len(set(codes)) > 20


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.code)
def test_an_error_carries_its_facts_and_says_its_code(kind: type[errors.DomainError]) -> None:
    """Codes are snake case; facts come back as given; without a message the code is the message."""
    error = kind(line=2)
    assert re.fullmatch("[a-z0-9]+(_[a-z0-9]+)*", kind.code)
    assert error.facts == {"line": 2}
    assert str(error) == kind.code
    assert not kind.environment
    assert kind.__doc__
