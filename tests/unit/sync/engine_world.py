"""A real queue, and an insurer that says what a test wants it to say."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from sync.contract.envelope import (
    DISPATCH_TYP,
    GENESIS,
    RECEIPT_TYP,
    REFUSAL_TYP,
    ChainState,
    ClaimRefusal,
    Dispatch,
    Package,
    Receipt,
    decode,
    digest,
    encode,
)
from sync.contract.problems import PROBLEMS
from sync.crypto.claims import seal_claim
from sync.crypto.sealing import OpeningKey
from sync.crypto.signing import SigningKey, VerifyingKey
from sync.engine import DrainReport, drain
from sync.errors import InsurerRefused
from sync.peer import Peer, PushResult
from sync.queue import Counterfoil, Entry, Outbox
from sync.receipts import opened_receipt
from sync.store import Store
from tests.unit.sync.receiver.visitor import AMC, Clock, claim_message, new_claim_id

Answer = Callable[["ScriptedInsurer", bytes], PushResult]


@dataclass
class ScriptedInsurer:
    """A peer that keeps what it was sent and answers each package by `answer`, or fails by `failure`."""

    device: SigningKey
    key: SigningKey = field(default_factory=SigningKey.generate)
    batches: list[list[bytes]] = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict)
    failure: Exception | None = None
    answer: Answer = lambda insurer, package: insurer.acknowledge(package)

    @property
    def signer(self) -> SigningKey:
        """The device key of the terminal."""
        return self.device

    @property
    def verifiers(self) -> Sequence[VerifyingKey]:
        """The insurer's only key."""
        return (self.key.public,)

    def push(self, packages: Sequence[bytes]) -> list[PushResult]:
        """Note the batch, then answer or fail."""
        self.batches.append(list(packages))
        if self.failure is not None:
            raise self.failure
        return [self.answer(self, package) for package in packages]

    def state(self) -> ChainState:
        """Where the chain of what it acknowledged stands."""
        held = {one.seq: one.dispatch for one in map(self._said, self.known.values())}
        seq = next(number for number in range(len(held) + 1) if number + 1 not in held)
        missing = tuple(number for number in range(1, max(held, default=0)) if number not in held)
        head = held.get(seq, GENESIS)
        kid = self.device.kid
        return ChainState(schema="comptoir/state/v1", insurer=AMC, device=kid, seq=seq, head=head, missing=missing)

    def receipts(self, after: int) -> list[str]:
        """What it acknowledged above a number, in order."""
        return sorted(
            (one for one in self.known.values() if self._said(one).seq > after), key=lambda one: self._said(one).seq
        )

    def _said(self, signed: str) -> Receipt:
        return opened_receipt(signed, self.verifiers)

    def log_file(self, path: str) -> bytes:
        """This insurer has no log."""
        raise InsurerRefused("no log", problem="not_found", status=404, path=path)

    def acknowledge(self, package: bytes, *, by: SigningKey | None = None, **changed: Any) -> PushResult:
        """A receipt as it should be, some members changed, made by this insurer's key or another."""
        claim_id = decode(package, Package).envelope.claim_id
        receipt = msgspec.structs.replace(self.receipt_for(package), **changed)
        signed = (by or self.key).sign(RECEIPT_TYP, encode(receipt))
        status = 200 if claim_id in self.known else 201
        self.known.setdefault(claim_id, signed)
        return PushResult(claim_id, status, signed)

    def refuse(
        self, package: bytes, code: str, *, by: SigningKey | None = None, typ: str = REFUSAL_TYP, **changed: Any
    ) -> PushResult:
        """A problem with its refusal as it should be, some members changed, made by this insurer's key or another."""
        found = decode(package, Package)
        right = {
            "schema": "comptoir/refusal/v1",
            "claim_id": found.envelope.claim_id,
            "insurer": found.envelope.insurer,
            "device": self.device.kid,
            "envelope": digest(encode(found.envelope)),
            "dispatch": digest(found.dispatch.encode()),
            "refused_at": "2026-11-21T12:00:00Z",
            "code": code,
        }
        refusal = msgspec.convert({**right, **changed}, ClaimRefusal)
        signed = (by or self.key).sign(typ, encode(refusal))
        return PushResult(found.envelope.claim_id, PROBLEMS[code].status, problem=code, refusal=signed)

    def receipt_for(self, package: bytes) -> Receipt:
        """The receipt that is right for a package."""
        found = decode(package, Package)
        dispatch = decode(self.device.public.verify(DISPATCH_TYP, found.dispatch), Dispatch)
        return Receipt(
            schema="comptoir/receipt/v1",
            claim_id=dispatch.claim_id,
            insurer=dispatch.insurer,
            device=dispatch.device,
            seq=dispatch.seq,
            envelope=dispatch.envelope,
            dispatch=digest(found.dispatch.encode()),
            received_at="2026-11-21T12:00:00Z",
            state="acknowledged",
        )


@dataclass
class Shop:
    """A terminal's queue with its insurers."""

    outbox: Outbox
    clock: Clock
    signer: SigningKey = field(default_factory=SigningKey.generate)
    insurers: dict[str, Peer] = field(default_factory=dict)
    recipient: OpeningKey = field(default_factory=OpeningKey.generate)
    rng: random.Random = field(default_factory=lambda: random.Random(1))

    def insurer(self, amc: str = AMC) -> ScriptedInsurer:
        """Enrol with one more insurer."""
        made = ScriptedInsurer(self.signer)
        self.insurers[amc] = made
        return made

    def register(self, count: int = 1, amc: str = AMC) -> list[str]:
        """Put claims into the queue, free to leave; their ids."""
        ids = [new_claim_id() for _ in range(count)]
        for claim_id in ids:
            message = msgspec.structs.replace(claim_message(claim_id), insurer=amc)
            sealed = seal_claim(message, self.signer, self.recipient.public)
            self.outbox.enqueue(Entry(claim_id, amc, sealed.envelope, self.now(), self.now()))
        return ids

    def drain(self, **options: Any) -> DrainReport:
        """One pass."""
        return drain(self.outbox, self.insurers.__getitem__, self.now, self.rng, **options)

    def states(self) -> list[str]:
        """The states of all claims, in the order of their registration."""
        return [row.state for row in self.outbox.rows()]

    def now(self) -> datetime:
        """The clock's instant."""
        return self.clock()


@contextmanager
def open_shop(folder: Path) -> Iterator[Shop]:
    """A shop's queue on a real store and a real counterfoil."""
    store = Store.open(folder / "store.db", b"k" * 32, create=True)
    counterfoil = Counterfoil.open(folder / "counterfoil.log")
    yield Shop(Outbox(store, counterfoil), Clock())
    store.close()
    counterfoil.close()
