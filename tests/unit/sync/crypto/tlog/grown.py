"""Logs in memory: entries, and the tiles they make when they come in portions."""

import hashlib
from collections.abc import Iterable

from sync.crypto.tlog import Tile, Tree, grow, leaf_hash


def entry(number: int) -> bytes:
    """The entry with this number, as the vectors make it."""
    return hashlib.sha256(f"entry {number}".encode()).digest()


class MemoryLog:
    """Tiles by name, as files would hold them."""

    def __init__(self) -> None:
        self.size = 0
        self.tiles: dict[str, bytes] = {}

    def add(self, entries: Iterable[bytes]) -> None:
        """Append entries in one portion."""
        leaves = [leaf_hash(one) for one in entries]
        for tile, data in list(grow(self.size, leaves, self.read)):
            self.tiles[tile.path] = data
        self.size += len(leaves)

    def read(self, tile: Tile) -> bytes:
        """The bytes of a tile."""
        return self.tiles[tile.path]

    def tree(self, size: int | None = None) -> Tree:
        """The tree of the first `size` entries; of all when none is given."""
        return Tree(self.size if size is None else size, self._read_wider)

    def _read_wider(self, tile: Tile) -> bytes:
        """A tile, or a wider one of the same place, as a reader of an older checkpoint finds it."""
        full = self.tiles.get(Tile(tile.level, tile.index).path)
        wider = (self.tiles.get(Tile(tile.level, tile.index, width).path) for width in range(tile.width, 256))
        return full or next(found for found in wider if found)


def log_of(size: int, portion: int = 1000) -> MemoryLog:
    """A log with the vectors' entries."""
    log = MemoryLog()
    for start in range(0, size, portion):
        log.add(entry(number) for number in range(start, min(size, start + portion)))
    return log
