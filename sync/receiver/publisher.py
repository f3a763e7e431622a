"""From places in the database to a published log, and the proofs it gives.

Rules: the database is the truth, the files follow it, a batch at a time: entries, tiles, signature, cosignatures,
checkpoint, in this order. Whoever needs a proof publishes for all that wait (one checkpoint a batch), and workers take
turns by the folder's lock. Before anything is signed, the new tree is shown to begin with the published one, and the
last published entry to be the database's: a database that lost claims ends the log (LogDamaged), not its past.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sync.crypto.tlog import (
    EMPTY_ROOT,
    Checkpoint,
    NoteSigner,
    Proof,
    Tile,
    Tree,
    checkpoint_in,
    grow,
    leaf_hash,
    read_note,
    verify_consistency,
)
from sync.crypto.tlog.tiles import WIDTH, bundle, entries_in
from sync.durable import folder_lock
from sync.errors import ContractError, LogDamaged, ProofInvalid, SignatureInvalid
from sync.eventlog import event
from sync.receiver.cosigners import Cosigners
from sync.receiver.db import Ledger
from sync.receiver.log_files import LogFiles
from sync.receiver.places import entries_from, place_older, some_unplaced

PORTION: Final = 8192
"""Entries that one checkpoint adds at most."""
COSIGNING_PAUSE: Final = timedelta(seconds=10)

Now = Callable[[], datetime]


@dataclass(frozen=True)
class View:
    """A published checkpoint (signed note) and its tree; `cosigned` when it has the witnesses that are wanted."""

    note: str
    tree: Tree = field(repr=False)
    cosigned: bool
    asked_at: datetime

    def proof(self, place: int) -> str:
        """The proof (c2sp.org/tlog-proof) of the entry at `place`, which the tree has."""
        return Proof(place, self.tree.inclusion(place), self.note).text


class Publisher:
    """The log of one insurer. Opening it mends what a kill left; LogDamaged when that is not possible."""

    def __init__(self, files: LogFiles, ledger: Ledger, signer: NoteSigner, cosigners: Cosigners, now: Now) -> None:
        self._files = files
        self._ledger = ledger
        self._signer = signer
        self._cosigners = cosigners
        self._now = now
        self._turn = threading.Lock()
        self._view: View | None = None
        with ledger.reading() as connection:
            older = some_unplaced(connection)
        if older:
            event("log_places_given", claims=ledger.write(place_older))
        with folder_lock(files.folder):
            self._recover()

    @property
    def files(self) -> LogFiles:
        """The folder of what is published."""
        return self._files

    def cover(self, place: int) -> View:
        """A published checkpoint whose tree has the entry at `place`; LogDamaged, DiskFull, MediumFailed."""
        with self._turn:
            while (view := self._view) is None or view.tree.size <= place or self._is_behind(view):
                with folder_lock(self._files.folder):
                    self._view = self._advance(place)
            return view

    def _is_behind(self, view: View) -> bool:
        """Whether another worker published since (a terminal must never see the log go back), or witnesses are due."""
        return view.note != self._files.checkpoint() or self._is_to_cosign(view)

    def _is_to_cosign(self, view: View) -> bool:
        return not view.cosigned and self._now() - view.asked_at >= COSIGNING_PAUSE

    def _advance(self, place: int) -> View:
        """Publish what waits, or ask the missing witnesses again; the view of what is out then."""
        former, out = self._published()
        entries = self._entries_after(former)
        tree = Tree(former.size + len(entries), self._files.read)
        if not entries and former.size <= place:
            raise LogDamaged("the database has no entry at this place", place=place)
        full = self._write(former.size, entries)
        note = self._signed(self._consistent(former, tree).text) if entries else out
        note = self._cosigners.cosign(note, tree, self._now())
        if note != out:
            self._files.publish(note)
        self._files.drop_partials(full)
        return View(note, tree, self._cosigners.enough(note), self._now())

    def _entries_after(self, former: Checkpoint) -> list[bytes]:
        """The entries that the database has beyond the checkpoint, whose last entry it must have too."""
        start = max(former.size - 1, 0)
        with self._ledger.reading() as connection:
            found = entries_from(connection, start, PORTION)
        if former.size and (not found or leaf_hash(found.pop(0)) != self._last_leaf(former.size)):
            raise LogDamaged("the database has not the entries that the log has", size=former.size)
        return found

    def _last_leaf(self, size: int) -> bytes:
        index, width = divmod(size - 1, WIDTH)
        return self._files.read(Tile(0, index, width + 1))[width * 32 : width * 32 + 32]

    def _write(self, size: int, entries: list[bytes]) -> list[Tile]:
        """Make the tiles and bundles of these entries durable; those that are full now."""
        if not entries:
            return []
        tiles = [*grow(size, [leaf_hash(entry) for entry in entries], self._files.read), *self._bundles(size, entries)]
        self._files.add(tiles)
        return [tile for tile, _ in tiles if tile.width == WIDTH]

    def _bundles(self, size: int, entries: list[bytes]) -> list[tuple[Tile, bytes]]:
        first, former = divmod(size, WIDTH)
        known = entries_in(self._files.read(Tile(None, first, former)))[:former] if former else ()
        return bundles(size, entries, known)

    def _consistent(self, former: Checkpoint, tree: Tree) -> Checkpoint:
        """The checkpoint of a tree that begins with the former one; LogDamaged when the files say otherwise."""
        root = tree.root()
        try:
            verify_consistency(former.size, former.root, tree.size, root, tree.consistency(former.size))
        except ProofInvalid as error:
            raise LogDamaged("the tiles do not continue the checkpoint", size=former.size) from error
        return Checkpoint(self._signer.public.name, tree.size, root)

    def _signed(self, text: str) -> str:
        return f"{text}\n{self._signer.line(text)}"

    def _published(self) -> tuple[Checkpoint, str]:
        """The checkpoint that is out, with its note; that of an empty log when there is none yet."""
        note = self._files.checkpoint()
        if note is None:
            empty = Checkpoint(self._signer.public.name, 0, EMPTY_ROOT)
            return empty, self._signed(empty.text)
        try:
            opened = read_note(note)
            if not opened.signed_by(self._signer.public):
                raise LogDamaged("the checkpoint is not of this log's key")
            return checkpoint_in(opened.text), note
        except (ContractError, SignatureInvalid) as error:
            raise LogDamaged("the checkpoint is not a checkpoint of this log") from error

    def _recover(self) -> None:
        """Make every file again that differs from the database; LogDamaged when the checkpoint is not its root."""
        published, _ = self._published()
        if published.size == 0:
            return
        mended = self._mend(published.size)
        if mended:
            event("log_files_mended", files=mended)
        if Tree(published.size, self._files.read).root() != published.root:
            raise LogDamaged("the database has not the entries that the log has", size=published.size)

    def _mend(self, size: int) -> int:
        """How many files of a log of this size had to be written again. Takes some microseconds an entry."""
        mended, made = 0, dict[Tile, bytes]()
        for start in range(0, size, PORTION):
            with self._ledger.reading() as connection:
                entries = entries_from(connection, start, min(PORTION, size - start))
            fresh = dict([*grow(start, list(map(leaf_hash, entries)), made.__getitem__), *bundles(start, entries)])
            made = {tile: data for tile, data in (made | fresh).items() if tile.width < WIDTH}
            wrong = [(tile, data) for tile, data in fresh.items() if self._differs(tile, data, size)]
            self._files.add(wrong)
            mended += len(wrong)
        return mended

    def _differs(self, tile: Tile, data: bytes, size: int) -> bool:
        return _belongs(tile, size) and self._files.find(tile) != data


def bundles(start: int, entries: list[bytes], known: tuple[bytes, ...] = ()) -> list[tuple[Tile, bytes]]:
    """The bundles that entries from the place `start` on make, after those `known` of the first bundle."""
    together = [*known, *entries]
    parts = [together[at : at + WIDTH] for at in range(0, len(together), WIDTH)]
    return [(Tile(None, start // WIDTH + offset, len(part)), bundle(part)) for offset, part in enumerate(parts)]


def _belongs(tile: Tile, size: int) -> bool:
    """Whether a log of this size has this very tile, and no wider one in its place."""
    return tile.width == min(WIDTH, (size >> 8 * (tile.level or 0)) - tile.index * WIDTH)
