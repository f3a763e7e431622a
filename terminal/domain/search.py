"""What somebody looks for among the claims: words typed in one field, read once.

Rules: pure. A figure is a claim's number (`412`, `2026-0412`), an amount has a comma, a point or a euro sign (`95,00`),
a day or a month has a slash (`12/11`, `12/11/2026`, `11/2026`), the name of a state is a state; whatever else is the
beginning of a surname, a given name or an insurer's name, capitals and accents aside. All of it must hold together.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from terminal.domain.errors import DomainError

_NUMBER = re.compile(r"(?:(\d{4})-)?(\d{1,6})")
_AMOUNT = re.compile(r"(\d{1,6})(?:[.,](\d{0,2}))?(€?)")
_DAY = re.compile(r"(\d{1,2})/(\d{1,2})(?:/(\d{2}|\d{4}))?")
_MONTH = re.compile(r"(\d{1,2})/(\d{4})")
_FEBRUARY_29 = 8
"""Years to look back at most for the latest day of a month: there is none of 29 February in seven years."""


class SearchInvalid(DomainError):
    """A day or a month that the calendar has not."""

    code = "search_invalid"


@dataclass(frozen=True, slots=True)
class Days:
    """From one civil day to another, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Search:
    """What must hold: one of the numbers (year, or None for any), of the spans, of the states; each amount and word."""

    numbers: tuple[tuple[int | None, int], ...] = ()
    days: tuple[Days, ...] = ()
    states: tuple[str, ...] = ()
    amounts: tuple[int, ...] = ()
    words: tuple[str, ...] = field(default=(), repr=False)

    @property
    def looks_inside(self) -> bool:
        """Whether dossiers have to be read to judge."""
        return bool(self.amounts or self.words)

    def holds(self, names: str, amounts: Iterable[int]) -> bool:
        """Whether amounts and words are those of a claim: the names of person and insurer, any of the amounts."""
        parts, known = fold(names).split(), set(amounts)
        return known.issuperset(self.amounts) and all(any(part.startswith(w) for part in parts) for w in self.words)


def read_search(typed: str, today: date, states: Mapping[str, str]) -> Search:
    """What was typed; `states` are the words for each state. SearchInvalid."""
    named = {_stem(word.split()[-1]): state for state, word in states.items()}
    found: dict[str, list[object]] = {"numbers": [], "days": [], "states": [], "amounts": [], "words": []}
    for token in re.sub(r"\ben file\b", "file", typed, flags=re.IGNORECASE).split():
        kind, value = _read(token, today, named)
        found[kind] += value
    return Search(**{kind: tuple(dict.fromkeys(values)) for kind, values in found.items()})  # type: ignore[arg-type]  # by kind


def fold(text: str) -> str:
    """Text without capitals, accents and the signs inside names."""
    bare = unicodedata.normalize("NFD", text.replace("œ", "oe").replace("Œ", "OE"))
    kept = "".join(sign for sign in bare if not unicodedata.combining(sign))
    return re.sub(r"[^\w]+", " ", kept.casefold()).strip()


def _read(token: str, today: date, states: Mapping[str, str]) -> tuple[str, list[object]]:
    if match := _NUMBER.fullmatch(token):
        return "numbers", [(int(match[1]) if match[1] else None, int(match[2]))]
    if match := _MONTH.fullmatch(token):
        return "days", [_month(int(match[2]), int(match[1]))]
    if match := _DAY.fullmatch(token):
        day = _day(int(match[1]), int(match[2]), match[3], today)
        return "days", [Days(day, day)]
    if match := _AMOUNT.fullmatch(token):
        return "amounts", [int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))]
    state = states.get(_stem(token))
    return ("states", [state]) if state else ("words", [*fold(token).split()])


def _stem(word: str) -> str:
    """A word without what makes it feminine or plural."""
    return fold(word).rstrip("es")


def _day(day: int, month: int, year: str | None, today: date) -> date:
    if year is not None:
        return _civil(int(year) + (2000 if len(year) == 2 else 0), month, day)
    for back in range(_FEBRUARY_29 + 1):
        try:
            latest = date(today.year - back, month, day)
        except ValueError:
            continue
        if latest <= today:
            return latest
    raise SearchInvalid("the calendar has no such day")


def _month(year: int, month: int) -> Days:
    first = _civil(year, month, 1)
    following = (first + timedelta(days=32)).replace(day=1)
    return Days(first, following - timedelta(days=1))


def _civil(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise SearchInvalid("the calendar has no such day") from None
