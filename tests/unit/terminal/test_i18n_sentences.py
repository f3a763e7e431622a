"""The file of French sentences: complete, used, short, polite, and written with glyphs that a console has."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from sync.contract.events import DocumentKind, RefusalReason
from sync.contract.outcomes import REASONS
from sync.contract.problems import PROBLEMS
from terminal.domain.claim import NEEDS_A_PERSON, WAITING, ClaimState
from terminal.domain.lines import Adjustment
from terminal.domain.renewal import Ground
from terminal.i18n import error_text, reason_texts, sentences
from terminal.tui.claim_form import OTHER, PLACES
from terminal.tui.day_lines import TITLES
from terminal.tui.duplicate_lines import CHOICES, ROWS
from terminal.tui.follow_lines import is_asked_twice
from terminal.tui.insurer_lines import STANDINGS
from terminal.tui.menu_screen import OFFICE, REQUESTS
from terminal.tui.orders import Page
from terminal.tui.setup_steps import Step
from terminal.workflow.first_run import Stage
from terminal.workflow.followed import FollowAct
from terminal.workflow.office import OriginKind

ROOT = Path(__file__).resolve().parents[3]
TREES = ("hardware", "sync", "terminal")
SIGNS = "ŒœŠšŸŽž–—‘’‚“”„†‡•…‰‹›€™←↑→↓−≠≤≥─━│┌┐└┘├┤┬┴┼═║╔╗╚╝╠╣╦╩╬╭╮╯╰█░▒■▲▶▼◀●"
CONSOLE = set(map(chr, (*range(0x20), *range(0x20, 0x7F), *range(0xA0, 0x100)))) | set(SIGNS)
"""What Lat15-Fixed16 draws (Debian console-setup): no half blocks, no check marks, no white circle."""
SINGULAR = re.compile(r"(?<![\w-])(tu|toi|ton|ta|tes|te)(?![\w-])", re.IGNORECASE)
JARGON = re.compile(r"(?<!\w)(ARL|F[S]E|LPP|AMO|AMC|OCAM|NOEMIE|PEC|NIR|API|JWS|LPPR|RSP)(?!\w)")
MOST_WORDS = 15


def _trees() -> Iterator[tuple[Path, ast.Module]]:
    for room in TREES:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def _strings() -> set[str]:
    return {
        node.value
        for _, tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _keys_asked() -> set[str]:
    """The literal first argument of every call of `text`."""
    return {
        node.args[0].value
        for path, tree in _trees()
        if path.is_relative_to(ROOT / "terminal")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "text"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def _codes() -> set[str]:
    """Every `code = "…"` in the body of a class of the three trees, the insurer's own program left out."""
    return {
        node.value.value
        for path, tree in _trees()
        if "receiver" not in path.parts
        for kind in ast.walk(tree)
        if isinstance(kind, ast.ClassDef)
        for node in kind.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        and any(isinstance(t, ast.Name) and t.id == "code" for t in _targets(node))
    }


def _targets(node: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def _error_codes() -> set[str]:
    return {key.split(".")[1] for key in sentences() if key.startswith("error.")}


def test_every_key_that_is_asked_for_exists() -> None:
    """`text("…")` is never called with a key that the file has not."""
    asked = _keys_asked()
    assert len(asked) > 100
    assert sorted(asked - sentences().keys()) == []


def test_every_sentence_is_used() -> None:
    """Keys of the file stand in the code, whole, or are of a family that is looked up by a value."""
    strings = _strings()
    families = {f"state.{state}" for state in ClaimState} | {f"ground.{ground}" for ground in get_args(Ground)}
    families |= {f"detail.place_{place}" for place in (*PLACES, OTHER)}
    families |= {f"request.reason_{reason}" for reason in get_args(RefusalReason)}
    families |= {f"request.field_{document}" for document in get_args(DocumentKind)}
    twice = [act for act in get_args(FollowAct) if is_asked_twice(act)]
    families |= {f"follow.{word}_{act}{half}" for word in ("ask", "done") for act in twice for half in ("", "_todo")}
    families |= {f"help.{page}.{part}" for page in Page for part in ("title", "purpose", "stuck")}
    keys = {key for key in sentences() if key.startswith(("key.", "lock."))}
    families |= {form for key in keys for form in (f"help.{key}", f"{key}_short") if key in strings}
    families |= {f"duplicate.{name}" for name in (*ROWS, *CHOICES)}
    families |= {"work.agreement_short", "work.agreement_expired_short"}
    families |= {f"follow.act_{act}" for act in get_args(FollowAct)}
    families |= {f"reason.{reason}.{half}" for reason in (*REASONS, "unlisted") for half in ("what", "todo")}
    families |= {f"{entry.key}_what" for entry in (REQUESTS, *OFFICE)}
    families |= {f"day.{title}" for title in TITLES} | {f"day.why_{state}" for state in WAITING + NEEDS_A_PERSON}
    families |= {f"data.from_{kind}" for kind in get_args(OriginKind)}
    families |= {f"insurers.{standing}" for standing in STANDINGS}
    families |= {f"setup.{step}_{part}" for step in Step for part in ("title", "why", "how", "trying")}
    families |= {f"setup.resumed_{stage}" for stage in Stage}
    known = strings | families
    unused = [
        key
        for key in sentences()
        if key not in known and not key.startswith(("error.", "warning.", "check.", "doctor.", "cli."))
    ]
    assert unused == []


def test_every_error_code_has_a_sentence_and_a_remedy() -> None:
    """What can go wrong in the three trees is told in French, with what to do."""
    codes = _codes()
    assert {"card_mute", "disk_full", "tariff_unknown", "entry_day_future"} <= codes
    assert sorted(codes - _error_codes()) == []


def test_every_answer_of_an_insurer_has_a_sentence() -> None:
    """The problem codes of the contract are told in French too."""
    assert sorted(set(PROBLEMS) - _error_codes()) == []


def test_every_error_sentence_belongs_to_a_code() -> None:
    """No pair is left over from a code that no longer exists."""
    others = {"unknown", "unexpected", "recovered", "entry_refused", "idle_soon", "clock_untrusted"}
    loose = _error_codes() - _codes() - set(PROBLEMS) - others
    strings = _strings()
    assert sorted(code for code in loose if code not in strings) == []


@pytest.mark.parametrize("code", sorted({key.split(".")[1] for key in sentences() if key.startswith("error.")}))
def test_an_error_says_what_and_what_to_do(code: str) -> None:
    """Both halves are there, each a sentence, with or without facts."""
    what, todo = error_text(code)
    assert what.endswith((".", "!", "?"))
    assert todo.endswith((".", "!", "?"))


def test_every_reason_of_an_insurer_has_a_sentence_and_a_remedy() -> None:
    """The codes of the contract, no more and no fewer; another one is shown as it is."""
    told = {key.split(".")[1] for key in sentences() if key.startswith("reason.")}
    assert told == {*REASONS, "unlisted"}
    for code in (*REASONS, "word_of_tomorrow"):
        what, todo = reason_texts(code)
        assert what.endswith((".", "!", "?"))
        assert todo.endswith((".", "!", "?"))
    assert "word_of_tomorrow" in reason_texts("word_of_tomorrow")[0]


def test_every_state_of_a_claim_has_a_word() -> None:
    """The states of the domain, no more and no fewer."""
    words = {key.removeprefix("state.") for key in sentences() if key.startswith("state.")}
    assert words == {str(state) for state in ClaimState}


def test_every_warning_of_a_quote_has_a_sentence() -> None:
    """What the pricing tells is told on, and no sentence is left over."""
    told = {
        node.args[0].value
        for path, tree in _trees()
        if "domain" in path.parts
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Warning_"
        if node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
    }
    told |= {f"{kind}_applied" for kind in get_args(get_type_hints(Adjustment)["kind"])}
    assert {f"warning.{code}" for code in told} == {key for key in sentences() if key.startswith("warning.")}


def test_sentences_are_short() -> None:
    """At most fifteen words; a fact counts as one."""
    found = [
        sentence
        for text in sentences().values()
        for sentence in re.split(r"(?<=[.!?…])\s+", re.sub(r"\{[^}]*\}", "X", text))
        if len([word for word in sentence.split() if re.search(r"\w", word)]) > MOST_WORDS
    ]
    assert found == []


def test_people_are_addressed_as_vous() -> None:
    """No sentence says tu."""
    assert [text for text in sentences().values() if SINGULAR.search(text)] == []


def test_the_home_screen_speaks_no_jargon() -> None:
    """Initials of the trade stay out of what is in view between two customers."""
    rooms = ("home.", "status.", "lock.", "work.", "key.", "done.", "cancel.")
    assert [text for key, text in sentences().items() if key.startswith(rooms) and JARGON.search(text)] == []


def test_only_glyphs_of_the_console_font_are_used() -> None:
    """Sentences, and every string of the screens, can be drawn on a bare Linux console.

    A QR code has half blocks where the font has them, and none on such a console, which has a test of its own.
    """
    screens = [
        node.value
        for path, tree in _trees()
        if path.parent.name == "tui" and path.name != "qr_lines.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    missing = {glyph for text in [*sentences().values(), *screens] for glyph in text if glyph not in CONSOLE}
    assert missing == set()
