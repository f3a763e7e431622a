"""Cards written by somebody who had read the page for card writers and nothing else."""

import json
import re
import subprocess
import sys
from pathlib import Path

from hardware import read_egk, read_vitale
from hardware.emulator import EmulatedSource

CARDS = Path(__file__).resolve().parents[2] / "vectors" / "cards"

PAGE = Path(__file__).resolve().parents[3] / "hardware" / "emulator" / "README.md"


def _source(name: str) -> tuple[EmulatedSource, dict[str, object]]:
    path = CARDS / f"{name}.json"
    source = EmulatedSource()
    source.insert(str(path))
    return source, json.loads(path.read_text("utf-8"))


def test_a_newcomers_vitale_is_read() -> None:
    """Three people, a date without century, an unknown day, both Corsicas, long lengths, padding past two blocks."""
    source, written = _source("newcomer-vitale")
    people = source.read(source.readers()[0], read_vitale).people
    holders = written["holders"]
    assert isinstance(holders, list)
    assert [vars(person) for person in people] == [{**one, "nir": one["nir"].replace(" ", "")} for one in holders]
    assert [person.birth_date for person in people] == ["620331", "19980600", "20231101"]


def test_another_newcomers_family_is_read() -> None:
    """An adult with an accented name and two children, written by a second person from the page alone."""
    source, _written = _source("newcomer-family")
    people = source.read(source.readers()[0], read_vitale).people
    assert [(person.surname, person.given_name) for person in people] == [
        ("TOURNESAC", "HÉLOÏSE"),
        ("TOURNESAC", "BASILE"),
        ("TOURNESAC", "ODILON"),
    ]


def test_a_newcomers_german_card_is_read() -> None:
    """The person and the insurer come back as they were written."""
    source, written = _source("newcomer-egk")
    assert vars(source.read(source.readers()[0], read_egk)) == written["insured"]


def test_the_pages_command_works_out_a_key() -> None:
    """The command of the page is run as it stands, and gives the key of the page's own card."""
    (command,) = re.findall(r"python3 -c '(.*)'", PAGE.read_text("utf-8"))
    told = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    assert told.stdout == "24\n"
    assert "2 84 05 75 999 123 24" in PAGE.read_text("utf-8")
