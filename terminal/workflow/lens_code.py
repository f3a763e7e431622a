"""The JSON of `lpp code`: from a correction, in figures or as it is written, to the one code.

Rules: powers in figures are hundredths of a dioptre, either sign of cylinder; a written correction may name both eyes
and then gives a code for each, with the reason. The correction is forgotten with the answer.
"""

from typing import Any

from terminal.catalogue import Catalogue
from terminal.domain.choice import LensChoice, choose_lens
from terminal.domain.lpp import LppItem, select_lens
from terminal.domain.notation import read_written
from terminal.domain.prescription import Correction
from terminal.workflow.shapes import LensShape, WrittenLensShape, shaped


def lens_code_from_json(data: object, catalogue: Catalogue) -> dict[str, Any]:
    """The one code for `{"type", "class", "sphere", "cylinder"}`: code, regroupement, level, label.

    With `text` ("+2,00 (-3,00) 90°") instead of the figures, also `reason` and `notes`; where the text names eyes, one
    such answer under `right` and `left`. Raises InputInvalid for the shape, CorrectionUnreadable for the text,
    CorrectionOutOfRange for a power off the quarter-dioptre grid or beyond the limits.
    """
    if isinstance(data, dict) and "text" in data:
        return _from_text(shaped(data, WrittenLensShape), catalogue)
    asked = shaped(data, LensShape)
    lens = select_lens(catalogue.lenses(), asked.type, asked.class_, Correction(asked.sphere, asked.cylinder))
    return _lens_to_json(lens)


def _from_text(asked: WrittenLensShape, catalogue: Catalogue) -> dict[str, Any]:
    eyes = read_written(asked.text)
    lenses = catalogue.lenses()
    found: dict[str, Any] = {
        side: _choice_to_json(choose_lens(lenses, asked.type, asked.class_, eye)) for side, eye in eyes.items()
    }
    answer: dict[str, Any] = found.get("unnamed", found)
    return answer


def _choice_to_json(choice: LensChoice) -> dict[str, Any]:
    reason = [{"code": clause.code, "text": clause.text} for clause in choice.reason]
    return {**_lens_to_json(choice.item), "reason": reason, "notes": list(choice.notes)}


def _lens_to_json(lens: LppItem) -> dict[str, str]:
    return {
        "lpp_code": str(lens.code),
        "regroupement": lens.regroupement or "",
        "level": lens.level or "",
        "label": lens.label,
    }
