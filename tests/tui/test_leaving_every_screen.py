"""A crash in every screen, a signal in every screen: what is left on the terminal names nobody.

COMPTOIR_SOAK=1 leaves from every pictured moment; without it, from one moment of each screen.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from terminal.tui.app import CRASHED
from tests.tui.answered import ANSWERED
from tests.tui.leaving_program import SHOWN
from tests.tui.make_pictures import scenes
from tests.tui.scenes import LEO, MARIE, MOON, SceneCounter
from tests.volume import WHOLE

PROGRAM = Path(__file__).with_name("leaving_program.py")
MOMENTS = tuple(scenes())
SCREENS = tuple({name.partition("-")[0]: name for name in reversed(MOMENTS)}.values())
ASKED = MOMENTS if WHOLE else SCREENS
TITLE = re.compile(r"\x1b\].*?(?:\x07|\x1b\\)", re.DOTALL)
LEFT_ALTERNATE, CURSOR_BACK, MOUSE_OFF = "\x1b[?1049l", "\x1b[?25h", "\x1b[?1000l"


def everybody() -> set[str]:
    """Every name and number of a person that some moment shows, as it could be written."""
    items = (*SceneCounter().items, *ANSWERED)
    words = {word for item in items for word in item.name.split()}
    people = (MARIE, LEO, MOON)
    words |= {word for one in people for word in (one.surname, one.given_name, one.nir.digits, one.nir.masked())}
    return {form for word in words for form in (word, word.title(), word.upper())}


def left(why: str, names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """How the counter left each of these moments."""
    command = [sys.executable, str(PROGRAM), why, *names]
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=280)
    yield from map(json.loads, done.stdout.splitlines())


@pytest.mark.parametrize(("why", "status"), [("crash", CRASHED), ("signal", 0)])
def test_what_is_left_names_nobody(why: str, status: int) -> None:
    """The status, a clean terminal, and no word of a person before the screen was taken, after it, or in its title."""
    names = everybody()
    found = list(left(why, ASKED))
    assert [one["name"] for one in found] == list(ASKED)
    assert [one["name"] for one in found if one["status"] != status] == []
    for one in found:
        before, shown, after = one["raw"].partition(SHOWN.decode("latin-1"))
        assert shown, f"{one['name']} was never shown"
        assert after.count(LEFT_ALTERNATE) == 1, one["name"]
        kept = after.partition(LEFT_ALTERNATE)[2]
        assert {part for part in (CURSOR_BACK, MOUSE_OFF) if part not in after} == set(), one["name"]
        titles = "".join(TITLE.findall(one["raw"]))
        outside = (before.partition("\x1b[?1049h")[0] + titles + kept).encode("latin-1").decode("utf-8")
        assert [word for word in names if word in outside] == [], one["name"]
        assert ("Rien n'est perdu" in kept.encode("latin-1").decode("utf-8")) == (why == "crash"), one["name"]
