"""A claim that may still be corrected, back in the form.

Rules: the lens codes are carried as they are, for the corrections that chose them were not kept; they are let go as
soon as the model, the type or a correction is touched. A thing that was not sold has the price 0.
"""

from dataclasses import replace

from terminal.tui.claim_form import EYES, ClaimForm, Offer
from terminal.tui.entry import amount_entry
from terminal.workflow.types import Draft, DraftLine, Model


def refill(offer: Offer, draft: Draft, replaces: str) -> ClaimForm:
    """The form of `draft`, which will replace the claim `replaces`."""
    claim = ClaimForm(replace(offer, people=(draft.person,)))
    claim.replaces = replaces
    _put_equipment(claim, draft)
    _put_insurer(claim, draft)
    claim.form["amo_rate"].put(str(draft.amo_rate))
    if draft.prescription_date is not None:
        claim.form["day"].put(draft.prescription_date.strftime("%d%m%Y"))
    claim.form.go("day")
    return claim


def _put_equipment(claim: ClaimForm, draft: Draft) -> None:
    by_eye = {line.eye: line for line in draft.lines if line.eye is not None}
    frame = next((line for line in draft.lines if line.item == "frame"), None)
    model = _model_of(claim.offer.models, frame, tuple(by_eye.values()))
    claim.form["model"].put(str(claim.offer.models.index(model) + 1))
    claim.settle_model()
    claim.carried = {eye: line.lpp_code for eye, line in by_eye.items() if eye is not None}
    claim.frame_carried = frame.lpp_code if frame else None
    claim.form["frame_price"].put(amount_entry(frame.price if frame else 0))
    for eye, name in EYES.items():
        line = by_eye.get(eye)
        claim.form[f"{name}_price"].put(amount_entry(line.price if line else 0))
        _put_plv(claim, name, line)
    claim.refresh()


def _put_plv(claim: ClaimForm, name: str, line: DraftLine | None) -> None:
    if line is None or line.plv is None:
        return
    claim.ask_plv()
    claim.form[f"{name}_plv"].put(amount_entry(line.plv))
    claim.form["plv_reason"].put(line.plv_reason or "")


def _put_insurer(claim: ClaimForm, draft: Draft) -> None:
    place = _place(draft.insurer, [choice.amc for choice in claim.offer.insurers])
    claim.form["insurer"].put(str(place))
    claim.refresh()
    contracts = claim.insurer.contracts if claim.insurer else ()
    claim.form["contract"].put(str(_place(draft.contract_id, [choice.id for choice in contracts])))
    claim.form["member"].put(draft.member or "")


def _place(wanted: str, ids: list[str]) -> int:
    return ids.index(wanted) + 1 if wanted in ids else 1


def _model_of(models: tuple[Model, ...], frame: DraftLine | None, lenses: tuple[DraftLine, ...]) -> Model:
    """The model most like what was sold: same frame and lenses, else same frame and class, else same frame."""
    codes = {line.lpp_code for line in lenses}
    regulated = any(line.plv is not None for line in lenses)
    same_frame = [model for model in models if model.frame_code == (frame.lpp_code if frame else None)] or list(models)
    exact = [model for model in same_frame if codes == {model.lens_code}]
    near = [model for model in same_frame if (model.lens_class == "A") == regulated]
    return (exact or near or same_frame)[0]
