"""The states in which a power cut may leave a card during an installation, and the slot that each start then takes.

Rules: pure. What was flushed is there; of what was written since, everything, nothing, or every other write. The
script's choice is told again here, in Python, for thousands of states; the emulated board shows for some of them that
U-Boot chooses the same.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from tests.image.update.tape import COUNTERS, Step

Kept = Literal["all", "none", "every other"]
KEPT: Final[tuple[Kept, ...]] = ("all", "none", "every other")
TRIES: Final = 3


@dataclass(frozen=True)
class Cut:
    """After how many steps, what of the unflushed was kept, and what became of the last bytes of the counters."""

    after: int
    kept: Kept
    torn: bool = False

    def __str__(self) -> str:
        return f"after step {self.after}, unflushed: {self.kept}{', counters torn' if self.torn else ''}"


def surviving(tape: Sequence[Step], cut: Cut) -> list[Step]:
    """The writes that the medium has after the cut."""
    done = tape[: cut.after]
    flushed = {step.file: index for index, step in enumerate(done) if step.kind == "flush"}
    left = []
    for index, step in enumerate(done):
        if step.kind == "flush":
            continue
        safe = index < flushed.get(step.file, -1)
        if safe or cut.kept == "all" or (cut.kept == "every other" and index % 2):
            left.append(step)
    return left


def counters_after(tape: Sequence[Step], cut: Cut, before: bytes) -> bytes:
    """The counters' file after the cut; torn: the beginning of the newer bytes before the end of the older."""
    seen = [before, *(step.data for step in surviving(tape, cut) if step.file == COUNTERS)]
    if cut.torn and len(seen) > 1:
        return seen[-1][:12] + seen[-2][12:]
    return seen[-1]


def interesting(tape: Sequence[Step]) -> Iterator[Cut]:
    """At least one cut in each phase: around each step of the counters, and first, middle, last write of each part."""
    yield Cut(0, "all")
    for index, step in enumerate(tape):
        before = tape[index - 1].file if index else ""
        if step.file == COUNTERS and step.kind == "write":
            yield from (
                Cut(index, "all"),
                Cut(index + 1, "none"),
                Cut(index + 1, "all"),
                Cut(index + 1, "all", torn=True),
            )
        elif step.kind == "write" and step.file != before:
            last = index + sum(other.kind == "write" and other.file == step.file for other in tape)
            yield from (Cut(index + 1, "all"), Cut((index + last) // 2, "all"), Cut((index + last) // 2, "every other"),
                        Cut(last, "every other"), Cut(last + 1, "none"))  # fmt: skip
    yield Cut(len(tape), "all")


def moments(tape: Sequence[Step]) -> list[int]:
    """After how many steps to cut: around each change of file or flush, and now and then in a long row of writes."""
    same = [(step.file, step.kind) for step in tape]
    edges = [index for index in range(1, len(tape)) if same[index] != same[index - 1]]
    near = {index + away for index in edges for away in (-1, 0, 1)}
    return sorted(near | set(range(0, len(tape), 64)) | {0, 1, len(tape)})


@dataclass(frozen=True)
class Counters:
    """What U-Boot keeps: the order of the slots, the tries of each."""

    order: tuple[str, ...] = ("A", "B")
    left_a: int = TRIES
    left_b: int = 0

    @staticmethod
    def read(file: bytes) -> "Counters":
        """The counters in U-Boot's file; those of a card without one when the checksum is wrong."""
        if zlib.crc32(file[4:]) != int.from_bytes(file[:4], "little"):
            return Counters()
        told = dict(line.split("=", 1) for line in file[4:].split(b"\0\0")[0].decode().split("\0") if line)
        order = tuple(told.get("BOOT_ORDER", "").split()) or ("A", "B")
        return Counters(order, int(told.get("BOOT_A_LEFT", TRIES)), int(told.get("BOOT_B_LEFT", 0)))

    def start(self) -> tuple[str | None, "Counters"]:
        """The slot of the next start and what is left; no slot: U-Boot gives both their tries back and resets."""
        for name in self.order:
            if name == "A" and self.left_a > 0:
                return "a", replace(self, left_a=self.left_a - 1)
            if name == "B" and self.left_b > 0:
                return "b", replace(self, left_b=self.left_b - 1)
        return None, replace(self, left_a=TRIES, left_b=TRIES)


def slots_taken(counters: Counters, starts: int) -> list[str]:
    """The slots of so many starts, none of which is called good."""
    taken: list[str] = []
    while len(taken) < starts:
        slot, counters = counters.start()
        if slot:
            taken.append(slot)
    return taken
