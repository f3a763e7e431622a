"""What a scanned article or a scanned insurer changes in a claim.

Rules: pure; a scanned code stands until another lens, frame or model is chosen; the first scan of a lens or of contact
lenses is for both eyes, a later one for the eye whose field is active. A free price is never made up: its field waits.
"""

from collections.abc import Sequence

from terminal.domain.lpp import LppItem
from terminal.tui.claim_form import EYES, LENS_TYPES, ClaimForm
from terminal.tui.entry import amount_entry
from terminal.workflow.types import Eye

_MODELS = {("frame", "A"): ("A",), ("frame", "B"): ("B", "mixed"), ("lens", "B"): ("B",)}
"""The models that a thing of a class fits, the first by default; a class A lens depends on the frame."""


def take_item(claim: ClaimForm, item: LppItem) -> bool:
    """Put a scanned article in its place; False when it has none here."""
    if item.item == "supplement":
        return False
    frame = claim.frame_carried
    _choose_model(claim, _fitting(claim, item))
    if item.item == "frame":
        claim.frame_carried = str(item.code)
        _price(claim, "frame", item.plv)
    else:
        claim.frame_carried = None if item.item == "contact_lenses" else frame
        _take_lens(claim, item)
    empty = claim.form.missing()
    if empty is not None and empty.key.endswith("_price"):
        claim.form.go(empty.key)
    elif claim.form.field.hidden:
        claim.form.go("model")
    return True


def _take_lens(claim: ClaimForm, item: LppItem) -> None:
    carried = dict(claim.carried)
    if item.lens_type is not None:
        claim.form["lens_type"].put(str(LENS_TYPES.index(item.lens_type) + 1))
    eyes = _eyes(claim, carried)
    claim.carried = carried | dict.fromkeys(eyes, str(item.code))
    for eye in eyes:
        claim.form[f"{EYES[eye]}_written"].put("")
        _price(claim, EYES[eye], item.plv)
    claim.refresh()


def _eyes(claim: ClaimForm, carried: dict[Eye, str]) -> Sequence[Eye]:
    """The eye whose field is active, once both have a code."""
    active = [eye for eye, name in EYES.items() if claim.form.active.startswith(name)]
    return active if active and len(carried) == len(EYES) else tuple(EYES)


def _price(claim: ClaimForm, place: str, plv: int | None) -> None:
    """The regulated price where there is one; else the field waits, unless somebody typed a price."""
    field = claim.form[f"{place}_price"]
    if plv is not None:
        field.give(amount_entry(plv))
    elif field.given:
        field.put("")


def _fitting(claim: ClaimForm, item: LppItem) -> Sequence[str]:
    """The classes of the models that take this article, the first by default."""
    if item.item == "contact_lenses":
        return ("contact_lenses",)
    if item.item == "lens" and item.item_class == "A":
        of_b = claim.model is not None and claim.model.item_class in ("B", "mixed")
        return ("mixed",) if of_b else ("A",)
    return _MODELS.get((item.item, item.item_class or ""), ("A",))


def _choose_model(claim: ClaimForm, fitting: Sequence[str]) -> None:
    if claim.model is not None and claim.model.item_class in fitting:
        return
    places = [place for place, model in enumerate(claim.offer.models, start=1) if model.item_class == fitting[0]]
    claim.form["model"].put(str(places[0]) if places else "")
    claim.settle_model()
