"""When an equipment may be paid for again: periods by age, enumerated grounds for an earlier one, contact lenses.

Rules (arrete of 3 December 2018, SOURCE §9): from 16 years on glasses are renewed after two years, after one year when
sight has changed; under 16 after one year, at any time when sight has changed on a new prescription; under 6 after six
months when the frame no longer fits; at any time in the listed medical situations. Loss and breakage are no ground. Age
counts on the day of delivery, periods from date to date since the last one. Contact lenses: one package an eye and a
year, no ground shortens it. A ground may be health data: it decides here and is kept nowhere; a claim says at most that
the renewal is early and since when.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, get_args

from terminal.domain.age import completed_years
from terminal.domain.calendar import months_after
from terminal.domain.errors import LastEquipmentFuture, RenewalGroundUnfit, RenewalTooEarly
from terminal.domain.lines import Eye

Ground = Literal["sight_changed", "frame_outgrown", "medical_situation"]

ADULT_AGE: Final = 16
OUTGROWN_AGE: Final = 6
CONTACT_LENS_MONTHS: Final = 12

_MONTHS_ADULT: Final[Mapping[Ground | None, int]] = {None: 24, "sight_changed": 12, "medical_situation": 0}
_MONTHS_CHILD: Final[Mapping[Ground | None, int]] = {None: 12, "sight_changed": 0, "medical_situation": 0}
_MONTHS_SMALL_CHILD: Final[Mapping[Ground | None, int]] = {**_MONTHS_CHILD, "frame_outgrown": 6}


@dataclass(frozen=True, slots=True)
class Renewal:
    """A renewal that is allowed. `due` is the day from which it needs no ground; `early` when delivery is before."""

    last: date
    due: date
    early: bool
    ground: Ground | None = field(default=None, repr=False)


def judge_renewal(last: date, delivery: date, birth_date: date, ground: Ground | None = None) -> Renewal:
    """Whether glasses may be renewed on `delivery` when the last were delivered on `last`.

    A ground that is not needed is not used. Raises LastEquipmentFuture, RenewalGroundUnfit for a ground that this age
    has not, RenewalTooEarly with the first day allowed and the grounds that would do.
    """
    if last > delivery:
        raise LastEquipmentFuture("the last equipment is later", last=last.isoformat(), delivery=delivery.isoformat())
    months = months_by_ground(completed_years(birth_date, delivery))
    due = months_after(last, months[None])
    if delivery >= due:
        return Renewal(last, due, early=False)
    if ground not in months:
        raise RenewalGroundUnfit("no ground at this age", ground=str(ground), accepted=_names(months))
    allowed = months_after(last, months[ground])
    if delivery < allowed:
        raise RenewalTooEarly(
            "too early", allowed_from=allowed.isoformat(), accepted=_that_would_do(last, delivery, months)
        )
    return Renewal(last, due, early=True, ground=ground)


def months_by_ground(age: int) -> Mapping[Ground | None, int]:
    """The months to wait at this age, without a ground (None) and with each ground that this age has."""
    if age >= ADULT_AGE:
        return _MONTHS_ADULT
    return _MONTHS_SMALL_CHILD if age < OUTGROWN_AGE else _MONTHS_CHILD


def judge_contact_lenses(last: Mapping[Eye, date], delivery: date, eyes: Iterable[Eye]) -> None:
    """Refuse (RenewalTooEarly, with the eye) a package for an eye that had one less than a year before `delivery`."""
    for eye in eyes:
        before = last.get(eye)
        if before is None:
            continue
        if before > delivery:
            raise LastEquipmentFuture("the last is later", last=before.isoformat(), delivery=delivery.isoformat())
        allowed = months_after(before, CONTACT_LENS_MONTHS)
        if delivery < allowed:
            raise RenewalTooEarly("one package a year", eye=eye, allowed_from=allowed.isoformat(), accepted="")


def _that_would_do(last: date, delivery: date, months: Mapping[Ground | None, int]) -> str:
    return _names(ground for ground, wait in months.items() if delivery >= months_after(last, wait))


def _names(grounds: Iterable[Ground | None]) -> str:
    """The grounds in the order of the law."""
    chosen = set(grounds)
    return ", ".join(ground for ground in get_args(Ground) if ground in chosen)
