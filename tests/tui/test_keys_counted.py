"""From the card to "enregistrée" in a real terminal, keys counted: the five cases of the counter's design.

One counter in a pseudo-terminal, with an emulated reader and a scanner on a real serial line, serves one customer after
the other. What counts is every key that is sent between the card (or F2, where there is none) and the confirmation;
what is scanned is no key. `keys.md` beside this file is the record; a case that takes another number of keys fails.
"""

import json
import os
import pty
import re
import tty
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sync.home import open_home
from tests.tui.counter_program import OTHER_AMC
from tests.tui.real_shop import AMC, PIN
from tests.tui.terminal_emulator import Screen

ENTER, DOWN, F2, F10 = "\r", "\x1b[B", "\x1bOQ", "\x1b[21~"
HEAD = (*"1211", ENTER)
CLASS_A = (*HEAD, "1", F10)
CORRECTIONS = (*"-125", ENTER, *"-150", ENTER)
PRICES = (*"90", ENTER, *"85", DOWN, *"85", F10)
CLASS_B = (*HEAD, "2", *CORRECTIONS, *PRICES)
ORTHOPTIST = (*"1211", DOWN, "2", "2", *CORRECTIONS, *PRICES)
RECORD = Path(__file__).with_name("keys.md")
ROW = re.compile(r"^\| (?P<case>[A-E]\d?) \|.*\|(?P<most>[ \d]*)\| (?P<keys>\d+) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    """Keys in parts, each sent in one write once the words before it are on the screen."""

    parts: tuple[tuple[str, tuple[str, ...]], ...]
    card: bool = True
    scans: tuple[str, ...] = ()
    """What is scanned once the claim is open: a quote, an insurer's number."""
    scanned_first: bool = False
    """The quote is scanned before the card comes."""

    @property
    def keys(self) -> int:
        """How many keys are pressed."""
        return sum(len(keys) for _, keys in self.parts)


def handed_quote() -> str:
    """A class A quote as it stands in a code."""
    frame = {"item": "frame", "lpp_code": "2222124", "class": "A", "price": 3000}
    glass = {"item": "lens", "lpp_code": "2263287", "class": "A", "price": 3250}
    quote = {
        "schema": "comptoir/quote/v1",
        "reference": "2026-187",
        "prescription_date": (datetime.now(UTC) - timedelta(days=9)).date().isoformat(),
        "lines": [frame, glass | {"eye": "right"}, glass | {"eye": "left"}],
    }
    return json.dumps(quote, separators=(",", ":"))


def nir_of(place: int) -> str:
    """The NIR of the customer of a case: invented, and another one each time."""
    thirteen = f"2840575999{place:03}"
    return f"{thirteen}{97 - int(thirteen) % 97:02}"


def without_card(place: int, birth: str) -> tuple[str, ...]:
    """Somebody typed: F2, the number twice, name and given name, a birth date."""
    return (F2, *nir_of(place), *nir_of(place), *"dupont", ENTER, *"marie", ENTER, *birth, ENTER)


CLAIM = "Assuré et bénéficiaire"
HOME = "INSÉREZ LA CARTE VITALE"
DEAR_B = (*HEAD, "2", *CORRECTIONS, *"120", ENTER, *"150", DOWN, *"150", F10)
CYLINDERS = (*HEAD, "2", *"-125 -50 90", ENTER, *"-150 -75 85", ENTER, *"120", ENTER, *"150", F10)
CASES = {
    "A": Case((("Devis 2026-187 repris", (F10,)),), scans=(handed_quote(),)),
    "A2": Case((("Devis 2026-187 repris", (F10,)),), scans=(handed_quote(),), scanned_first=True),
    "B": Case(((CLAIM, CLASS_A),)),
    "C": Case(((CLAIM, CLASS_B),)),
    "C2": Case(((CLAIM, (*HEAD, "2", *CORRECTIONS, *"120", ENTER, *"150", F10)),)),
    "C3": Case(((CLAIM, DEAR_B),)),
    "C4": Case(((CLAIM, CYLINDERS),)),
    "D": Case((("[2", ORTHOPTIST),), scans=(OTHER_AMC,)),
    "E": Case(((HOME, without_card(801, "3")), (CLAIM, CLASS_A)), card=False),
    "E2": Case(((HOME, without_card(802, "03051984")), (CLAIM, CLASS_A)), card=False),
}


@dataclass
class Table:
    """The counter, its reader and its scanner."""

    screen: Screen
    folder: Path
    cards: int
    scanner: int

    def put_card(self, place: int) -> None:
        """Put the card of an adult into the reader, another one for each place."""
        holder = {"surname": "VERDIERE", "given_name": "CAMILLE", "birth_date": "19840523", "nir": nir_of(place)}
        card = {"schema": "comptoir/card-profile/v1", "name": f"of{place}", "about": "an adult", "holders": [holder]}
        path = self.folder / f"of{place}.json"
        path.write_text(json.dumps(card), "utf-8")
        os.write(self.cards, f"{path}\n".encode())

    def take_card(self) -> None:
        """Take it out."""
        os.write(self.cards, b"-\n")

    def scan(self, code: str) -> None:
        """Hold a code before the scanner."""
        os.write(self.scanner, code.encode() + b"\r")

    def serve(self, place: int, case: Case) -> None:
        """Everything between the customer and the confirmation, then home again."""
        if case.scanned_first:
            self.scan(*case.scans)
            self.screen.wait_for("DEVIS LU")
        if case.card:
            self.put_card(place)
            self.screen.wait_for(CLAIM)
        for code in () if case.scanned_first else case.scans:
            self.scan(code)
        for words, keys in case.parts:
            self.screen.wait_for(words)
            self.screen.type("".join(keys))
        self.screen.wait_for("ENREGISTRÉE")
        self.screen.type(ENTER)
        self.take_card()
        self.screen.wait_for(HOME)


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    """An unlocked counter at home."""
    scanner, port = pty.openpty()
    tty.setraw(port)
    (tmp_path / "scanner").write_text(f"serial:{os.ttyname(port)}", "utf-8")
    os.mkfifo(tmp_path / "cards")
    screen = Screen(tmp_path, "hands")
    screen.wait_for("Poste verrouillé")
    cards = os.open(tmp_path / "cards", os.O_WRONLY)
    screen.type(PIN + ENTER)
    screen.wait_for(HOME)
    yield Table(screen, tmp_path, cards, scanner)
    for descriptor in (cards, scanner, port):
        os.close(descriptor)


def test_each_case_is_registered_in_its_keys(table: Table) -> None:
    """One customer after the other: the keys of the case are sent and no other one, and the confirmation comes."""
    for place, case in enumerate(CASES.values(), start=1):
        table.serve(place, case)
    table.screen.hang_up()
    with closing(open_home(table.folder / "home")) as home:
        insurers = Counter(row.insurer for row in home.outbox.rows(limit=20))
    assert insurers == {AMC: len(CASES) - 1, OTHER_AMC: 1}
    assert {name: case.keys for name, case in CASES.items()} == {name: keys for name, (_, keys) in recorded().items()}


def recorded() -> dict[str, tuple[int | None, int]]:
    """The most keys that a case may take, where it is bounded, and those it takes, from the page."""
    rows = ROW.finditer(RECORD.read_text("utf-8"))
    return {row["case"]: (int(row["most"]) if row["most"].strip() else None, int(row["keys"])) for row in rows}


def test_the_record_keeps_to_the_bounds() -> None:
    """Every case is in it, A to E with their bounds."""
    found = recorded()
    assert found.keys() == CASES.keys()
    bounds = {"A": 1, "B": 7, "C": 25, "D": 35, "E": 57}
    assert {name: most for name, (most, _) in found.items() if name in bounds} == bounds
    assert [name for name, (most, keys) in found.items() if most is not None and keys > most] == []
