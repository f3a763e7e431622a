"""A counter in a process of its own, for the tests that need a real terminal.

`python tests/tui/counter_program.py FOLDER real|crash`: `real` is a new terminal below FOLDER with a card in the
reader, `crash` one whose claim screen meets a defect while a person is in view.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from dataclasses import replace

from terminal.tui import run
from tests.tui.real_shop import open_shop
from tests.tui.scenes import MARIE, SceneCounter

PLANTED = "ZZYZXOVSKI"


def real(folder: Path) -> int:
    """The real counter."""
    with open_shop(folder) as shop:
        shop.cards.insert("simple")
        return run(shop.counter, reader=shop.reader, theme="sombre")


def crash() -> int:
    """A person whose NIR is text, which no screen can mask."""
    nir = MARIE.nir.digits + MARIE.nir.key
    person = replace(MARIE, surname=PLANTED, nir=nir)  # type: ignore[arg-type]  # the defect is the point
    return run(SceneCounter(people=(person,), card_present=True), reader=None, theme="sombre")


if __name__ == "__main__":
    sys.exit(crash() if sys.argv[2] == "crash" else real(Path(sys.argv[1])))
