"""A tree of a known size, read from its tiles: root, inclusion proofs, consistency proofs (RFC 6962 §2.1).

Rules: what is made here is made of tiles somebody stores, so it is believed only when it verifies (`merkle`); a tile is
read once for a tree. Cost of a proof: a few look-ups, because the nodes inside a tile are kept.
"""

from sync.crypto.tlog.merkle import EMPTY_ROOT, HASH_BYTES, node_hash
from sync.crypto.tlog.tiles import WIDTH, Read, Tile, levels_of
from sync.errors import ProofInvalid

_TILE_HEIGHT = 8


class Tree:
    """The first `size` leaves of a log. `read` gives tiles; ProofInvalid when one is too short."""

    def __init__(self, size: int, read: Read) -> None:
        self.size = size
        self._read = read
        self._tiles: dict[tuple[int, int], list[list[bytes]]] = {}
        self._ragged: dict[tuple[int, int], bytes] = {}

    def root(self) -> bytes:
        """The Merkle tree hash of all leaves."""
        return self._range(0, self.size) if self.size else EMPTY_ROOT

    def inclusion(self, index: int) -> tuple[bytes, ...]:
        """The path of the leaf at `index`, from its sibling up (RFC 6962 §2.1.1)."""
        if not 0 <= index < self.size:
            raise ProofInvalid("the index is not in the tree")
        start, end = 0, self.size
        path: list[bytes] = []
        while end - start > 1:
            middle = start + _left_width(end - start)
            if index < middle:
                path.append(self._range(middle, end))
                end = middle
            else:
                path.append(self._range(start, middle))
                start = middle
        return tuple(reversed(path))

    def consistency(self, old_size: int) -> tuple[bytes, ...]:
        """What shows that this tree begins with its own first `old_size` leaves (RFC 6962 §2.1.2)."""
        if not 0 <= old_size <= self.size:
            raise ProofInvalid("a tree cannot begin with a larger one")
        start, end = 0, self.size
        path: list[bytes] = []
        if old_size == 0:
            return ()
        while old_size < end:
            middle = start + _left_width(end - start)
            if old_size <= middle:
                path.append(self._range(middle, end))
                end = middle
            else:
                path.append(self._range(start, middle))
                start = middle
        whole = [] if start == 0 else [self._range(start, end)]
        return (*whole, *reversed(path))

    def _range(self, start: int, end: int) -> bytes:
        """The hash over leaves `start` to `end`, a range that the tree's own shape makes."""
        width = end - start
        if width & (width - 1) == 0:
            height = width.bit_length() - 1
            return self._complete(height, start >> height)
        if (start, end) not in self._ragged:
            middle = start + _left_width(width)
            self._ragged[start, end] = node_hash(self._range(start, middle), self._range(middle, end))
        return self._ragged[start, end]

    def _complete(self, height: int, index: int) -> bytes:
        """The node over the complete subtree number `index` of 2^height leaves."""
        level, above = divmod(height, _TILE_HEIGHT)
        tile, offset = divmod(index << above, WIDTH)
        return self._levels(level, tile)[above][offset >> above]

    def _levels(self, level: int, index: int) -> list[list[bytes]]:
        if (level, index) not in self._tiles:
            width = min(WIDTH, (self.size >> (_TILE_HEIGHT * level)) - index * WIDTH)
            data = self._read(Tile(level, index, width))[: width * HASH_BYTES]
            if len(data) != width * HASH_BYTES:
                raise ProofInvalid("a tile is shorter than its name says")
            self._tiles[level, index] = levels_of(data)
        return self._tiles[level, index]


def _left_width(width: int) -> int:
    """The largest power of two smaller than `width` (2 or more): how many leaves are in the left half."""
    return 1 << ((width - 1).bit_length() - 1)
