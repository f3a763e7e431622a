"""The letter that brings an activation code to a shop, as text and as PDF.

Rules: it names a shop (name, address lines, AM id) and no person, whoever works there; the code is in it and nowhere
else on this machine's disk but the database, so the file is its owner's alone and is never overwritten. Its words are
in `letter.fr.toml`. What the PDF's built-in fonts have not (they are Latin-1) is written with the nearest letters.
"""

import os
import textwrap
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from sync.errors import ContractError

if TYPE_CHECKING:
    from fpdf import FPDF

MOST_LINES: Final = 6
_LONGEST: Final = 60
_PARIS: Final = ZoneInfo("Europe/Paris")
_COLUMNS: Final = 76
_WINDOW_MM: Final = (110, 50)
"""Where the address stands, for a French window envelope."""
_LIGATURES: Final = str.maketrans({"œ": "oe", "Œ": "OE", "’": "'", "–": "-", "—": "-"})


@dataclass(frozen=True)
class Posted:
    """What one letter says. `code` is secret; `addressee` are the lines of the shop's name and address."""

    insurer: str
    amc: str
    shop: str
    addressee: tuple[str, ...]
    invitation: str
    code: str = field(repr=False)
    expires_at: datetime


def check_target(path: Path) -> None:
    """ContractError unless a letter can be written there: `.txt` or `.pdf`, and no such file yet."""
    if path.suffix not in (".txt", ".pdf"):
        raise ContractError("a letter is a file .txt or .pdf", accepted=".txt, .pdf")
    if path.exists():
        raise ContractError("a letter is never overwritten", file=path.name)


def address_lines(lines: list[str]) -> tuple[str, ...]:
    """The lines as they are printed; ContractError for more or longer ones than fit a window."""
    stripped = tuple(line.strip() for line in lines)
    if len(stripped) > MOST_LINES or any(not line.isprintable() or not 0 < len(line) <= _LONGEST for line in stripped):
        raise ContractError("an address has at most six printable lines of 60 characters", lines=len(stripped))
    return stripped


def write_letter(path: Path, posted: Posted) -> None:
    """Write the letter as its suffix says, readable by its owner only; ContractError when it cannot be written."""
    content = as_pdf(posted) if path.suffix == ".pdf" else as_text(posted).encode("utf-8")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ContractError("the letter cannot be written", file=path.name) from error


def as_text(posted: Posted) -> str:
    """The letter in UTF-8, 76 columns."""
    words = _words()
    lines = [*posted.addressee, words["point_of_sale"].format(shop=posted.shop), "", _insurer(posted), ""]
    lines += [words["subject"], "", *(f"    {name} : {value}" for name, value in _typed(posted)), ""]
    for paragraph in _paragraphs(posted):
        lines += [*textwrap.wrap(paragraph, _COLUMNS), ""]
    return "\n".join(lines)


def as_pdf(posted: Posted) -> bytes:
    """The letter as one page of A4."""
    from fpdf import FPDF  # noqa: PLC0415 - slow to load, and only a letter as PDF needs it

    words, page = _words(), FPDF(format="A4")
    page.set_margins(25, 25)
    page.add_page()
    page.set_font("Helvetica", size=11)
    _line(page, _insurer(posted))
    page.set_y(_WINDOW_MM[1])
    for line in (*posted.addressee, words["point_of_sale"].format(shop=posted.shop)):
        page.set_x(_WINDOW_MM[0])
        _line(page, line)
    page.set_y(105)
    page.set_font("Helvetica", "B", 12)
    _line(page, words["subject"])
    for name, value in _typed(posted):
        page.ln(6)
        page.set_font("Helvetica", size=11)
        _line(page, name)
        page.set_font("Courier", "B", 18)
        _line(page, value)
    page.ln(8)
    page.set_font("Helvetica", size=11)
    for paragraph in _paragraphs(posted):
        page.multi_cell(0, 6, _latin(paragraph), new_x="LMARGIN", new_y="NEXT")
        page.ln(1)
    return bytes(page.output())


def _typed(posted: Posted) -> Iterator[tuple[str, str]]:
    """What a person types, in groups."""
    invitation = posted.invitation
    yield _words()["invitation"], f"{invitation[:4]}-{invitation[4:]}"
    yield _words()["code"], posted.code


def _paragraphs(posted: Posted) -> Iterator[str]:
    words = _words()
    yield words["until"].format(until=posted.expires_at.astimezone(_PARIS).strftime("%d/%m/%Y"))
    yield from words["steps"]
    yield from words["caution"]


def _insurer(posted: Posted) -> str:
    return str(_words()["insurer"].format(insurer=posted.insurer, amc=posted.amc))


def _line(page: "FPDF", text: str) -> None:
    page.cell(0, 6, _latin(text), new_x="LMARGIN", new_y="NEXT")


def _latin(text: str) -> str:
    """The text in Latin-1: a letter that is not there stands without its marks, what has no such letter as `?`."""
    spelt = unicodedata.normalize("NFC", text).translate(_LIGATURES)
    return "".join(_nearest(letter) for letter in spelt)


def _nearest(letter: str) -> str:
    if ord(letter) < 256:
        return letter
    plain = unicodedata.normalize("NFKD", letter).encode("latin-1", "ignore").decode("latin-1")
    return plain or "?"


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads(files("sync.receiver").joinpath("letter.fr.toml").read_text("utf-8"))
