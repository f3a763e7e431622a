"""Money is integer cents, and a share is rounded once, half up, where it is computed.

Rules: no float ever; no rounding of a sum. Source: half up to the cent, per line (SOURCE §6).
"""

from collections.abc import Sequence
from typing import NewType

Cents = NewType("Cents", int)
"""An amount in cents of a euro."""

ZERO = Cents(0)


def share(base: Cents, rate: int) -> Cents:
    """`rate` percent of `base` (neither negative), rounded half up to the cent (90 % of 975 is 878)."""
    return Cents((base * rate + 50) // 100)


def total(amounts: Sequence[Cents]) -> Cents:
    """The exact sum of `amounts`."""
    return Cents(sum(amounts))


def spread(amount: Cents, capacities: Sequence[Cents]) -> tuple[Cents, ...]:
    """`amount` divided evenly over `capacities`, none exceeded; what no capacity can take is left out.

    A cent that does not divide goes to the larger capacity, and to the later of two equal ones.
    """
    taken = [ZERO] * len(capacities)
    left = min(amount, total(capacities))
    order = sorted(range(len(capacities)), key=capacities.__getitem__)
    for rank, index in enumerate(order):
        taken[index] = Cents(min(capacities[index], left // (len(order) - rank)))
        left = Cents(left - taken[index])
    return tuple(taken)
