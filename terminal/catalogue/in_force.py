"""The catalogue of a home that runs: an import or a roll-back counts from the next question on, without a restart.

Rules: each question reads the shelf's record, which is small and replaced whole, and compares it with the one that was
read before; only another record reads a version. Several threads may ask: at worst a version is read twice.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from terminal.catalogue.catalogue import Catalogue
from terminal.catalogue.shelf import Shelf

MOST_DAYS: Final = 64
"""Service dates whose answers are kept in memory; a counter asks for today, and seldom for another."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read for one record of the shelf, and what it answered by service date."""

    accepted: tuple[str, ...]
    catalogue: Catalogue
    by_day: dict[date, Catalogue] = field(default_factory=dict)


class CatalogueInForce:
    """The catalogue of `shelf`, as it is now and on a service date."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        shelf.keep_seed()
        self._read = self._load(shelf.accepted())

    def now(self) -> Catalogue:
        """The newest version in force. Raises CatalogueInvalid or CatalogueUnknown for a damaged shelf."""
        return self._current().catalogue

    def on(self, day: date) -> Catalogue:
        """The version and the tariffs in force on a service date. Raises ServiceDateUncovered as well."""
        read = self._current()
        found = read.by_day.get(day)
        if found is None:
            found = read.catalogue.in_force(day)
            if len(read.by_day) >= MOST_DAYS:
                read.by_day.clear()
            read.by_day[day] = found
        return found

    def _current(self) -> _Read:
        accepted = self._shelf.accepted()
        if accepted != self._read.accepted:
            self._read = self._load(accepted)
        return self._read

    def _load(self, accepted: tuple[str, ...]) -> _Read:
        return _Read(accepted, self._shelf.current())
