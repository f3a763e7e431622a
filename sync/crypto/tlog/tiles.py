"""Tiles (c2sp.org/tlog-tiles): the tree in files of at most 256 hashes, and the entries beside them.

Rules: a tile of level L holds hashes of complete subtrees of 256^L leaves, in order; only full tiles are hashed into
the level above; a partial tile's width is in its name; a name has one spelling. What a log of some size writes follows
from its leaves alone, so writing it again after a kill writes the same bytes.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sync.crypto.tlog.merkle import HASH_BYTES, node_hash
from sync.errors import ContractError

WIDTH: Final = 256
MAX_LEVEL: Final = 7
"""Of a log of fewer than 2^63 entries."""
_FULL_BYTES: Final = WIDTH * HASH_BYTES
_NAME: Final = re.compile(
    r"tile/(?P<level>entries|[0-7])/(?P<index>(?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)


@dataclass(frozen=True)
class Tile:
    """One tile. `level` None is the bundle of entries beside the tile of level 0; `width` is 1 to 256 hashes."""

    level: int | None
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Its name under the log's prefix, such as `tile/0/x001/x234/067.p/5`."""
        digits = f"{self.index % 1000:03}"
        above = self.index // 1000
        while above:
            digits, above = f"x{above % 1000:03}/{digits}", above // 1000
        level = "entries" if self.level is None else self.level
        return f"tile/{level}/{digits}" + ("" if self.width == WIDTH else f".p/{self.width}")


Read = Callable[[Tile], bytes]
"""The bytes of a tile; it may answer a partial tile with the full one."""


def read_tile_path(path: str) -> Tile:
    """The tile with this name; ContractError when it is the name of none."""
    found = _NAME.fullmatch(path)
    if found is None:
        raise ContractError("not the name of a tile")
    level = None if found["level"] == "entries" else int(found["level"])
    tile = Tile(level, int(found["index"].replace("/", "").replace("x", "")), int(found["width"] or WIDTH))
    if tile.path != path or tile.width > WIDTH:
        raise ContractError("not the name of a tile")
    return tile


def grow(size: int, leaves: Sequence[bytes], read: Read) -> Iterator[tuple[Tile, bytes]]:
    """The tiles, with their bytes, that a log of `size` gets when leaf hashes are added: each new or widened one."""
    level, start, added = 0, size, b"".join(leaves)
    while added:
        first, former = divmod(start, WIDTH)
        data = read(Tile(level, first, former))[: former * HASH_BYTES] + added if former else added
        full = b""
        for offset in range(0, len(data), _FULL_BYTES):
            part = data[offset : offset + _FULL_BYTES]
            yield Tile(level, first + offset // _FULL_BYTES, len(part) // HASH_BYTES), part
            full += levels_of(part)[-1][0] if len(part) == _FULL_BYTES else b""
        level, start, added = level + 1, first, full


def levels_of(data: bytes) -> list[list[bytes]]:
    """The hashes of a tile, then of the complete nodes over them, level by level up to the highest that is complete."""
    levels = [[data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]]
    while len(below := levels[-1]) > 1:
        levels.append([node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)])
    return levels


def bundle(entries: Sequence[bytes]) -> bytes:
    """Entries as a bundle holds them: each after its length in two bytes, most significant first."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def entries_in(data: bytes) -> tuple[bytes, ...]:
    """The entries of a bundle; ContractError when it is cut."""
    found: list[bytes] = []
    at = 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if end > len(data) or at + 2 > len(data):
            raise ContractError("a bundle of entries is cut")
        found.append(data[at + 2 : end])
        at = end
    return tuple(found)
