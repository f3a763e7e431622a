"""A claim that may still be corrected, or a quote that was handed over, in the form.

Rules: the lens codes are carried as they are, for the corrections that chose them were not kept; they are let go as
soon as the model, the type or a correction is touched. A thing that was not sold has the price 0; what has no field
stays as it is. The prescriber and the ground of an early renewal were not kept either: the ground is asked for again.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import TypeVar

from terminal.domain.lpp import LensType
from terminal.tui.claim_form import EYES, LENS_TYPES, PLACES, ClaimForm, Offer
from terminal.tui.entry import amount_entry
from terminal.workflow.handed import HandedQuote
from terminal.workflow.lines import draft_lines
from terminal.workflow.types import Draft, DraftLine

Name = TypeVar("Name", str, int)


def refill(offer: Offer, draft: Draft, replaces: str | None) -> ClaimForm:
    """The form of `draft`, which will replace the claim `replaces`."""
    claim = ClaimForm(replace(offer, people=(draft.person,)))
    claim.replaces = replaces
    claim.asks_agreement, claim.agreement = draft.asks_agreement, draft.agreement
    put_lines(claim, draft.lines, draft.model, draft.lens_type)
    _put_insurer(claim, draft.insurer, draft.contract_id)
    claim.form["member"].put(draft.member or "")
    claim.form["amo_rate"].put(str(draft.amo_rate))
    if draft.prescription_date is not None:
        claim.form["day"].put(draft.prescription_date.strftime("%d%m%Y"))
    _put_renewal(claim, draft.last_glasses or next(iter(draft.last_contact_lenses.values()), None))
    claim.form.go("day")
    return claim


def take_over(claim: ClaimForm, quote: HandedQuote) -> bool:
    """Put what a quote says into a claim that is being written, and go to what is still to be filled.

    False when its insurer or contract is not one of this terminal: the person then chooses, for none is guessed.
    """
    put_lines(claim, draft_lines(quote.lines), quote.model, quote.lens_type)
    known = quote.insurer is None or choose_insurer(claim, quote.insurer, quote.contract)
    if quote.prescription_date is not None:
        claim.form["day"].put(quote.prescription_date.strftime("%d%m%Y"))
    _put_renewal(claim, quote.last_equipment)
    empty = claim.form.missing()
    claim.form.go(empty.key if empty is not None else "model")
    return known


def choose_insurer(claim: ClaimForm, amc: str, contract: str | None = None) -> bool:
    """Choose an insurer, and a contract where one is named; what is not known here is left open, with False."""
    known = {choice.amc: choice for choice in claim.offer.insurers}
    if amc not in known:
        claim.form["insurer"].put("")
        claim.refresh()
        return False
    ids = [choice.id for choice in known[amc].contracts]
    _put_insurer(claim, amc, contract if contract in ids else None)
    if contract is None or contract in ids:
        return True
    if len(ids) > 1:
        claim.form["contract"].put("")
    return False


def put_lines(claim: ClaimForm, lines: Iterable[DraftLine], model: int | None, lens_type: LensType | None) -> None:
    """Put the things sold into the form, each in its place."""
    placed, others = _placed(lines)
    claim.form["model"].put(str(_place(model or 0, [known.number for known in claim.offer.models])))
    claim.settle_model()
    if lens_type is not None:
        claim.form["lens_type"].put(str(LENS_TYPES.index(lens_type) + 1))
    claim.carried = {eye: placed[name].lpp_code for eye, name in EYES.items() if name in placed}
    claim.frame_carried = placed["frame"].lpp_code if "frame" in placed else None
    claim.other_lines = others
    for place in PLACES:
        line = placed.get(place)
        claim.form[f"{place}_price"].put(amount_entry(line.price if line else 0))
        _put_tariff(claim, place, line)
    claim.refresh()


def _placed(lines: Iterable[DraftLine]) -> tuple[dict[str, DraftLine], tuple[DraftLine, ...]]:
    """The lines that have a field, by its place, and the others."""
    placed: dict[str, DraftLine] = {}
    others: list[DraftLine] = []
    for line in lines:
        place = "frame" if line.item == "frame" else EYES[line.eye] if line.eye else None
        if place is None or place in placed or line.item == "supplement" or line.quantity > 1:
            others.append(line)
        else:
            placed[place] = line
    return placed, tuple(others)


def _put_tariff(claim: ClaimForm, place: str, line: DraftLine | None) -> None:
    for kind in ("plv", "base"):
        cents = getattr(line, kind, None)
        if line is not None and cents is not None:
            claim.ask_tariff(place, kind)
            claim.form[f"{place}_{kind}"].put(amount_entry(cents))
            claim.form["plv_reason"].put(line.plv_reason or "")


def _put_renewal(claim: ClaimForm, last: date | None) -> None:
    if last is not None:
        claim.form["last"].put(last.strftime("%d%m%Y"))
        claim.settle_renewal()


def _put_insurer(claim: ClaimForm, amc: str, contract: str | None) -> None:
    place = _place(amc, [choice.amc for choice in claim.offer.insurers])
    claim.form["insurer"].put(str(place))
    claim.refresh()
    contracts = claim.insurer.contracts if claim.insurer else ()
    if contract is not None:
        claim.form["contract"].put(str(_place(contract, [choice.id for choice in contracts])))


def _place(wanted: Name, names: list[Name]) -> int:
    return names.index(wanted) + 1 if wanted in names else 1
