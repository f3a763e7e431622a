"""The floors and ceilings of a contrat responsable over the frame and the two lenses together.

Rules (CSS R871-2 3, SOURCE §6): they bind an equipment whose frame and lenses are all class B; the
floor only when frame and both lenses are there; a lens alone has the ceiling of a pair of its level. The floor of a
compulsory collective contract (D911-1) is higher and works the same way. The law is silent
on mixed equipment: by default nothing binds it, `mixed_ceiling` applies the ceiling to it, and the quote says that it
is unconfirmed. What exceeds a ceiling is taken from the class B lenses, evenly, then from a class B frame: the ceiling
goes with the lenses, the frame has its own cap. What lacks to a floor is added to the lenses, evenly, then to the
frame up to its cap. Supplements and contact lenses are outside. The order in which lines are written changes no total.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from terminal.domain.guarantee import Cover
from terminal.domain.lines import Adjustment, Warning_
from terminal.domain.lpp import ContractLevel, ItemClass
from terminal.domain.money import ZERO, Cents, spread, total
from terminal.domain.rights import FRAME_CAP, Bounds, Contract, bounds


@dataclass(frozen=True, slots=True)
class EquipmentRules:
    """What the law leaves open. `mixed_ceiling`: the ceilings bind equipment of two classes too."""

    mixed_ceiling: bool = False


@dataclass(frozen=True, slots=True)
class Bounded:
    """The covers after floor and ceiling, in the order given, and what was done, also by line number."""

    covers: tuple[Cover, ...]
    warnings: tuple[Warning_, ...]
    adjustments: Mapping[int, Adjustment] = field(default_factory=dict)


def bound(covers: Sequence[Cover], contract: Contract, rules: EquipmentRules) -> Bounded:
    """Apply the floor and the ceiling that the law sets to this equipment under this contract."""
    frames = [cover for cover in covers if cover.line.item == "frame"]
    lenses = sorted((cover for cover in covers if cover.line.item == "lens"), key=_place)
    notes = _notes(frames, lenses)
    limits = _limits(lenses)
    if contract.kind != "responsable" or limits is None or not _binds(frames, lenses, rules):
        return Bounded(tuple(covers), notes)
    move = _move(frames, lenses, limits, contract)
    moved = [replace(cover, covered=Cents(cover.covered + move.cents.get(cover.number, 0))) for cover in covers]
    return Bounded(tuple(moved), notes + move.warnings(), move.adjustments())


def _place(cover: Cover) -> tuple[int, int, str, int]:
    """An order of lenses that does not depend on the order of the lines, so that an odd cent stays where it is."""
    return (cover.amc, cover.price, cover.line.eye or "", cover.number)


def _classes(covers: Iterable[Cover]) -> set[ItemClass | None]:
    return {cover.line.lpp.item_class for cover in covers}


def _binds(frames: Sequence[Cover], lenses: Sequence[Cover], rules: EquipmentRules) -> bool:
    classes = _classes([*frames, *lenses])
    return classes == {"B"} or (rules.mixed_ceiling and "B" in classes)


def _limits(lenses: Sequence[Cover]) -> Bounds | None:
    """The bounds for the levels of the lenses; None without a lens."""
    levels: list[ContractLevel] = []
    for cover in lenses:
        assert cover.line.lpp.level is not None
        levels += [cover.line.lpp.level] * cover.line.quantity
    return bounds(levels[0], levels[-1]) if levels else None


@dataclass(frozen=True, slots=True)
class _Move:
    """What a bound of the law adds to each line's cover, by line number; nothing where no bound is reached."""

    kind: Literal["ceiling", "floor", "ani_floor"] = "ceiling"
    case: str = ""
    limit: Cents = ZERO
    cents: Mapping[int, int] = field(default_factory=dict)

    def warnings(self) -> tuple[Warning_, ...]:
        """What was cut or raised in all; nothing when no cent moved."""
        moved = sum(self.cents.values())
        if not moved:
            return ()
        done = "cut" if self.kind == "ceiling" else "raised"
        name = "ceiling" if self.kind == "ceiling" else "floor"
        return (Warning_(f"{self.kind}_applied", {"case": self.case, name: self.limit, done: abs(moved)}),)

    def adjustments(self) -> dict[int, Adjustment]:
        """What the bound did to each line that it touched."""
        return {number: Adjustment(self.kind, self.case, self.limit, c) for number, c in self.cents.items() if c}


def _move(frames: Sequence[Cover], lenses: Sequence[Cover], limits: Bounds, contract: Contract) -> _Move:
    """The bound that this equipment goes beyond, if any, and what it moves."""
    covered = sum(cover.covered for cover in [*frames, *lenses])
    floor = limits.ani_floor if contract.ani else limits.floor
    if covered > limits.ceiling:
        room = [_cuttable(cover) for cover in [*lenses, *frames]]
        cents = _distribute(Cents(covered - limits.ceiling), lenses, frames, room)
        return _Move("ceiling", limits.case, limits.ceiling, {number: -cut for number, cut in cents.items()})
    if covered < floor and _complete(frames, lenses):
        room = [_raisable(cover) for cover in [*lenses, *frames]]
        kind: Literal["floor", "ani_floor"] = "ani_floor" if contract.ani else "floor"
        return _Move(kind, limits.case, floor, _distribute(Cents(floor - covered), lenses, frames, room))
    return _Move()


def _distribute(
    amount: Cents, lenses: Sequence[Cover], frames: Sequence[Cover], capacities: Sequence[Cents]
) -> dict[int, int]:
    """`amount` over the lenses evenly, the rest over the frames, within the capacities (lenses first)."""
    on_lenses = spread(amount, capacities[: len(lenses)])
    on_frames = spread(Cents(amount - total(on_lenses)), capacities[len(lenses) :])
    return {cover.number: cents for cover, cents in zip([*lenses, *frames], on_lenses + on_frames, strict=True)}


def _cuttable(cover: Cover) -> Cents:
    """Class A is due in full, whatever the ceiling."""
    return cover.amc if cover.line.lpp.item_class == "B" else Cents(0)


def _raisable(cover: Cover) -> Cents:
    """Up to the price, and for a frame up to its cap."""
    return cover.open if cover.line.item == "lens" else Cents(max(0, min(cover.price, FRAME_CAP) - cover.covered))


def _complete(frames: Sequence[Cover], lenses: Sequence[Cover]) -> bool:
    """A whole class B equipment: the floor is promised for nothing less."""
    return (
        len(frames) == 1 and sum(cover.line.quantity for cover in lenses) == 2 and _classes([*frames, *lenses]) == {"B"}
    )


def _notes(frames: Sequence[Cover], lenses: Sequence[Cover]) -> tuple[Warning_, ...]:
    """What is unusual in the equipment itself, whatever the contract."""
    notes = []
    if _classes(lenses) == {"A", "B"}:
        notes.append(Warning_("lens_classes_differ"))
    if len(_classes([*frames, *lenses])) > 1:
        notes.append(Warning_("mixed_equipment_unconfirmed"))
    return tuple(notes)
