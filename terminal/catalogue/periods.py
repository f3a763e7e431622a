"""Periods of tariffs as an import writes them, and one set of periods laid over another.

Rules: a day has one tariff; what is laid over wins on its days, what was known stays on the others; a code that had one
undated tariff has had it since the first day of its catalogue.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from terminal.catalogue.catalogue import Catalogue
from terminal.catalogue.official import Official, OfficialCode, in_time
from terminal.catalogue.tariff_rows import TariffPeriod
from terminal.domain.identifiers import LppCode
from terminal.domain.lpp import Confidence, LppItem
from terminal.domain.money import Cents

_DAY: Final = timedelta(days=1)
_WORDS: Final[dict[Confidence, str]] = {"high": "haute", "medium": "moyenne", "low": "basse", "unknown": "basse"}


@dataclass(frozen=True, slots=True)
class Period:
    """A tariff from `start` to `end` (None: open), in cents a unit."""

    start: date
    end: date | None
    nature: str | None
    plv: Cents | None
    base: Cents | None
    quantity_max: int | None
    confidence: Confidence
    source: str
    on_quote: bool = False

    @classmethod
    def of(cls, known: TariffPeriod) -> "Period":
        """The period of an accepted version."""
        return cls(
            known.start, known.end, known.nature, known.plv, known.base, known.quantity_max, known.confidence,
            known.row.source, on_quote=known.on_quote,
        )  # fmt: skip

    def row(self, code: LppCode) -> dict[str, str]:
        """The row of a tariffs file."""
        return {
            "code_lpp": str(code),
            "debut": self.start.isoformat(),
            "fin": self.end.isoformat() if self.end else "",
            "nature": self.nature or "",
            "sur_devis": "O" if self.on_quote else "N",
            "plv_ttc": _euros(self.plv),
            "base_remboursement": _euros(self.base),
            "quantite_max": str(self.quantity_max or ""),
            "confiance": _WORDS[self.confidence],
            "source": self.source,
        }


def official_periods(official: Official, code: OfficialCode) -> list[Period]:
    """The periods of a code of the file, oldest first."""
    return [
        Period(
            start=tariff.start,
            end=tariff.end,
            nature=tariff.nature,
            plv=tariff.plv,
            base=tariff.base,
            quantity_max=tariff.quantity_max,
            confidence=tariff.confidence,
            source=f"{tariff.source or 'CNAM'} ({official.form} {official.sha256[:12]} #{tariff.record})",
            on_quote=tariff.on_quote,
        )
        for tariff in in_time(code.tariffs)
    ]


def periods_of(catalogue: Catalogue, code: LppCode) -> Sequence[Period]:
    """What is known of `code` where it has no periods of its own: those of its generic code, or its undated tariff."""
    maker = catalogue.data.makers.get(code) if code not in catalogue.data.generics else None
    source = maker.generic if maker is not None else code
    dated = catalogue.data.generic_periods.get(source, ()) if source else ()
    if dated or source is None or source not in catalogue.data.generics:
        return [Period.of(period) for period in dated]
    return list(_undated(catalogue.data.generics[source], catalogue.effective_from))


def _undated(item: LppItem, since: date) -> Iterator[Period]:
    if item.base is not None or item.plv is not None:
        source = item.tariff_row.source if item.tariff_row else ""
        yield Period(since, None, None, item.plv, item.base, None, item.confidence, source)


def laid_over(known: Iterable[Period], new: Sequence[Period]) -> list[Period]:
    """`new` on its days, `known` on all others, oldest first."""
    pieces = list(known)
    for period in new:
        pieces = [piece for old in pieces for piece in _outside(old, period)]
    return sorted([*pieces, *new], key=lambda period: period.start)


def _outside(old: Period, new: Period) -> Iterator[Period]:
    """What is left of `old` before and after `new`."""
    if old.start < new.start:
        last = new.start - _DAY
        yield replace(old, end=last if old.end is None else min(old.end, last))
    if new.end is not None and (old.end is None or old.end > new.end):
        yield replace(old, start=max(old.start, new.end + _DAY))


def _euros(cents: Cents | None) -> str:
    return "" if cents is None else f"{cents // 100}.{cents % 100:02}"
