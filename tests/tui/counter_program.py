"""A counter in a process of its own, for the tests that need a real terminal.

`python tests/tui/counter_program.py FOLDER real|crash|first`: `real` is a new terminal below FOLDER with a card in the
reader, `crash` one whose claim screen meets a defect while a person is in view, `first` a folder without a terminal.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from dataclasses import replace

from hardware.emulator import EmulatedSource
from terminal.cli.screens import show_screens
from terminal.tui import run
from tests.tui.real_shop import open_shop
from tests.tui.scenes import MARIE, SceneCounter

PLANTED = "ZZYZXOVSKI"


def real(folder: Path) -> int:
    """The real counter."""
    with open_shop(folder) as shop:
        shop.cards.insert("simple")
        return run(shop.counter, reader=shop.reader, theme="sombre")


def first(folder: Path) -> int:
    """Whatever `comptoir` does where there is no terminal, with an empty reader."""
    return show_screens(folder / "home", None, EmulatedSource()).status


def crash(_folder: Path) -> int:
    """A person whose NIR is text, which no screen can mask."""
    nir = MARIE.nir.digits + MARIE.nir.key
    person = replace(MARIE, surname=PLANTED, nir=nir)  # type: ignore[arg-type]  # the defect is the point
    return run(SceneCounter(people=(person,), card_present=True), reader=None, theme="sombre")


if __name__ == "__main__":
    begin = {"real": real, "first": first, "crash": crash}
    sys.exit(begin[sys.argv[2]](Path(sys.argv[1])))
