"""What was exported: one line an export in the opener's folder, chained, before the file appears.

Rules: an entry says when, by which account of the machine, in which form, since when, how many claims, and the digest
of the file; nothing of a claim. Each entry holds the digest of the one before, so none can be taken out of the middle
unseen; that the newest were cut off is seen only by who kept their digest. A torn last line is of an export that never
appeared, and is cut.
"""

import fcntl
import os
import pwd
from pathlib import Path
from typing import Literal

import msgspec

from sync.contract.envelope import GENESIS, Seq, StrictRecord, Timestamp, decode, digest, encode
from sync.contract.message import Digest
from sync.durable import OWNER_ONLY, medium_errors, write_flushed
from sync.errors import ContractError

Form = Literal["jsonl", "fhir", "b2"]
FILE = "exports.jsonl"


class Note(StrictRecord, frozen=True, kw_only=True):
    """One export. `file` is the name alone, or `-` for standard output; `bytes` and `sha256` are of its content."""

    schema: Literal["comptoir/export-note/v1"]
    number: Seq
    at: Timestamp
    by: str
    form: Form
    since: Timestamp
    claims: int
    left_out: int
    bytes: int
    sha256: Digest
    file: str
    prev: Digest


class NotesBroken(ContractError):
    """The list of exports was changed: its chain does not hold from entry `number` on."""

    code = "export_notes_broken"


def notes(folder: Path) -> tuple[Note, ...]:
    """All exports of this opener, oldest first; NotesBroken."""
    path = folder / FILE
    if not path.exists():
        return ()
    with medium_errors():
        return _chained(path.read_bytes())


def add_note(folder: Path, **facts: str | int) -> Note:
    """Note an export, durably; NotesBroken."""
    with medium_errors():
        descriptor = os.open(folder / FILE, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, OWNER_ONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            content = _read(descriptor)
            known = _chained(content)
            os.ftruncate(descriptor, content.rfind(b"\n") + 1)
            prev = digest(encode(known[-1])) if known else GENESIS
            stated = {"schema": "comptoir/export-note/v1", "number": len(known) + 1, "prev": prev, **facts}
            note = msgspec.convert(stated, Note)
            write_flushed(descriptor, encode(note) + b"\n")
        finally:
            os.close(descriptor)
    return note


def operator() -> str:
    """The account of this machine that runs the command."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _read(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def _chained(content: bytes) -> tuple[Note, ...]:
    found: list[Note] = []
    prev = GENESIS
    for line in content[: content.rfind(b"\n") + 1].splitlines():
        number = len(found) + 1
        try:
            note = decode(line, Note)
        except ContractError as error:
            raise NotesBroken("an entry of the list of exports is not one", number=number) from error
        if (note.number, note.prev) != (number, prev):
            raise NotesBroken("the list of exports does not hold together", number=number)
        found.append(note)
        prev = digest(line)
    return tuple(found)
