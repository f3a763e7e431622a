"""What pays beside the AMO: the kinds of contract, the guarantees of a grid, and the bounds that the law sets to them.

Rules: every amount of a grid and every bound includes the share of the AMO. The bounds are constants of the law, not
settings. Source: CSS R871-2 3 (LEGIARTI000052861614, in force 2025-11-28); floors of a collective contract: D911-1
(LEGIARTI000038093115); SOURCE §6.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from terminal.domain.errors import ContractInvalid
from terminal.domain.lpp import ContractLevel
from terminal.domain.money import Cents

ContractKind = Literal["none", "ticket_moderateur", "responsable", "c2s"]

AMO_RATES = (60, 90, 100)
"""Percent of the base: common regime, Alsace-Moselle (D325-6), exempted (L160-14). No other rate exists for optics."""

FRAME_CAP = Cents(10_000)
"""What a contrat responsable may pay at most for a frame."""

LEVELS: tuple[ContractLevel, ...] = ("simple", "complexe", "tres_complexe")


@dataclass(frozen=True)
class Grid:
    """Guarantees of a contract for class B, in cents and AMO included: the frame, and one lens of each level."""

    frame: int
    lens: Mapping[ContractLevel, int]

    def __post_init__(self) -> None:
        if set(self.lens) != set(LEVELS):
            raise ContractInvalid("a grid has the three levels", reason="grid_levels", accepted=", ".join(LEVELS))
        if min(self.frame, *self.lens.values()) < 0:
            raise ContractInvalid("a guarantee is not negative", reason="grid_negative")


@dataclass(frozen=True)
class Contract:
    """A complementary contract. `real_cost` pays class B frame and lenses at their price, within the law's bounds.

    `ani`: the compulsory collective contract of an employer, whose floors are those of the national agreement.
    """

    kind: ContractKind
    grid: Grid | None = None
    real_cost: bool = False
    ani: bool = False

    def __post_init__(self) -> None:
        if self.real_cost and self.kind != "responsable":
            raise ContractInvalid("real cost is a guarantee of a contrat responsable", reason="real_cost")
        if self.ani and self.kind != "responsable":
            raise ContractInvalid("a collective contract is a contrat responsable", reason="ani")

    @property
    def grid_unused(self) -> bool:
        """True when a grid was given that this contract cannot use."""
        return self.grid is not None and (self.real_cost or self.kind != "responsable")


@dataclass(frozen=True)
class Bounds:
    """Least and most that a contrat responsable pays, AMO included, for class B equipment of one `case` of the law.

    `ani_floor` is the least of a compulsory collective contract.
    """

    case: str
    floor: Cents
    ceiling: Cents
    ani_floor: Cents


_BOUNDS = {
    ("simple", "simple"): Bounds("a", Cents(5_000), Cents(42_000), Cents(10_000)),
    ("complexe", "simple"): Bounds("b", Cents(12_500), Cents(56_000), Cents(15_000)),
    ("complexe", "complexe"): Bounds("c", Cents(20_000), Cents(70_000), Cents(20_000)),
    ("simple", "tres_complexe"): Bounds("d", Cents(12_500), Cents(61_000), Cents(15_000)),
    ("complexe", "tres_complexe"): Bounds("e", Cents(20_000), Cents(75_000), Cents(20_000)),
    ("tres_complexe", "tres_complexe"): Bounds("f", Cents(20_000), Cents(80_000), Cents(20_000)),
}


def bounds(one: ContractLevel, other: ContractLevel) -> Bounds:
    """The bounds for two lenses of these levels, in either order."""
    first, second = sorted((one, other))
    return _BOUNDS[first, second]
