"""What a crash says: where, and nothing of anybody."""

import pytest

from sync.errors import DiskFull
from terminal.tui.claim_form import ClaimForm
from terminal.tui.crash import code_and_facts, crash_text, place_of

PLANTED = "ZZYZXOVSKI 284057599900123"


def broken() -> BaseException:
    """An error of our code whose message and locals hold a person."""
    surname = PLANTED
    try:
        ClaimForm(surname)  # type: ignore[arg-type]  # the defect is the point
    except AttributeError as error:
        error.args = (surname,)
        return error
    raise AssertionError


def test_a_crash_names_its_place_and_nobody() -> None:
    """Type, file, line; neither message nor locals."""
    text = crash_text(broken())
    assert "Rien n'est perdu" in text
    assert "AttributeError claim_form.py:" in text
    assert "ZZYZX" not in text
    assert "2840575" not in text


def test_an_error_from_nowhere_has_only_its_type() -> None:
    """No traceback, or none of our code."""
    assert place_of(ValueError(PLANTED)) == "ValueError"
    assert "Référence : ?" in crash_text(None)


def test_errors_of_our_trees_keep_their_code() -> None:
    """Any other becomes a code that says it was not foreseen."""
    assert code_and_facts(DiskFull(free=0)) == ("disk_full", {"free": 0})
    with pytest.raises(ZeroDivisionError) as caught:
        _ = 1 // 0
    code, facts = code_and_facts(caught.value)
    assert code == "unexpected"
    assert str(facts["where"]).startswith("ZeroDivisionError")
