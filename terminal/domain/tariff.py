"""The regulated ceiling (PLV) and the base of reimbursement of one line.

Rules: a tariff that is not known is refused, never guessed; the shop may type it from its own tariff, with the reason,
and the quote says so. A well confirmed tariff cannot be typed over. The base of a class A lens is 30 % of its PLV,
half up (SOURCE §5); no other base is derived. Price above PLV is refused (SOURCE §6). Class B prices
are free.
"""

from collections.abc import Iterator

from terminal.domain.errors import LineInvalid, PriceAbovePlv, TariffUnknown
from terminal.domain.lines import LineInput, Tariff, Warning_
from terminal.domain.money import Cents, share

BASE_PERCENT_OF_PLV = 30


def tariff_of(number: int, line: LineInput) -> Tariff:
    """The tariff of line `number`. Raises TariffUnknown, PriceAbovePlv, or LineInvalid for a tariff typed in vain."""
    plv = _plv(number, line)
    base = _base(number, line, plv)
    if plv is not None and base > plv:
        raise LineInvalid("a base above the PLV", line=number, reason="base", accepted=f"1-{plv}")
    tariff = Tariff(None if plv is None else Cents(plv * line.quantity), Cents(base * line.quantity))
    if tariff.plv is not None and line.price > tariff.plv:
        raise PriceAbovePlv("above the regulated price", line=number, plv=tariff.plv, price=line.price)
    return tariff


def _plv(number: int, line: LineInput) -> Cents | None:
    """The ceiling for one unit: typed, else known; None where the price is free."""
    if line.plv is not None:
        return _typed_plv(number, line, Cents(line.plv))
    if line.lpp.plv is None and line.lpp.item_class == "A":
        raise _unknown(number, line, "plv")
    return line.lpp.plv


def _typed_plv(number: int, line: LineInput, plv: Cents) -> Cents:
    """The ceiling typed by the shop, where there is one and the catalogue is not sure of it."""
    if line.lpp.item_class == "B" or line.item == "contact_lenses":
        raise LineInvalid("the price of this code is free", line=number, reason="plv_not_applicable")
    if line.lpp.plv is not None and line.lpp.confidence == "high" and plv != line.lpp.plv:
        raise LineInvalid("the PLV of this code is known", line=number, reason="plv_known", accepted=str(line.lpp.plv))
    return plv


def _base(number: int, line: LineInput, plv: Cents | None) -> Cents:
    """The base for one unit: typed, or 30 % of a class A lens's PLV when that was typed, else known."""
    if line.base is not None:
        return _typed_base(number, line, Cents(line.base))
    if plv is not None and base_is_derived(line):
        return share(plv, BASE_PERCENT_OF_PLV)
    if line.lpp.base is None:
        raise _unknown(number, line, "base")
    return line.lpp.base


def base_is_derived(line: LineInput) -> bool:
    """Whether a line that has a PLV takes 30 % of it as base: a lens whose PLV was typed or whose base is not known."""
    return line.base is None and line.item == "lens" and (line.plv is not None or line.lpp.base is None)


def _typed_base(number: int, line: LineInput, base: Cents) -> Cents:
    known = line.lpp.base
    if line.item == "lens" and line.lpp.item_class == "A":
        raise LineInvalid("the base of a class A lens follows its PLV", line=number, reason="base_not_applicable")
    if known is not None and line.lpp.confidence == "high" and base != known:
        raise LineInvalid("the base of this code is known", line=number, reason="base_known", accepted=str(known))
    return base


def _unknown(number: int, line: LineInput, needs: str) -> TariffUnknown:
    return TariffUnknown("no tariff is known", line=number, lpp_code=str(line.lpp.code), needs=needs)


def tariff_warnings(number: int, line: LineInput) -> Iterator[Warning_]:
    """What is uncertain in the tariff of line `number`: typed by the shop, or not confirmed."""
    if line.plv is not None:
        yield Warning_("plv_typed", {"line": number, "plv": line.plv})
    if line.base is not None:
        yield Warning_("base_typed", {"line": number, "base": line.base})
    if line.plv is None and line.base is None and line.lpp.confidence != "high":
        yield Warning_("tariff_unconfirmed", {"line": number, "confidence": line.lpp.confidence})
