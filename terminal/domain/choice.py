"""The one lens code for an eye, with the reason in the words of the nomenclature.

Rules: the reason is a list of codes with facts (the transposition, the band of the sphere or of S, the band of the
cylinder) that the screen turns into "transposé : −1,00 (+3,00) 180°, tranche [0 ; −2], cylindre ≤ 4". It holds the
correction, so it lives as long as the choice and is never kept. A band shows as the labels have it: open where the
bound is not of the quarter-dioptre grid.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from terminal.domain.lpp import Interval, ItemClass, LensType, LppItem, select_lens
from terminal.domain.notation import WrittenEye
from terminal.domain.prescription import CYLINDER_LIMIT, SPHERE_LIMIT, STEP

MINUS = "−"


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of the reason: a code of sentence and the text that fills it."""

    code: str
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class LensChoice:
    """The code of an eye and why; `notes` are codes of what was read and chose nothing: addition, prism, axis."""

    item: LppItem
    reason: tuple[Clause, ...] = field(repr=False)
    notes: tuple[str, ...]


def choose_lens(items: Iterable[LppItem], lens_type: LensType, item_class: ItemClass, eye: WrittenEye) -> LensChoice:
    """The code for `eye`. Raises CorrectionOutOfRange as `select_lens` does."""
    item = select_lens(items, lens_type, item_class, eye.correction)
    return LensChoice(item, tuple(_reason(item, eye)), tuple(_notes(lens_type, eye)))


def _reason(item: LppItem, eye: WrittenEye) -> Iterator[Clause]:
    plus = eye.plus_cylinder()
    yield Clause("as_written" if plus is eye else "transposed", plus.text())
    assert item.band is not None
    if item.band.sphere == Interval(0, 0):
        yield Clause("neutral")
    elif item.band.power.low == -item.band.power.high and _unbounded(item.band.power.high):
        yield Clause("sphere_band", band_text(item.band.sphere))
    else:
        yield Clause("power_band", band_text(item.band.power))
    if plus.correction.cylinder and not _unbounded(item.band.cylinder.high):
        yield Clause("cylinder_band", f"≤ {_dioptres(item.band.cylinder.high)}")
    elif plus.correction.cylinder and item.band.cylinder.low > STEP:
        yield Clause("cylinder_band", f"> {_dioptres(item.band.cylinder.low - 1)}")


def _notes(lens_type: LensType, eye: WrittenEye) -> Iterator[str]:
    if eye.addition is not None and lens_type == "unifocal":
        yield "addition_unused"
    if eye.addition is None and lens_type != "unifocal":
        yield "addition_missing"
    if eye.prism is not None:
        yield "prism_supplement"
    if eye.correction.cylinder and eye.axis is None:
        yield "axis_missing"


def band_text(interval: Interval) -> str:
    """A band as the labels write it, from the bound nearer to zero: `]−2 ; −4]`, `≤ 2`, `> 12`, `< −12`."""
    near, far = sorted((interval.low, interval.high), key=abs)
    if _unbounded(far):
        return _beyond(near, far)
    opening = "[" if near % STEP == 0 else "]"
    return f"{opening}{_dioptres(_on_grid(near, far))} ; {_dioptres(far)}]"


def _beyond(near: int, far: int) -> str:
    """A band without a far bound: all up to its near one, or all beyond it."""
    if near % STEP == 0:
        return f"{'≤' if far < near else '≥'} {_dioptres(near)}"
    return f"{'<' if far < near else '>'} {_dioptres(_on_grid(near, far))}"


def _on_grid(near: int, far: int) -> int:
    """The bound that an open interval leaves out: one hundredth back from its first value."""
    return near if near % STEP == 0 else near - (1 if far > near else -1)


def _dioptres(hundredths: int) -> str:
    whole, part = divmod(abs(hundredths), 100)
    return f"{MINUS if hundredths < 0 else ''}{whole}{f',{part:02}' if part else ''}"


def _unbounded(value: int) -> bool:
    return abs(value) > SPHERE_LIMIT + CYLINDER_LIMIT
