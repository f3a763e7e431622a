"""A small witness (c2sp.org/tlog-witness): it cosigns that a log has only grown since it last looked.

Rules: it knows logs by key and origin, and nothing of what is in them; it remembers one checkpoint a log, durably,
before it gives a signature; comparing and remembering are one act. What it refuses although the log signed it is kept
beside the remembered checkpoint: two signed checkpoints that do not fit together are the proof of a fork.
"""

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sync.crypto.tlog import (
    EMPTY_ROOT,
    Checkpoint,
    Note,
    NoteKey,
    NoteSigner,
    checkpoint_in,
    read_note,
    verify_consistency,
)
from sync.crypto.tlog.checkpoint import number_in
from sync.crypto.tlog.notes import LOG_KEY, WITNESS_KEY, from_base64
from sync.durable import folder_lock, medium_errors, replace_file
from sync.errors import ContractError, LogForked, LogShrunk, ProofInvalid, SignatureInvalid
from sync.eventlog import event

MAX_REQUEST: Final = 32_768
MAX_STEPS: Final = 63
_KEY: Final = "witness.key"
_CHECKPOINT: Final = "checkpoint"
_REFUSED: Final = "refused"
_OWNER_FOLDER: Final = 0o700


@dataclass(frozen=True)
class Verdict:
    """Status and body of the answer to add-checkpoint; a 409 says the remembered size."""

    status: int
    body: str = ""


@dataclass(frozen=True)
class _Asked:
    old: int
    path: tuple[bytes, ...]
    note: str
    opened: Note
    checkpoint: Checkpoint


class Witness:
    """The witness in `folder`, named `name`, for these logs. Its key is made when it has none."""

    def __init__(self, folder: Path, name: str, logs: Sequence[NoteKey], now: Callable[[], datetime]) -> None:
        if any(key.kind != LOG_KEY for key in logs):
            raise ContractError("a witness follows logs, by their keys")
        self._folder = folder
        self._logs = logs
        self._now = now
        self._turn = threading.Lock()
        with medium_errors():
            folder.mkdir(mode=_OWNER_FOLDER, parents=True, exist_ok=True)
            for key in logs:
                (folder / origin_hash(key.name)).mkdir(mode=_OWNER_FOLDER, exist_ok=True)
        self._signer = NoteSigner(name, WITNESS_KEY, _seed(folder))
        self.key = self._signer.public

    def add_checkpoint(self, body: bytes) -> Verdict:
        """POST add-checkpoint: the cosignature, or why there is none, in the order of the specification."""
        try:
            asked = _read_request(body)
        except (ContractError, UnicodeDecodeError):
            return Verdict(400)
        keys = [key for key in self._logs if key.name == asked.checkpoint.origin]
        if not keys:
            return Verdict(404)
        if not _is_signed(asked.opened, keys):
            return Verdict(403)
        if asked.old > asked.checkpoint.size:
            return Verdict(400)
        with self._turn, folder_lock(self._place(asked.checkpoint.origin)):
            return self._judge(asked)

    def checkpoint(self, origin: str) -> str | None:
        """GET {origin hash}/checkpoint: the last one cosigned, with both signatures; None when there is none."""
        if origin not in {origin_hash(key.name) for key in self._logs}:
            return None
        try:
            return (self._folder / origin / _CHECKPOINT).read_text("utf-8")
        except FileNotFoundError:
            return None

    def _judge(self, asked: _Asked) -> Verdict:
        origin, found = asked.checkpoint.origin, asked.checkpoint
        known = self._known(origin)
        try:
            _compare(known, asked)
        except (LogForked, LogShrunk) as error:
            self._keep(origin, _REFUSED, asked.note)
            event("checkpoint_refused", origin=origin, error=error.code, known=known.size, size=found.size)
            return Verdict(422) if isinstance(error, LogForked) else Verdict(409, f"{known.size}\n")
        if asked.old != known.size:
            return Verdict(409, f"{known.size}\n")
        line = self._signer.line(asked.opened.text, int(self._now().timestamp()))
        self._keep(origin, _CHECKPOINT, asked.note + line)
        return Verdict(200, line)

    def _known(self, origin: str) -> Checkpoint:
        note = self.checkpoint(origin_hash(origin))
        return Checkpoint(origin, 0, EMPTY_ROOT) if note is None else checkpoint_in(read_note(note).text)

    def _keep(self, origin: str, name: str, note: str) -> None:
        replace_file(self._place(origin) / name, note.encode("utf-8"))

    def _place(self, origin: str) -> Path:
        return self._folder / origin_hash(origin)


def origin_hash(origin: str) -> str:
    """How a log's origin is named in a path."""
    return hashlib.sha256(origin.encode("utf-8")).hexdigest()


def _compare(known: Checkpoint, asked: _Asked) -> None:
    """LogShrunk or LogForked when the checkpoint does not continue the remembered one."""
    found = asked.checkpoint
    if found.size < known.size:
        raise LogShrunk("smaller than before", known=known.size, size=found.size)
    if asked.old == known.size:
        try:
            verify_consistency(known.size, known.root, found.size, found.root, asked.path)
        except ProofInvalid as error:
            raise LogForked("not a continuation", known=known.size, size=found.size) from error


def _read_request(body: bytes) -> _Asked:
    head, blank, note = body.decode("utf-8").partition("\n\n")
    old, *path = head.split("\n")
    if not blank or len(body) > MAX_REQUEST or not old.startswith("old ") or len(path) > MAX_STEPS:
        raise ContractError("not a request to a witness")
    opened = read_note(note)
    steps = tuple(from_base64(step) for step in path)
    return _Asked(number_in(old.removeprefix("old ")), steps, note, opened, checkpoint_in(opened.text))


def _is_signed(note: Note, keys: Sequence[NoteKey]) -> bool:
    try:
        return True in {note.signed_by(key) for key in keys}
    except SignatureInvalid:
        return False


def _seed(folder: Path) -> bytes:
    path = folder / _KEY
    with folder_lock(folder), medium_errors():
        if not path.exists():
            replace_file(path, NoteSigner.new_seed())
        return path.read_bytes()
