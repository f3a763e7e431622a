"""One export: the claims of a time, in one form, into one file or to standard output.

Rules: claims are opened one after another, never all held; the file is written beside its place, flushed, noted, and
only then takes its name; it is for its owner alone. A claim that does not open, or that the form cannot hold, is left
out and named with its code; the others are exported.
"""

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from sync.crypto.sealing import OpeningKey
from sync.durable import OWNER_ONLY, flush_folder, medium_errors
from sync.receiver.db import Ledger
from sync.receiver.exports.b2 import NotWritten, head, invoice, invoice_number
from sync.receiver.exports.b2_layout import BUILT_IN, read_layout
from sync.receiver.exports.fhir import resource_line
from sync.receiver.exports.lines import line_of
from sync.receiver.exports.noted import Form, Note, add_note, operator
from sync.receiver.opener import Answered, NotOpened, Opened, open_claims

_STDOUT: Final = "-"


@dataclass(frozen=True)
class Wanted:
    """What an operator asks for: a form, the claims received at `since` or later, a file or None for standard output.

    `layout` is the table of the B2-shaped records; `insurer` and `at` go into their head.
    """

    form: Form
    since: datetime
    out: Path | None
    insurer: str
    at: datetime
    layout: Path = BUILT_IN


@dataclass(frozen=True)
class LeftOut:
    """A claim that is not in the file, and why (a stable code, and the field for a form that cannot hold it)."""

    claim_id: str
    code: str
    facts: Mapping[str, str | int] = field(default_factory=dict)


@dataclass
class Exported:
    """What an export holds. `cents` is what was claimed of this insurer (AMC) in the claims of the file."""

    claims: int = 0
    cents: int = 0
    bytes: int = 0
    left_out: list[LeftOut] = field(default_factory=list)
    note: Note | None = None


def export(ledger: Ledger, opening: OpeningKey, opener: Path, wanted: Wanted, stdout: BinaryIO) -> Exported:
    """Make an export; ContractError for a layout that does not hold, DiskFull, MediumFailed: then there is no file."""
    form = _form(wanted)
    done, hashed = Exported(), hashlib.sha256()
    with ExitStack() as stack:
        sink = stack.enter_context(_Sink(wanted.out, stdout))
        for part in form(_sorted_out(ledger, opening, wanted, done), done):
            hashed.update(part)
            done.bytes += len(part)
            sink.write(part)
        sink.flush()
        facts = _facts(wanted, done) | {"sha256": hashed.hexdigest()}
        done.note = add_note(opener, **facts)
        sink.publish()
    return done


def _form(wanted: Wanted) -> Callable[[Iterator[Opened], Exported], Iterator[bytes]]:
    if wanted.form == "b2":
        return _b2(wanted)
    line = line_of if wanted.form == "jsonl" else resource_line

    def lines(claims: Iterator[Opened], done: Exported) -> Iterator[bytes]:
        for claim in claims:
            _count(claim, done)
            yield line(claim) + b"\n"

    return lines


def _b2(wanted: Wanted) -> Callable[[Iterator[Opened], Exported], Iterator[bytes]]:
    layout = read_layout(wanted.layout)

    def records(claims: Iterator[Opened], done: Exported) -> Iterator[bytes]:
        yield _joined([head(layout, wanted.insurer, wanted.at.date())])
        taken: set[str] = set()
        for claim in claims:
            try:
                written = invoice(layout, claim.message, wanted.at.date())
                _take(taken, claim)
            except NotWritten as error:
                done.left_out.append(LeftOut(claim.claim_id, error.code, error.facts))
                continue
            _count(claim, done)
            yield _joined(written)

    return records


def _take(taken: set[str], claim: Opened) -> None:
    number = invoice_number(claim.claim_id)
    if number in taken:
        raise NotWritten("another claim has this invoice number", reason="number_taken")
    taken.add(number)


def _joined(records: list[str] | tuple[str, ...]) -> bytes:
    return "".join(f"{record}\n" for record in records).encode("ascii")


def _sorted_out(ledger: Ledger, opening: OpeningKey, wanted: Wanted, done: Exported) -> Iterator[Opened]:
    """The claims that open; answers to document requests are no claims."""
    for item in open_claims(ledger, opening, int(wanted.since.timestamp() * 1000)):
        if isinstance(item, NotOpened):
            done.left_out.append(LeftOut(item.claim_id, item.error))
        elif not isinstance(item, Answered):
            yield item


def _count(claim: Opened, done: Exported) -> None:
    done.claims += 1
    done.cents += sum(line.amc for line in claim.message.lines)


def _facts(wanted: Wanted, done: Exported) -> dict[str, str | int]:
    return {
        "at": _instant(wanted.at),
        "by": operator(),
        "form": wanted.form,
        "since": _instant(wanted.since),
        "claims": done.claims,
        "left_out": len(done.left_out),
        "bytes": done.bytes,
        "file": wanted.out.name if wanted.out else _STDOUT,
    }


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class _Sink:
    """Where an export goes: a file that takes its name at `publish`, or a stream."""

    def __init__(self, path: Path | None, stream: BinaryIO) -> None:
        self._path, self._stream = path, stream
        self._part = path.with_name(f".{path.name}.{secrets.token_hex(4)}") if path else None

    def __enter__(self) -> "_Sink":
        if self._part is not None:
            with medium_errors():
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
                self._stream = os.fdopen(os.open(self._part, flags, OWNER_ONLY), "wb")
        return self

    def write(self, part: bytes) -> None:
        """Take the next bytes."""
        with medium_errors():
            self._stream.write(part)

    def flush(self) -> None:
        """All bytes are on the medium, or in the stream's hands."""
        with medium_errors():
            self._stream.flush()
            if self._part is not None:
                os.fsync(self._stream.fileno())

    def publish(self) -> None:
        """Give the file its name."""
        if self._part is not None and self._path is not None:
            with medium_errors():
                self._part.replace(self._path)
                flush_folder(self._path.parent)

    def __exit__(self, *_: object) -> None:
        if self._part is not None:
            with suppress(OSError):
                self._stream.close()
            self._part.unlink(missing_ok=True)
