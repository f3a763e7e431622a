"""The nomenclature as it answers for a service date: which codes exist, and what is attached to them.

Rules: a maker's code (72...) takes tariff, level and regroupement of its generic code unless the CNAM's base gives its
own; a closed code is refused with its end. Official tariffs have periods: `in_force` answers for one service date, and
without a date the newest tariff counts.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable

from terminal.catalogue.maker_rows import MakerCode, of_nature, under_generic
from terminal.catalogue.tariff_rows import TariffPeriod, with_tariff
from terminal.catalogue.version import Periods, Version
from terminal.domain.errors import LppCodeClosed, LppCodeUnknown, LppCodeUnmapped, ServiceDateUncovered
from terminal.domain.identifiers import LppCode
from terminal.domain.lpp import LppItem


class Catalogue:
    """A version as it answers on one day, or with its newest tariffs where `day` is None.

    `earlier` are the versions that answer for days before this one, newest first.
    """

    def __init__(
        self, version: Version, day: date | None = None, earlier: Callable[[], Iterable[Version]] = tuple
    ) -> None:
        self._data = version
        self._day = day
        self._earlier = earlier

    @property
    def version(self) -> str:
        """The name of this state of the data."""
        return self._data.manifest.version

    @property
    def effective_from(self) -> date:
        """The first service date that this version covers."""
        return self._data.manifest.effective_from

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of this version; it goes into every claim."""
        return self._data.digest

    def in_force(self, on: date) -> "Catalogue":
        """The version and the tariffs in force on a service date: the newest version that covers it.

        Raises ServiceDateUncovered before the first day of the oldest.
        """
        first = self.effective_from
        for version in self._newest_first():
            first = version.manifest.effective_from
            if first <= on:
                return Catalogue(version, on)
        facts = {"service_date": on.isoformat(), "effective_from": first.isoformat()}
        raise ServiceDateUncovered("before the catalogue", **facts)

    def item(self, code: LppCode) -> LppItem:
        """What is known of `code`. Raises LppCodeClosed, LppCodeUnmapped or LppCodeUnknown."""
        generic = self._data.generics.get(code)
        if generic is not None and not (self._data.dated and self._ended(code)):
            return self._priced(generic, self._data.generic_periods)
        if self._ended(code):
            raise LppCodeClosed("ended", lpp_code=str(code), ended=self._data.closed[code].isoformat())
        if code in self._data.makers:
            return self._of_maker(self._data.makers[code])
        raise LppCodeUnknown("not in the catalogue", lpp_code=str(code), version=self.version)

    def lenses(self) -> tuple[LppItem, ...]:
        """Every generic lens code, for the choice by correction."""
        return tuple(item for item in self.generics() if item.item == "lens")

    def generics(self) -> tuple[LppItem, ...]:
        """Every generic code that has not ended, in the order of the data."""
        return self._generics

    def makers(self) -> Iterator[LppItem]:
        """Every other code that has not ended and whose nature is known."""
        for maker in self._data.makers.values():
            try:
                yield self.item(maker.code)
            except (LppCodeUnmapped, LppCodeClosed):
                continue

    def search(self, text: str) -> tuple[LppItem, ...]:
        """The generic codes whose code, label or regroupement hold every word of `text`; a whole maker's code too.

        Case and accents do not count; no word finds nothing.
        """
        words = _folded(text).split()
        if not words:
            return ()
        found = tuple(item for item in self.generics() if all(word in _searchable(item) for word in words))
        return found or self._maker_named(words)

    def regroupement_label(self, regroupement: str) -> str | None:
        """The official label of a regroupement code, None when it is not one of optics."""
        return self._data.regroupements.get(regroupement)

    @property
    def data(self) -> Version:
        """The version itself, for an import that builds the next one."""
        return self._data

    @cached_property
    def _generics(self) -> tuple[LppItem, ...]:
        items = self._data.generics.values()
        if not self._data.dated:
            return tuple(items)
        return tuple(self.item(item.code) for item in items if not self._ended(item.code))

    def _newest_first(self) -> Iterator[Version]:
        yield self._data
        yield from self._earlier()

    def _ended(self, code: LppCode) -> bool:
        ended = self._data.closed.get(code)
        return ended is not None and (self._day is None or ended <= self._day)

    def _priced(self, item: LppItem, periods: Periods) -> LppItem:
        """`item` with its official tariff of the day; as it is where the base has none for it."""
        own = periods.get(item.code)
        return with_tariff(item, self._of_day(own)) if own else item

    def _of_day(self, periods: Sequence[TariffPeriod]) -> TariffPeriod | None:
        """The period of the day: the one that began last, where an end and a beginning share a day."""
        day = self._day
        if day is None:
            return periods[-1]
        return next((period for period in reversed(periods) if period.covers(day)), None)

    def _maker_named(self, words: list[str]) -> tuple[LppItem, ...]:
        maker = {str(code): maker for code, maker in self._data.makers.items()}.get(words[0])
        if len(words) > 1 or maker is None:
            return ()
        try:
            return (self.item(maker.code),)
        except (LppCodeUnmapped, LppCodeClosed):
            return ()

    def _of_maker(self, maker: MakerCode) -> LppItem:
        """A maker's code by its generic one; by its official nature where that says something else, or alone."""
        periods = self._data.maker_periods
        nature = next((period.nature for period in reversed(periods.get(maker.code, ())) if period.nature), None)
        same = [item for item in self._data.generics.values() if nature and item.regroupement == nature]
        if maker.generic is not None:
            generic = self._priced(self._data.generics[maker.generic], self._data.generic_periods)
            if not same or _kind(same[0]) == _kind(generic):
                return self._priced(under_generic(maker, generic), periods)
        if not same:
            raise LppCodeUnmapped("its generic code is not known", lpp_code=str(maker.code))
        return self._priced(of_nature(maker, same), periods)


def load_catalogue(folder: Traversable | None = None) -> Catalogue:
    """The catalogue carried by the program, or the one in `folder`; CatalogueInvalid when it is damaged."""
    return Catalogue(Version(folder if folder is not None else seed_folder()))


def seed_folder() -> Traversable:
    """The data that the program carries."""
    return files("terminal.catalogue").joinpath("data")


def _kind(item: LppItem) -> tuple[object, ...]:
    return (item.item, item.item_class, item.level)


def _folded(text: str) -> str:
    """Lower case without accents."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()


def _searchable(item: LppItem) -> str:
    return _folded(f"{item.code} {item.label} {item.regroupement or ''}")
