"""What a scan says: plain text, or GS1 element strings.

Rules: pure. A code is GS1 only when it says so, by its symbology identifier (ISO/IEC 15424) or a leading FNC1; digits
that merely look like GS1 stay plain. A GS1 code is parsed whole or refused: no element is guessed. Dates keep their
six digits. Source: GS1 General Specifications, 3.2 and 7.8 (predefined lengths, separators), 7.9 (check digit).
"""

from dataclasses import dataclass, field
from itertools import cycle
from typing import Final

from hardware.errors import ScanInvalid

GS: Final = "\x1d"
LONGEST: Final = 1024
"""Characters; the longest GS1 DataMatrix holds 2,335 letters, and no article of a shop needs half of this."""
_GS1_MARKS: Final = ("]C1", "]d2", "]e0", "]Q3", "]J1")
_KEY_LENGTHS: Final = {
    **dict.fromkeys(("23", "24", "25", "40", "41", "42", "71"), 3),
    **dict.fromkeys(("31", "32", "33", "34", "35", "36", "39", "43", "70", "72", "80", "81", "82"), 4),
}
"""Length of an application identifier by its first two digits; two for all others."""
_FIXED: Final = {
    "00": 20,
    **dict.fromkeys(("01", "02", "03"), 16),
    "04": 18,
    **dict.fromkeys(("11", "12", "13", "14", "15", "16", "17", "18", "19"), 8),
    "20": 4,
    **dict.fromkeys(("31", "32", "33", "34", "35", "36"), 10),
    "41": 16,
}
"""Length of identifier and value together, where it is predefined and no separator follows."""
_MOST: Final = 90
_GTIN_KEYS: Final = frozenset({"01", "02"})
_AZERTY: Final = dict(zip("&é\"'(-è_çà", "1234567890", strict=True))


@dataclass(frozen=True)
class Scan:
    """One scan. `elements`: GS1 identifiers and values in their order, empty for a plain code."""

    text: str = field(repr=False)
    elements: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def element(self, identifier: str) -> str | None:
        """The first value under this application identifier (`01` is the GTIN), or None."""
        return next((value for key, value in self.elements if key == identifier), None)


def parse_scan(raw: bytes | str) -> Scan:
    """One message of a scanner, without its end mark. ScanInvalid with a reason."""
    text = raw if isinstance(raw, str) else _decoded(raw)
    mark, body = _split(text)
    if not body.strip(GS):
        raise ScanInvalid("an empty scan", reason="empty")
    if len(body) > LONGEST:
        raise ScanInvalid("a scan without end", reason="too_long")
    if any(not character.isprintable() and character != GS for character in body):
        raise ScanInvalid("a control character", reason="characters")
    if mark in _GS1_MARKS or body.startswith(GS):
        return Scan(body.strip(GS), _elements(body.strip(GS)))
    return Scan(azerty_digits(body))


def azerty_digits(text: str) -> str:
    """The digits that a scanner set to another keyboard typed without Shift on a French one.

    Only when every character is such a key: a text that merely holds some is left as it is.
    """
    return "".join(_AZERTY[key] for key in text) if text and set(text) <= _AZERTY.keys() else text


def check_digit(digits: str) -> int:
    """The GS1 check digit of these digits (weights 3 and 1 from the right)."""
    weighted = (int(digit) * weight for digit, weight in zip(reversed(digits), cycle((3, 1)), strict=False))
    return -sum(weighted) % 10


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _split(text: str) -> tuple[str, str]:
    """Symbology identifier, when there is one, and the rest."""
    marked = len(text) >= 3 and text[0] == "]" and text[1].isascii() and text[1].isalpha() and text[2].isalnum()
    return (text[:3], text[3:]) if marked else ("", text)


def _elements(body: str) -> tuple[tuple[str, str], ...]:
    found = []
    while body:
        identifier, value, body = _next(body)
        found.append((identifier, value))
    return tuple(found)


def _next(body: str) -> tuple[str, str, str]:
    """The first element, and what follows it and its separator."""
    prefix = body[:2]
    key = _KEY_LENGTHS.get(prefix, 2)
    identifier = body[:key]
    if len(identifier) < key or not (identifier.isascii() and identifier.isdecimal()):
        raise ScanInvalid("not an application identifier", reason="identifier")
    fixed = _FIXED.get(prefix)
    end = fixed or _separator(body)
    value = body[key:end]
    _judge(identifier, value, short=fixed is not None and len(body) < fixed)
    rest = body[end:]
    return identifier, value, rest.removeprefix(GS)


def _separator(body: str) -> int:
    at = body.find(GS)
    return len(body) if at < 0 else at


def _judge(identifier: str, value: str, *, short: bool) -> None:
    if short or not value or len(value) > _MOST or GS in value:
        raise ScanInvalid("a value of another length", reason="length", identifier=identifier)
    if identifier[:2] in _FIXED and not (value.isascii() and value.isdecimal()):
        raise ScanInvalid("a number with other characters", reason="digits", identifier=identifier)
    if identifier in _GTIN_KEYS and check_digit(value[:-1]) != int(value[-1]):
        raise ScanInvalid("the article number is misread", reason="check_digit", identifier=identifier)
