"""A counter in a process of its own, for the tests that need a real terminal.

`python tests/tui/counter_program.py FOLDER real|hands|first|crash`: `real` is a new terminal below FOLDER with a card
in the reader. `hands` has two insurers, an empty reader, into which each line of the FIFO FOLDER/cards puts a card (`-`
none), and the scanner that FOLDER/scanner names. `first` is a folder without a terminal, `crash` a claim screen that
meets a defect while a person is in view.
"""

import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from dataclasses import replace

from hardware.emulator import EmulatedSource
from terminal.cli.screens import show_screens
from terminal.tui import run
from terminal.tui.opening import Opened
from tests.tui.real_shop import PIN, USER, enrol, open_shop
from tests.tui.scenes import MARIE, SceneCounter

PLANTED = "ZZYZXOVSKI"
OTHER_AMC = "99000002"
"""The insurer whose number the test scans."""


def real(folder: Path) -> int:
    """The real counter."""
    with open_shop(folder) as shop:
        shop.cards.insert("simple")
        return run(lambda: Opened(shop.counter), reader=shop.reader, theme="sombre")


def first(folder: Path) -> int:
    """Whatever `comptoir` does where there is no terminal, with an empty reader."""
    return show_screens(folder / "home", None, EmulatedSource).status


def hands(folder: Path) -> int:
    """The real counter, a real serial scanner, and cards that come when the test says so."""
    with open_shop(folder, scanner=(folder / "scanner").read_text("utf-8")) as shop:
        shop.desk.vault.unlock(USER, PIN)
        enrol(shop.desk, amc=OTHER_AMC)
        shop.desk.vault.lock()
        threading.Thread(target=_put_cards, args=(folder / "cards", shop.cards), daemon=True).start()
        return run(lambda: Opened(shop.counter), reader=shop.reader, theme="sombre")


def _put_cards(fifo: Path, cards: EmulatedSource) -> None:
    with fifo.open("r", encoding="utf-8") as lines:
        for line in lines:
            if line == "-\n":
                cards.remove()
            else:
                cards.insert(line.strip())


def crash(_folder: Path) -> int:
    """A person whose NIR is text, which no screen can mask."""
    nir = MARIE.nir.digits + MARIE.nir.key
    person = replace(MARIE, surname=PLANTED, nir=nir)  # type: ignore[arg-type]  # the defect is the point
    opened = Opened(SceneCounter(people=(person,), card_present=True))
    return run(lambda: opened, reader=None, theme="sombre")


if __name__ == "__main__":
    begin = {"real": real, "hands": hands, "first": first, "crash": crash}
    sys.exit(begin[sys.argv[2]](Path(sys.argv[1])))
