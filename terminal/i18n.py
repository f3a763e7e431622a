"""French sentences, from one file that an optician can proofread: `locale/fr.toml`.

Rules: the file is read once, at the first sentence; a sentence is named by a dotted key and filled with facts; a
missing key is a defect and raises, while a missing fact shows as "?" in an error text, because a screen that explains
an error must not fail itself. Facts are formatted by the sentence: `{amount:money}`, `{until:date}`, `{since:age}`.
Figures follow French usage: U+00A0 inside amounts and before a unit, so that a line never breaks there.
"""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

NBSP = "\u00a0"
PARIS = ZoneInfo("Europe/Paris")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


class TextMissing(KeyError):
    """No sentence has this key."""


def text(key: str, **facts: object) -> str:
    """The sentence named `key`, filled with `facts`; TextMissing when the file has no such sentence."""
    return _template(key).format_map({name: _Fact(value) for name, value in facts.items()})


def error_text(code: str, facts: Mapping[str, object] | None = None) -> tuple[str, str]:
    """What is wrong, and what to do about it, for an error `code`; a general pair for an unknown code."""
    known = _Lenient({name: _Fact(value) for name, value in (facts or {}).items()})
    known.setdefault("code", _Fact(code))
    name = code if f"error.{code}.what" in sentences() else "unknown"
    return _template(f"error.{name}.what").format_map(known), _template(f"error.{name}.todo").format_map(known)


def reason_texts(code: str) -> tuple[str, str]:
    """Why an insurer does not pay all, and what to do about it, for the reason `code`; one not listed is named."""
    name = code if f"reason.{code}.what" in sentences() else "unlisted"
    known = _Lenient({"code": _Fact(code)})
    return _template(f"reason.{name}.what").format_map(known), _template(f"reason.{name}.todo").format_map(known)


def warning_text(code: str, facts: Mapping[str, object]) -> str:
    """What is uncertain or was adjusted in a quote; the code itself when it has no sentence."""
    known = _Lenient({name: _Fact(value) for name, value in facts.items()})
    return sentences().get(f"warning.{code}", code).format_map(known)


@cache
def sentences() -> Mapping[str, str]:
    """Every sentence by its dotted key."""
    raw = tomllib.loads(files("terminal").joinpath("locale/fr.toml").read_text(encoding="utf-8"))
    return dict(_flat("", raw))


def money_text(cents: int) -> str:
    """An amount in cents as `1 234,50 €`, with no-break spaces U+00A0 (typographers use U+202F)."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100:,}".replace(",", NBSP) + f",{abs(cents) % 100:02}{NBSP}€"


def date_text(day: date) -> str:
    """A civil day as JJ/MM/AAAA."""
    return day.strftime("%d/%m/%Y")


def time_text(instant: datetime, *, seconds: bool = False) -> str:
    """An aware instant as the time of day in France, HH:MM or HH:MM:SS."""
    return instant.astimezone(PARIS).strftime("%H:%M:%S" if seconds else "%H:%M")


def moment_text(instant: datetime, now: datetime) -> str:
    """The time of an instant of the same day in France, the day and month of an earlier one."""
    local = instant.astimezone(PARIS)
    return local.strftime("%H:%M" if local.date() == now.astimezone(PARIS).date() else "%d/%m")


def age_text(age: timedelta) -> str:
    """How long ago, in its largest units: `20 s`, `6 min`, `2 h 10`, `3 j`; a negative age counts as none."""
    seconds = max(0, int(age.total_seconds()))
    if seconds < _MINUTE:
        return f"{seconds}{NBSP}s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE}{NBSP}min"
    if seconds < _DAY:
        hours, minutes = divmod(seconds // _MINUTE, 60)
        return f"{hours}{NBSP}h{NBSP}{minutes:02}" if minutes else f"{hours}{NBSP}h"
    return f"{seconds // _DAY}{NBSP}j"


class _Fact:
    """A fact and the three French formats a sentence may ask for."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __format__(self, spec: str) -> str:
        if spec == "money" and isinstance(self.value, int):
            return money_text(self.value)
        if spec == "date":
            return _day_text(self.value)
        if spec == "age" and isinstance(self.value, timedelta):
            return age_text(self.value)
        return str(self.value)


def _day_text(value: object) -> str:
    try:
        return date_text(value if isinstance(value, date) else date.fromisoformat(str(value)))
    except ValueError:
        return str(value)


class _Lenient(dict[str, _Fact]):
    def __missing__(self, key: str) -> _Fact:
        return _Fact("?")


def _template(key: str) -> str:
    try:
        return sentences()[key]
    except KeyError:
        raise TextMissing(key) from None


def _flat(prefix: str, node: Mapping[str, object]) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for name, value in node.items():
        key = f"{prefix}{name}"
        pairs += _flat(f"{key}.", value) if isinstance(value, dict) else [(key, str(value))]
    return pairs
