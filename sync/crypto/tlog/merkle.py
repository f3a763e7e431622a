"""The Merkle tree of RFC 6962: how hashes are made, and when a path proves something.

Rules: hashes are 32 bytes of SHA-256, leaves and nodes have different prefixes; a path is as long as it must be, and a
proof about the empty tree is refused rather than found true. Verification follows RFC 9162 §2.1.3.2 and §2.1.4.2, and
shares nothing with the making of proofs (`tree`), which follows the recursive definitions of RFC 6962.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

from sync.errors import ProofInvalid

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a log entry as a leaf."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of the node over two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def verify_inclusion(leaf: bytes, index: int, size: int, root: bytes, path: Sequence[bytes]) -> None:
    """Return when `path` leads from the leaf (hash) at `index` to the root of a tree of `size`; else ProofInvalid."""
    if not 0 <= index < size:
        raise ProofInvalid("the index is not in the tree")
    found, place, last = leaf, index, size - 1
    steps = iter(path)
    while last:
        if place % 2:
            found = node_hash(_next(steps), found)
        elif place < last:
            found = node_hash(found, _next(steps))
        place, last = place // 2, last // 2
    _require_end(steps)
    if found != root:
        raise ProofInvalid("the path does not lead to the root")


def verify_consistency(old_size: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]) -> None:
    """Return when the tree of `size` begins with the tree of `old_size`; else ProofInvalid.

    Every tree begins with the empty one, without a path; a smaller tree never begins with a larger one.
    """
    if not 0 <= old_size <= size:
        raise ProofInvalid("a tree cannot begin with a larger one")
    if old_size in (0, size):
        _verify_trivial(old_size, old_root, size, root, path)
        return
    steps = iter(path)
    place, last = old_size - 1, size - 1
    while place % 2:
        place, last = place // 2, last // 2
    former = found = _next(steps) if place else old_root
    while last:
        if place % 2:
            sibling = _next(steps)
            former, found = node_hash(sibling, former), node_hash(sibling, found)
        elif place < last:
            found = node_hash(found, _next(steps))
        place, last = place // 2, last // 2
    _require_end(steps)
    if (former, found) != (old_root, root):
        raise ProofInvalid("the trees are not consistent")


def _verify_trivial(old_size: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]) -> None:
    expected = EMPTY_ROOT if old_size == 0 else root
    if path or old_root != expected or (size == 0 and root != EMPTY_ROOT):
        raise ProofInvalid("the trees are not consistent")


def _next(steps: Iterator[bytes]) -> bytes:
    found = next(steps, None)
    if found is None or len(found) != HASH_BYTES:
        raise ProofInvalid("the path is too short, or a hash has not 32 bytes")
    return found


def _require_end(steps: Iterator[bytes]) -> None:
    if next(steps, None) is not None:
        raise ProofInvalid("the path is too long")
