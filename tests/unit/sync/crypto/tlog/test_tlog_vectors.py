"""Roots, paths, tiles and notes are those that an independent implementation makes (tests/vectors/tlog)."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from sync.crypto.tlog import (
    Checkpoint,
    NoteKey,
    NoteSigner,
    checkpoint_in,
    leaf_hash,
    read_note,
    verify_consistency,
    verify_inclusion,
)
from sync.crypto.tlog.notes import LOG_KEY
from tests.unit.sync.crypto.tlog.grown import MemoryLog, entry, log_of

VECTORS = Path(__file__).parents[4] / "vectors" / "tlog" / "vectors.json"


@pytest.fixture(scope="module")
def vectors() -> dict[str, Any]:
    """What the other implementation made."""
    found: dict[str, Any] = json.loads(VECTORS.read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def largest() -> MemoryLog:
    """The log of the vectors, 70,000 entries that came in portions of 1,000."""
    return log_of(70_000)


def digest_of(path: tuple[bytes, ...]) -> str:
    """A path as the vectors write it."""
    return hashlib.sha256(b"".join(path)).hexdigest()


def test_roots_are_the_same(vectors: dict[str, Any], largest: MemoryLog) -> None:
    """The root of every size in the vectors."""
    assert {size: largest.tree(int(size)).root().hex() for size in vectors["roots"]} == vectors["roots"]


def test_inclusion_paths_are_the_same(vectors: dict[str, Any], largest: MemoryLog) -> None:
    """Each path is made byte for byte, and leads to the root the other side computed."""
    for case in vectors["inclusion"]:
        path = largest.tree(case["size"]).inclusion(case["index"])
        assert (len(path), digest_of(path)) == (case["steps"], case["path"])
        root = bytes.fromhex(vectors["roots"][str(case["size"])])
        verify_inclusion(leaf_hash(entry(case["index"])), case["index"], case["size"], root, path)
    assert len(vectors["inclusion"]) > 80


def test_consistency_paths_are_the_same(vectors: dict[str, Any], largest: MemoryLog) -> None:
    """Each path is made byte for byte, and shows the roots the other side computed consistent."""
    for case in vectors["consistency"]:
        path = largest.tree(case["size"]).consistency(case["old"])
        assert (len(path), digest_of(path)) == (case["steps"], case["path"])
        old, new = (bytes.fromhex(vectors["roots"][str(case[name])]) for name in ("old", "size"))
        verify_consistency(case["old"], old, case["size"], new, path)
    assert len(vectors["consistency"]) > 120


@pytest.mark.parametrize("portion", [1, 100, 256, 1000])
def test_tiles_are_the_same(vectors: dict[str, Any], portion: int) -> None:
    """The tiles of a log have the same names and bytes, however its entries were portioned."""
    for size, expected in vectors["tiles"].items():
        if portion == 1000 or int(size) < 1000:
            made = {path: hashlib.sha256(data).hexdigest() for path, data in log_of(int(size), portion).tiles.items()}
            assert expected.items() <= made.items()


def test_notes_are_the_same(vectors: dict[str, Any], largest: MemoryLog) -> None:
    """A checkpoint signed here is the note the other side signed, key text included."""
    for case in vectors["notes"]:
        key = NoteKey.parse(case["vkey"])
        signer = NoteSigner(key.name, LOG_KEY, bytes.fromhex(case["seed"]))
        size = checkpoint_in(read_note(case["note"]).text).size
        text = Checkpoint(key.name, size, largest.tree(size).root()).text
        assert (signer.public.vkey, f"{text}\n{signer.line(text)}") == (case["vkey"], case["note"])
        assert read_note(case["note"]).signed_by(key)
