"""A claim that may still be corrected, back in the form.

Rules: the lens codes are carried as they are, for the corrections that chose them were not kept; they are let go as
soon as the model, the type or a correction is touched. A thing that was not sold has the price 0. The prescriber and
the ground of an early renewal were not kept either: the ground is asked for again.
"""

from dataclasses import replace
from typing import TypeVar

from terminal.tui.claim_form import EYES, LENS_TYPES, ClaimForm, Offer
from terminal.tui.entry import amount_entry
from terminal.workflow.types import Draft, DraftLine

Name = TypeVar("Name", str, int)


def refill(offer: Offer, draft: Draft, replaces: str | None) -> ClaimForm:
    """The form of `draft`, which will replace the claim `replaces`."""
    claim = ClaimForm(replace(offer, people=(draft.person,)))
    claim.replaces = replaces
    claim.asks_agreement, claim.agreement = draft.asks_agreement, draft.agreement
    _put_equipment(claim, draft)
    _put_insurer(claim, draft)
    claim.form["amo_rate"].put(str(draft.amo_rate))
    if draft.prescription_date is not None:
        claim.form["day"].put(draft.prescription_date.strftime("%d%m%Y"))
    _put_renewal(claim, draft)
    claim.form.go("day")
    return claim


def _put_equipment(claim: ClaimForm, draft: Draft) -> None:
    by_eye = {line.eye: line for line in draft.lines if line.eye is not None}
    frame = next((line for line in draft.lines if line.item == "frame"), None)
    claim.form["model"].put(str(_place(draft.model or 0, [model.number for model in claim.offer.models])))
    claim.settle_model()
    if draft.lens_type is not None:
        claim.form["lens_type"].put(str(LENS_TYPES.index(draft.lens_type) + 1))
    claim.carried = {eye: line.lpp_code for eye, line in by_eye.items() if eye is not None}
    claim.frame_carried = frame.lpp_code if frame else None
    for place, line in {"frame": frame, **{name: by_eye.get(eye) for eye, name in EYES.items()}}.items():
        claim.form[f"{place}_price"].put(amount_entry(line.price if line else 0))
        _put_tariff(claim, place, line)
    claim.refresh()


def _put_tariff(claim: ClaimForm, place: str, line: DraftLine | None) -> None:
    for kind in ("plv", "base"):
        cents = getattr(line, kind, None)
        if line is not None and cents is not None:
            claim.ask_tariff(place, kind)
            claim.form[f"{place}_{kind}"].put(amount_entry(cents))
            claim.form["plv_reason"].put(line.plv_reason or "")


def _put_renewal(claim: ClaimForm, draft: Draft) -> None:
    last = draft.last_glasses or next(iter(draft.last_contact_lenses.values()), None)
    if last is not None:
        claim.form["last"].put(last.strftime("%d%m%Y"))
        claim.settle_renewal()


def _put_insurer(claim: ClaimForm, draft: Draft) -> None:
    place = _place(draft.insurer, [choice.amc for choice in claim.offer.insurers])
    claim.form["insurer"].put(str(place))
    claim.refresh()
    contracts = claim.insurer.contracts if claim.insurer else ()
    claim.form["contract"].put(str(_place(draft.contract_id, [choice.id for choice in contracts])))
    claim.form["member"].put(draft.member or "")


def _place(wanted: Name, names: list[Name]) -> int:
    return names.index(wanted) + 1 if wanted in names else 1
