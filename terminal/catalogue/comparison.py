"""What an import would change, for a person to look at before accepting it.

Rules: nothing that changes is left out: new codes, ended and reopened ones, prices on the day of the comparison and
later, official natures that differ from those deduced, labels of generic codes that are no longer ours, codes that the
full base lacks. A maker's code that follows its generic one is not listed again. Lists are in the order of the codes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from terminal.catalogue.catalogue import Catalogue
from terminal.catalogue.proposal import Proposal
from terminal.catalogue.tariff_rows import TariffPeriod
from terminal.domain.errors import DomainError
from terminal.domain.identifiers import LppCode
from terminal.domain.lpp import LppItem
from terminal.domain.money import Cents


@dataclass(frozen=True, slots=True)
class PriceChange:
    """A tariff that changes, in cents a unit; None is not known, or free for `plv`. `since`: its first day, if said."""

    code: LppCode
    since: date | None
    plv_before: Cents | None
    plv: Cents | None
    base_before: Cents | None
    base: Cents | None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A code whose official nature is not the regroupement that it had, deduced or imported before."""

    code: LppCode
    deduced: str | None
    official: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that would change. `ended` gives the first day without a code; `left_out` counts codes outside optics."""

    new: tuple[LppCode, ...]
    ended: Mapping[LppCode, date]
    reopened: tuple[LppCode, ...]
    prices: tuple[PriceChange, ...]
    regroupements: tuple[Disagreement, ...]
    relabelled: tuple[LppCode, ...]
    absent: tuple[LppCode, ...]
    left_out: int


def compare(before: Catalogue, proposal: Proposal, day: date) -> Comparison:
    """What the proposal changes, seen from `day`."""
    after = proposal.catalogue
    old, new = before.data, after.data
    codes = [*new.generics, *(code for code in new.makers if code in old.maker_periods or code in new.maker_periods)]
    old_items, new_items = _items(before, day, codes), _items(after, day, codes)
    both = sorted(old_items.keys() & new_items.keys())
    return Comparison(
        new=tuple(sorted(new.makers.keys() - old.makers.keys())),
        ended={code: new.closed[code] for code in sorted(new.closed.keys() - old.closed.keys())},
        reopened=tuple(sorted(old.closed.keys() - new.closed.keys())),
        prices=(*_changed(both, old_items, new_items), *_later(before, after, day)),
        regroupements=tuple(_disagreements(both, old_items, new_items)),
        relabelled=tuple(_relabelled(before, proposal)),
        absent=tuple(_absent(before, proposal)),
        left_out=proposal.left_out,
    )


def _items(catalogue: Catalogue, day: date, codes: Iterable[LppCode]) -> Mapping[LppCode, LppItem]:
    """Those of the codes that answer on that day; a version that begins later answers as on its first day."""
    found = catalogue.in_force(max(day, catalogue.effective_from))
    return {code: item for code in codes if (item := _item(found, code)) is not None}


def _item(catalogue: Catalogue, code: LppCode) -> LppItem | None:
    try:
        return catalogue.item(code)
    except DomainError:
        return None


def _changed(
    codes: list[LppCode], old: Mapping[LppCode, LppItem], new: Mapping[LppCode, LppItem]
) -> Iterator[PriceChange]:
    for code in codes:
        one, other = old[code], new[code]
        if (one.plv, one.base) != (other.plv, other.base):
            since = other.tariff_row.since if other.tariff_row else None
            yield PriceChange(code, since, one.plv, other.plv, one.base, other.base)


def _later(before: Catalogue, after: Catalogue, day: date) -> Iterator[PriceChange]:
    """Tariffs that are announced for after `day` and were not before."""
    old = {**before.data.generic_periods, **before.data.maker_periods}
    new = {**after.data.generic_periods, **after.data.maker_periods}
    for code in sorted(new):
        known = {_tariff(period) for period in old.get(code, ())}
        for one, other in zip([None, *new[code]], new[code], strict=False):
            if other.start > day and _tariff(other) not in known:
                was = (one.plv, one.base) if one else (None, None)
                yield PriceChange(code, other.start, was[0], other.plv, was[1], other.base)


def _tariff(period: TariffPeriod) -> tuple[object, ...]:
    return (period.start, period.plv, period.base)


def _disagreements(
    codes: list[LppCode], old: Mapping[LppCode, LppItem], new: Mapping[LppCode, LppItem]
) -> Iterator[Disagreement]:
    for code in codes:
        if old[code].regroupement != new[code].regroupement:
            yield Disagreement(code, old[code].regroupement, new[code].regroupement)


def _relabelled(before: Catalogue, proposal: Proposal) -> Iterator[LppCode]:
    """Generic codes whose official label is another: their definition may have changed, ours has not."""
    for code in proposal.official.codes:
        known = before.data.generics.get(code.code)
        if known is not None and code.label and code.label != " ".join(known.label.split()):
            yield code.code


def _absent(before: Catalogue, proposal: Proposal) -> Iterator[LppCode]:
    if proposal.official.whole:
        said = {code.code for code in proposal.official.codes}
        yield from sorted((before.data.generics.keys() | before.data.makers.keys()) - said)
