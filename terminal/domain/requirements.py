"""What must hold before anything is priced.

Rules: the first thing wrong is refused with the line (from 1), the rule and what would be accepted; nothing is
repaired. One quote is one equipment for one person: at most a frame and two lenses, or two yearly packages of contact
lenses (R871-2: one frame and two lenses a period). Rates: SOURCE §6.
"""

from datetime import date

from terminal.domain.age import completed_years
from terminal.domain.errors import AgeNotCovered, AmoRateInvalid, EquipmentInvalid, LineInvalid, ServiceDateFuture
from terminal.domain.lines import MAX_LINES, MAX_PRICE, MAX_QUANTITY, MAX_REASON, LineInput, QuoteInput
from terminal.domain.lpp import ItemKind
from terminal.domain.rights import AMO_RATES

_PER_EQUIPMENT: dict[ItemKind, int] = {"frame": 1, "lens": 2, "contact_lenses": 2}


def check(quote: QuoteInput, today: date) -> None:
    """Refuse what cannot be priced; the tariffs themselves are checked by `tariff.tariff_of`."""
    if quote.service_date > today:
        raise ServiceDateFuture("after today", service_date=quote.service_date.isoformat(), today=today.isoformat())
    if quote.amo_rate not in AMO_RATES:
        raise AmoRateInvalid("not a rate", amo_rate=quote.amo_rate, accepted=", ".join(map(str, AMO_RATES)))
    if not 1 <= len(quote.lines) <= MAX_LINES:
        raise EquipmentInvalid("no line, or too many", reason="lines", accepted=f"1-{MAX_LINES}")
    age = completed_years(quote.birth_date, quote.service_date)
    for number, line in enumerate(quote.lines, start=1):
        _check_line(number, line)
        _check_age(number, line, age)
    _check_equipment(quote.lines)


def _check_line(number: int, line: LineInput) -> None:
    if line.item != line.lpp.item:
        raise LineInvalid("not the item of the code", line=number, reason="item", accepted=line.lpp.item)
    if not 0 <= line.price <= MAX_PRICE:
        raise LineInvalid("the price is out of range", line=number, reason="price", accepted=f"0-{MAX_PRICE}")
    _check_units(number, line)
    _check_typed(number, line)


def _check_units(number: int, line: LineInput) -> None:
    most = min(MAX_QUANTITY, line.lpp.quantity_max or MAX_QUANTITY)
    if not 1 <= line.quantity <= most:
        raise LineInvalid("the quantity is out of range", line=number, reason="quantity", accepted=f"1-{most}")
    if line.eye is not None and line.item == "frame":
        raise LineInvalid("a frame has no eye", line=number, reason="eye", accepted="null")
    if line.eye is not None and line.item in _PER_EQUIPMENT and line.quantity != 1:
        raise LineInvalid("one eye takes one", line=number, reason="quantity", accepted="1")


def _check_typed(number: int, line: LineInput) -> None:
    """A typed tariff comes with its reason, and a reason with a typed tariff."""
    typed = [amount for amount in (line.plv, line.base) if amount is not None]
    if any(not 0 < amount <= MAX_PRICE for amount in typed):
        raise LineInvalid("a typed tariff is out of range", line=number, reason="plv", accepted=f"1-{MAX_PRICE}")
    if bool(typed) != bool((line.plv_reason or "").strip()):
        raise LineInvalid("a typed tariff and its reason go together", line=number, reason="plv_reason")
    if len(line.plv_reason or "") > MAX_REASON:
        raise LineInvalid("the reason is too long", line=number, reason="plv_reason", accepted=f"1-{MAX_REASON}")


def _check_age(number: int, line: LineInput, age: int) -> None:
    limit = line.lpp.age_max
    if limit is not None and age > limit:
        raise AgeNotCovered("too old for the code", line=number, lpp_code=str(line.lpp.code), age_max=limit)


def _check_equipment(lines: tuple[LineInput, ...]) -> None:
    for item, most in _PER_EQUIPMENT.items():
        chosen = [line for line in lines if line.item == item]
        if sum(line.quantity for line in chosen) > most:
            raise EquipmentInvalid("more than one equipment", reason=item, accepted=str(most))
        eyes = [line.eye for line in chosen if line.eye is not None]
        if len(eyes) != len(set(eyes)):
            raise EquipmentInvalid("the same eye twice", reason="eye", accepted="right, left")
