"""What a start finds on the files of one crash state, and whether that keeps what had been promised by then.

Rules: the home is opened as the product opens it, with the device secret and no PIN; everything is put right by the
product's own reconciliation, then all its checks are run, then what still waits is sent. A finding is the name of the
promise that was broken, and the claim. Signatures are remembered between states, because the same bytes verify again.
"""

import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from hardware.keystore import open_file_secret
from sync.crypto.signing import SigningKey, VerifyingKey
from sync.engine import drain
from sync.errors import SyncError
from sync.home import OpenHome, open_home
from sync.queue import Counterfoil
from sync.queue.tables import Row
from sync.receipts import verify_receipt
from terminal.config import ConfigInvalid, read_config
from terminal.vault.dossiers import Dossiers
from tests.faults.power.insurer import Insurer, Received
from tests.faults.power.medium import Files

_STORE: Final = "store.db"
_WORKED_ON: Final = (_STORE, "counterfoil.log")
MUCH_LATER: Final = datetime(2036, 1, 1, tzinfo=UTC)


@dataclass
class Promised:
    """What people and insurers had been told at a moment; `digests` and `numbers` by claim."""

    digests: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    leaving: dict[str, str] = field(default_factory=dict)
    received: dict[str, Received] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    contradicted: list[str] = field(default_factory=list)

    def hear(self, line: bytes) -> None:
        """One mark: `leaving` keeps the last word about a correction or a cancellation."""
        said = json.loads(line)
        what = said.pop("what")
        if what == "said":
            self.digests[said["claim"]], self.numbers[said["claim"]] = said["digest"], said["number"]
        elif what == "received":
            self._receive(Received(**said))
        elif what == "settled":
            self.settled |= set(said["claims"])
        elif what == "done":
            self.done.add(said["act"])
        else:
            self.leaving[said["claim"]] = what

    def _receive(self, received: Received) -> None:
        known = self.received.setdefault(received.claim_id, received)
        if known != received:
            self.contradicted.append(received.claim_id)


@dataclass(frozen=True)
class Found:
    """What one start found: an error, or rows, dossiers' numbers, findings of the checks, frames that were missing."""

    error: str = ""
    rows: tuple[Row, ...] = ()
    numbers: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[str, ...] = ()
    uncovered: tuple[str, ...] = ()


class Judge:
    """Judges states in a folder of its own (in memory, where there is one)."""

    def __init__(self, folder: Path, shop_seed: bytes, insurer: SigningKey) -> None:
        self._home, self._seed, self._insurer = folder / "home", shop_seed, insurer
        self.seen: dict[bytes, Found] = {}
        self._dossiers: dict[bytes, str] = {}
        self._there: Files = {}
        self._settings: Files = {}
        self._opened: OpenHome | None = None
        (self._home / "locks").mkdir(parents=True)

    def look(self, files: Files, *, wholly: bool = True) -> Found:
        """Lay these files out and start, with every check of the product where `wholly`.

        The home stays open for `finish`, until the next look.
        """
        self.close()
        self._lay_out(files)
        try:
            return self._found(self._started(files), wholly=wholly)
        except (SyncError, ConfigInvalid) as error:
            return Found(error=error.code)

    def _started(self, files: Files) -> OpenHome:
        """The home as the product opens it; where only the queue's files differ, with the key slots opened before."""
        settings = {name: content for name, content in files.items() if not name.startswith(_WORKED_ON)}
        if self._opened is None or settings != self._settings:
            self._opened, self._settings = open_home(self._home, open_file_secret), settings
            return self._opened
        counterfoil = self._opened.outbox._counterfoil = Counterfoil.open(self._opened.counterfoil.path)
        self._opened = replace(self._opened, counterfoil=counterfoil)
        return self._opened

    def close(self) -> None:
        """Close what the last look opened."""
        if self._opened is not None:
            self._opened.close()

    def finish(self, promised: Promised) -> list[str]:
        """Send what waits to an insurer that has what it had then: what goes wrong with that."""
        home = self._opened
        assert home is not None, "look comes first"
        insurer = Insurer(self._insurer, home.signer, promised.received.values())
        waiting = {row.claim_id for row in home.outbox.rows({"queued", "sending"})}
        home.outbox.hurry()
        report = drain(home.outbox, lambda _: insurer, lambda: MUCH_LATER, random.Random(0))
        left = home.outbox.ids({"queued", "sending"})
        lost = sorted(waiting - insurer.claims)
        return [f"P2 {wrong}" for wrong in insurer.wrong + report.blocked + left + lost]

    def _found(self, home: OpenHome, *, wholly: bool) -> Found:
        read_config(self._home)
        uncovered = tuple(_uncovered(home))
        home.outbox.reconcile()
        lines = home.store.check() + home.outbox.check(_Remembering(home.signer.public)) if wholly else ()
        rows = tuple(home.outbox.rows())
        findings = [f"{line.name}: {line.detail}" for line in lines if not line.ok]
        findings += [f"receipt of {row.claim_id}" for row in rows if row.receipt and not self._verifies(row, home)]
        return Found(rows=rows, numbers=self._numbers(home), findings=tuple(findings), uncovered=uncovered)

    def _numbers(self, home: OpenHome) -> dict[str, str]:
        """The number of each dossier that opens."""
        dossiers = Dossiers(home.store, self._seed)
        with home.store.read() as connection:
            found = connection.exec_driver_sql("SELECT claim_id, sealed FROM dossier").all()
        unread = [row.claim_id for row in found if row.sealed not in self._dossiers]
        numbers = {claim_id: number for claim_id, (number, _) in dossiers.many(unread).items()}
        self._dossiers |= {row.sealed: numbers[row.claim_id] for row in found if row.claim_id in numbers}
        return {row.claim_id: self._dossiers[row.sealed] for row in found}

    def _verifies(self, row: Row, home: OpenHome) -> bool:
        return _receipt_verifies(row, self._insurer.public, home.signer.kid)

    def _lay_out(self, files: Files) -> None:
        """Write what differs from the state before; what a start may write itself is always written anew."""
        for name in self._there.keys() - files.keys() | {f"{_STORE}-wal", f"{_STORE}-shm"}:
            (self._home / name).unlink(missing_ok=True)
        for name, content in files.items():
            if name.startswith(_WORKED_ON) or self._there.get(name) != content:
                (self._home / name).parent.mkdir(parents=True, exist_ok=True)
                (self._home / name).write_bytes(content)
                (self._home / name).chmod(0o600)
        self._there = files


def violations(found: Found, promised: Promised) -> list[str]:
    """Each promise that this start would break, with the claim."""
    if found.error:
        return [f"P1 the start fails: {found.error}"]
    rows = {row.claim_id: row for row in found.rows}
    broken = [f"P6 {finding}" for finding in found.findings]
    broken += [f"P1 {claim} stands in the store and not in the counterfoil" for claim in found.uncovered]
    broken += [f"P3 the insurer was sent two texts for {claim}" for claim in promised.contradicted]
    for claim, digest in promised.digests.items():
        broken += _broken_word(rows.get(claim), found.numbers.get(claim), claim, digest, promised)
    broken += _left_over(rows, promised)
    return broken


def _broken_word(row: Row | None, number: str | None, claim: str, digest: str, promised: Promised) -> list[str]:
    if row is None:
        return [f"P1 {claim} is gone"]
    broken = []
    if number != promised.numbers[claim]:
        broken.append(f"P2 {claim} was numbered {promised.numbers[claim]} and is {number}")
    if row.digest != digest:
        broken.append(f"P3 {claim} has other bytes")
    if row.state not in _allowed(claim, promised):
        broken.append(f"P1 {claim} is {row.state} ({row.reason})")
    return broken


def _allowed(claim: str, promised: Promised) -> frozenset[str]:
    """The states that keep the word given about a claim."""
    word = promised.leaving.get(claim)
    if word is not None:
        return frozenset({
            "correcting": {"queued", "superseded"}, "corrected": {"superseded"},
            "cancelling": {"queued", "cancelled"}, "cancelled": {"cancelled"},
        }[word])  # fmt: skip
    if claim in promised.settled:
        return frozenset({"acknowledged"})
    if claim in promised.received:
        return frozenset({"sending", "acknowledged"})
    return frozenset({"queued", "sending"})


def _left_over(rows: Mapping[str, Row], promised: Promised) -> list[str]:
    """Claims nobody was told of (one at most), and a correction of which neither half is left."""
    untold = [row for claim, row in rows.items() if claim not in promised.digests]
    broken = [f"P2 {row.claim_id} was never promised" for row in untold[1:]]
    broken += [f"P1 {row.claim_id}, untold, is {row.state}" for row in untold if row.state not in ("queued", "blocked")]
    for claim, word in promised.leaving.items():
        if word == "correcting" and rows[claim].state == "superseded" and not untold and not _followed(claim, promised):
            broken.append(f"P1 of {claim} and its correction neither is left")
    broken += [
        f"P4 {claim} is acknowledged and its insurer never had it"
        for claim, row in rows.items()
        if row.state == "acknowledged" and claim not in promised.received
    ]
    sent = {claim: row.dispatch for claim, row in rows.items()}
    broken += [f"P3 {claim} left and its number is forgotten" for claim in promised.received if not sent.get(claim)]
    return broken


def _followed(claim: str, promised: Promised) -> bool:
    """Whether the correction of `claim` was told already: it is the claim that was told next."""
    told = list(promised.digests)
    return told.index(claim) + 1 < len(told)


def _uncovered(home: OpenHome) -> Iterable[str]:
    """Claims of the store whose envelope or dispatch the counterfoil lacks: it must be the first to know."""
    kept = {(frame.kind, frame.claim_id) for frame in home.counterfoil.frames()}
    with home.store.read() as connection:
        for found in connection.exec_driver_sql("SELECT claim_id, dispatch FROM outbox"):
            if ("envelope", found.claim_id) not in kept:
                yield found.claim_id
            if found.dispatch is not None and ("dispatch", found.claim_id) not in kept:
                yield found.claim_id


class _Remembering(VerifyingKey):
    """A key that does not verify the same bytes twice."""

    def __init__(self, key: VerifyingKey) -> None:
        super().__init__(key._key)
        self._true = key

    def verify(self, typ: str, signed: str) -> bytes:
        """The payload; SignatureInvalid."""
        return _verified(self._true, typ, signed)


@cache
def _verified(key: VerifyingKey, typ: str, signed: str) -> bytes:
    return key.verify(typ, signed)


@cache
def _receipt_verifies(row: Row, insurer: VerifyingKey, device: str) -> bool:
    try:
        verify_receipt(row, row.receipt or "", [insurer], device)
    except SyncError:
        return False
    return True
