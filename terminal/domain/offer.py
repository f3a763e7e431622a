"""The class A equipment that a quote must also contain when one exists (CSS L165-9).

Rules: an offer is owed beside any class B frame or lens. Each class B frame has the class A frame of the same age group
as its twin, each class B lens the class A lens of the same type and band. A class A line stays as it is. A twin that
cannot be told (a maker's code without band) is named, never guessed. Supplements and contact lenses have no twin.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from terminal.domain.lines import Eye
from terminal.domain.lpp import LppItem

GLASSES = ("frame", "lens")
CHILD_AGE = 15


@dataclass(frozen=True, slots=True)
class Twin:
    """For line `line` (from 1): the class A item that answers to it, None when it cannot be told."""

    line: int
    eye: Eye | None
    sold: LppItem
    item: LppItem | None


def offer_owed(items: Iterable[LppItem]) -> bool:
    """Whether a quote of these items must also contain a class A equipment."""
    return any(item.item in GLASSES and item.item_class == "B" for item in items)


def class_a_twins(
    sold: Sequence[tuple[Eye | None, LppItem]], generics: Iterable[LppItem], age: int
) -> tuple[Twin, ...]:
    """The class A frame and lenses that answer to what is sold to someone of `age` years, in the order of the lines."""
    offered = [item for item in generics if item.item_class == "A" and item.item in GLASSES]
    return tuple(
        Twin(number, eye, item, item if item.item_class == "A" else _twin(item, offered, age))
        for number, (eye, item) in enumerate(sold, start=1)
        if item.item in GLASSES
    )


def _twin(item: LppItem, offered: Iterable[LppItem], age: int) -> LppItem | None:
    if item.item == "frame":
        wanted = CHILD_AGE if age <= CHILD_AGE else None
        found = [frame for frame in offered if frame.item == "frame" and frame.age_max == wanted]
    else:
        found = [lens for lens in offered if item.band and (lens.lens_type, lens.band) == (item.lens_type, item.band)]
    return found[0] if len(found) == 1 else None
