"""Periods of tariffs: a row of a tariffs file, and an item with the tariff of a day.

Rules: a code that has periods has no other tariff; on a day that none covers the tariff is not known.
"""

from dataclasses import dataclass, replace
from datetime import date

from terminal.catalogue.rows import CONFIDENCES, cents_of
from terminal.catalogue.tables import Place, Row
from terminal.domain.identifiers import LppCode
from terminal.domain.lpp import Confidence, LppItem, TariffRow
from terminal.domain.money import Cents

_YES: dict[str, bool] = {"O": True, "N": False}


@dataclass(frozen=True, slots=True)
class TariffPeriod:
    """The tariff of a code from `start` to `end` (None: open), in cents a unit; `nature` is the official regroupement.

    `plv` None: no ceiling is set; `base` None: not known, or on quote.
    """

    code: LppCode
    start: date
    end: date | None
    nature: str | None
    plv: Cents | None
    base: Cents | None
    quantity_max: int | None
    confidence: Confidence
    on_quote: bool
    row: TariffRow

    def covers(self, day: date) -> bool:
        """Whether `day` is in the period, its last day included."""
        return self.start <= day and (self.end is None or day <= self.end)


def tariff_period(place: Place, row: Row) -> TariffPeriod:
    """A row of generic_tariffs.csv or maker_tariffs.csv."""
    start = date.fromisoformat(row["debut"])
    on_quote = _YES[row["sur_devis"]]
    base = None if on_quote else cents_of(row["base_remboursement"])
    plv = cents_of(row["plv_ttc"])
    return TariffPeriod(
        code=LppCode.parse(row["code_lpp"]),
        start=start,
        end=date.fromisoformat(row["fin"]) if row["fin"] else None,
        nature=row["nature"] or None,
        plv=plv,
        base=base,
        quantity_max=int(row["quantite_max"]) if row["quantite_max"] else None,
        confidence="unknown" if base is plv is None else CONFIDENCES[row["confiance"]],
        on_quote=on_quote,
        row=TariffRow(place.version, place.file, place.row, row["source"], start),
    )


def with_tariff(item: LppItem, period: TariffPeriod | None) -> LppItem:
    """`item` with the tariff of a period; without one its tariff is not known on that day."""
    if period is None:
        return replace(item, plv=None, base=None, confidence="unknown", tariff_row=None)
    return replace(
        item,
        plv=period.plv,
        base=period.base,
        confidence=period.confidence,
        regroupement=period.nature or item.regroupement,
        tariff_row=period.row,
        quantity_max=period.quantity_max,
    )
