"""A medium that loses its power: which contents the files may have after each operation.

Rules: what a flush named is there. Of what was written since, any 512-byte sector may be there or not, in any order,
and the size may be any that the file had since; names are independent of contents until the folder is flushed, and
what lies in a folder without a name is not there. A move from one folder to another gives the new name when the folder
of that one is flushed; the old one may still be there then, and is gone for sure when its own folder is. States
after an operation: `killed` (all of it is there), `dropped` (only what was flushed), `torn` (the last write was cut),
`shuffled` (drawn). A medium that lies about a flush is not modelled.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from tests.faults.power.recording import Operation, Tree, grown

SECTOR: Final = 512
_CUTS: Final = (1, 24, 512)
_KEPT: Final = (0.1, 0.5, 0.9)
_NO_WRITES: Final = frozenset({"mark"})
_NAMES: Final = frozenset({"name", "folder", "move", "drop"})
_FLUSHES: Final = frozenset({"flush", "flush_names"})

Files = dict[str, bytes]


@dataclass(frozen=True)
class State:
    """How a state came about, and what the files hold in it."""

    kind: str
    files: Files = field(repr=False)


@dataclass
class _File:
    """One inode: what was flushed, and what was asked for since: bytes at an offset, or a size (no bytes)."""

    flushed: bytes = b""
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)

    def content(self, cut: int | None = None) -> bytes:
        """With all that was asked for; the last write cut after `cut` bytes."""
        if not self.pending:
            return self.flushed
        result, last = bytearray(self.flushed), len(self.pending) - 1
        for number, (offset, data) in enumerate(self.pending):
            _apply(result, offset, data if data is None or cut is None or number < last else data[:cut])
        return bytes(result)

    def flush(self) -> None:
        """All of it is there to stay."""
        if self.pending:
            self.flushed, self.pending = self.content(), []

    def shuffled(self, draw: random.Random) -> bytes:
        """Each sector as it was at some moment since the flush; so the size."""
        if not self.pending:
            return self.flushed
        kept = draw.choice(_KEPT)
        size = self._drawn_size(draw, kept)
        result = bytearray(self.flushed[:size].ljust(size, b"\0"))
        for sector, numbers in self._touched(size).items():
            self._lay(result, sector, [number for number in numbers if draw.random() < kept], size)
        return bytes(result)

    def _drawn_size(self, draw: random.Random, kept: float) -> int:
        sizes, result = [len(self.flushed)], len(self.flushed)
        for offset, data in self.pending:
            result = offset if data is None else max(result, offset + len(data))
            sizes.append(result)
        return sizes[-1] if draw.random() < kept else draw.choice(sizes)

    def _touched(self, size: int) -> dict[int, list[int]]:
        touched: dict[int, list[int]] = {}
        for number, (offset, data) in enumerate(self.pending):
            end = size if data is None else min(offset + len(data), size)
            for sector in range(offset // SECTOR, -(-end // SECTOR)):
                touched.setdefault(sector, []).append(number)
        return touched

    def _lay(self, result: bytearray, sector: int, numbers: list[int], size: int) -> None:
        """Write these changes into one sector."""
        start, end = sector * SECTOR, min((sector + 1) * SECTOR, size)
        for number in numbers:
            offset, data = self.pending[number]
            first = max(start, offset)
            if data is None:
                result[first:end] = bytes(max(end - first, 0))
            else:
                last = min(end, offset + len(data))
                result[first:last] = data[first - offset : last - offset]


class Medium:
    """The files of one folder, as a recording goes on."""

    def __init__(self, before: Files) -> None:
        self._tree, contents = grown(before)
        self._files = {inode: _File(content) for inode, content in contents.items()}
        self._folders = set(self._tree.names)
        self._pending: list[Operation] = []

    def apply(self, operation: Operation) -> None:
        """One operation was done."""
        if operation.kind in _NAMES:
            self._name(operation)
        elif operation.kind == "bytes":
            self._files[operation.file].pending.append((operation.offset, operation.data))
        elif operation.kind == "size":
            self._files[operation.file].pending.append((operation.offset, None))
        elif operation.kind == "flush":
            self._files[operation.file].flush()
        elif operation.kind == "flush_names":
            self._flush_names(operation.file)

    def _name(self, operation: Operation) -> None:
        if operation.kind == "folder":
            self._folders.add(operation.file)
            self._tree.names[operation.file] = {}
        elif operation.kind == "name":
            self._files.setdefault(operation.file, _File())
        self._pending.append(operation)

    def states(self, last: Operation, draw: random.Random, shuffles: int) -> Iterator[State]:
        """What may be found after `last`, the operation that was applied last."""
        yield State("killed", self._contents(self._all_names()))
        if last.kind in _NO_WRITES:
            return
        yield State("dropped", {path: self._files[file].flushed for path, file in self._tree.files()})
        if last.kind == "bytes":
            for cut in _cuts(last.data):
                yield State("torn", self._contents(self._all_names(), last.file, cut))
        if last.kind not in _FLUSHES:
            for _ in range(shuffles):
                yield State("shuffled", self._shuffled(draw))

    def files(self) -> Files:
        """Everything as it was asked for."""
        return self._contents(self._all_names())

    def _shuffled(self, draw: random.Random) -> Files:
        tree = self._copied()
        for operation in self._pending:
            if draw.random() < draw.choice(_KEPT):
                _rename(tree, operation)
        named = dict(tree.files())
        contents = {file: self._files[file].shuffled(draw) for file in sorted(set(named.values()))}
        return {path: contents[file] for path, file in named.items()}

    def _contents(self, tree: Tree, torn: int = -1, cut: int | None = None) -> Files:
        return {path: self._files[file].content(cut if file == torn else None) for path, file in tree.files()}

    def _all_names(self) -> Tree:
        tree = self._copied()
        for operation in self._pending:
            _rename(tree, operation)
        return tree

    def _copied(self) -> Tree:
        return Tree({folder: dict(names) for folder, names in self._tree.names.items()})

    def _flush_names(self, folder: int) -> None:
        left = []
        for operation in self._pending:
            if operation.folder == folder:
                _rename(self._tree, operation)
            elif operation.kind == "move" and operation.into == folder:
                self._tree.names[folder][operation.other] = operation.file
                left.append(replace(operation, kind="drop"))
            else:
                left.append(operation)
        self._pending = left


def number_of_states(last: Operation, shuffles: int) -> int:
    """How many states `Medium.states` gives after this operation."""
    if last.kind in _NO_WRITES:
        return 1
    torn = len(_cuts(last.data)) if last.kind == "bytes" else 0
    return 2 + torn + (0 if last.kind in _FLUSHES else shuffles)


def _cuts(data: bytes) -> list[int]:
    """Where the last write is torn: within the first sector, behind it, in the middle."""
    return sorted({*(cut for cut in _CUTS if cut < len(data)), len(data) // 2})


def _rename(tree: Tree, operation: Operation) -> None:
    """Change the names; an old one goes only while it is this inode's: the same name may have been given anew."""
    names = tree.names[operation.folder]
    if operation.kind in ("name", "folder"):
        names[operation.name] = operation.file
        return
    if names.get(operation.name) == operation.file:
        del names[operation.name]
    if operation.kind == "move":
        tree.names[operation.into][operation.other] = operation.file


def _apply(result: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        size = len(result)
        del result[offset:]
        result += bytes(max(offset - size, 0))
    else:
        result += bytes(max(offset - len(result), 0))
        result[offset : offset + len(data)] = data
