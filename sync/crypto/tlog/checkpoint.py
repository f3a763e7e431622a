"""Checkpoints (c2sp.org/tlog-checkpoint): what a log says of its whole tree, in the text of a note.

Rules: origin, size, root, then extension lines that are kept but mean nothing here; numbers without leading zeros;
sizes below 2^63.
"""

import re
from dataclasses import dataclass
from typing import Final

from sync.crypto.tlog.merkle import HASH_BYTES
from sync.crypto.tlog.notes import from_base64, to_base64
from sync.errors import ContractError

_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_LEAST_LINES: Final = 3


@dataclass(frozen=True)
class Checkpoint:
    """The tree of the log `origin` when it had `size` leaves; `root` has 32 bytes."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The text a note signs."""
        return "".join(f"{line}\n" for line in (self.origin, self.size, to_base64(self.root), *self.extensions))


def checkpoint_in(text: str) -> Checkpoint:
    """The checkpoint a note's text is; ContractError when it is none."""
    lines = text.split("\n")
    if lines.pop() != "" or len(lines) < _LEAST_LINES or not all(lines):
        raise ContractError("not a checkpoint")
    root = from_base64(lines[2])
    if len(root) != HASH_BYTES:
        raise ContractError("a root has 32 bytes")
    return Checkpoint(lines[0], number_in(lines[1]), root, tuple(lines[3:]))


def number_in(text: str) -> int:
    """A decimal number below 2^63 without leading zeros; ContractError."""
    if not _NUMBER.fullmatch(text) or int(text) >= 1 << 63:
        raise ContractError("not a number of entries")
    return int(text)
