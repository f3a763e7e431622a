"""Ten faults that a sync can have, each planted into the running process: the machine must find every one.

Rules: a fault is planted from outside, by replacing a name, and taken out again; the product has no switch for any of
them. A model that cannot fail proves nothing.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import msgspec
import pytest

from sync.adversary import SimulatedPeer
from sync.backoff import ceiling
from sync.contract.envelope import DISPATCH_TYP, GENESIS, Dispatch, Package, decode, digest, encode
from sync.crypto.signing import SigningKey
from sync.engine import Lines
from sync.inbox import Inbox
from sync.peer import PushResult
from sync.queue import Outbox, Row, numbering, reading
from sync.queue.tables import OUTBOX
from tests.unit.sync.queue.envelopes import claim_id

Plant = Callable[[pytest.MonkeyPatch], None]


def key_per_try(patch: pytest.MonkeyPatch) -> None:
    """Each try has an idempotency key of its own, so a claim whose answer was lost is another claim."""
    true_push, tries = SimulatedPeer.push, iter(range(10_000, 10_000_000))

    def push(self: SimulatedPeer, packages: Sequence[bytes]) -> list[PushResult]:
        ids = [decode(package, Package).envelope.claim_id for package in packages]
        renamed = [_changed(package, self.signer, claim_id=claim_id(next(tries))) for package in packages]
        return [replace(result, claim_id=one) for one, result in zip(ids, true_push(self, renamed), strict=True)]

    patch.setattr(SimulatedPeer, "push", push)


def marked_before_send(patch: pytest.MonkeyPatch) -> None:
    """A claim counts as acknowledged when it is numbered."""
    true_dispatch = Outbox.dispatch

    def dispatch(self: Outbox, insurer: str, ids: Sequence[str], signer: SigningKey, now: datetime) -> list[bytes]:
        packages = true_dispatch(self, insurer, ids, signer, now)
        self.settle_many(dict.fromkeys((one for one in ids if self.get(one).receipt is None), "presumed"), now)
        return packages

    patch.setattr(Outbox, "dispatch", dispatch)


def receipt_unverified(patch: pytest.MonkeyPatch) -> None:
    """Whatever the insurer answers is a receipt."""
    patch.setattr("sync.decision.verify_receipt", lambda *_: None)


def chain_skipped(patch: pytest.MonkeyPatch) -> None:
    """Dispatches are numbered but do not name the one before."""
    true_signed = numbering._signed_dispatch

    def signed(place: Any, row: Row, signer: SigningKey) -> str:
        return true_signed(replace(place, prev=GENESIS), row, signer)

    patch.setattr(numbering, "_signed_dispatch", signed)


def retried_without_jitter(patch: pytest.MonkeyPatch) -> None:
    """Everybody waits for the whole interval."""

    def delay(failures: int, _rng: object, retry_after: float | None = None) -> timedelta:
        return timedelta(seconds=(retry_after or 0.0) + ceiling(failures))

    patch.setattr("sync.decision.delay", delay)


def ordered_by_clock(patch: pytest.MonkeyPatch) -> None:
    """What was registered later by the clock leaves later."""
    patch.setattr(reading, "_FRESH", reading._FRESH.replace("ORDER BY seq, entry", "ORDER BY created_at"))


def purged_before_receipt(patch: pytest.MonkeyPatch) -> None:
    """A claim that was sent is removed, whatever came back."""
    true_postpone = Outbox.postpone

    def postpone(self: Outbox, ids: Collection[str], until: datetime, error_code: str) -> None:
        true_postpone(self, ids, until, error_code)
        with self._store.write() as connection:
            connection.execute(OUTBOX.delete().where(OUTBOX.c.claim_id.in_(ids), OUTBOX.c.seq.is_not(None)))

    patch.setattr(Outbox, "postpone", postpone)


def resealed_on_retry(patch: pytest.MonkeyPatch) -> None:
    """A retry seals again: another ciphertext under the same claim id and number."""
    true_push = SimulatedPeer.push
    seen: set[str] = set()

    def push(self: SimulatedPeer, packages: Sequence[bytes]) -> list[PushResult]:
        again = partial(_changed, signer=self.signer, sealed=digest(b"again" + packages[0]))
        ids = [decode(package, Package).envelope.claim_id for package in packages]
        sent = [again(package) if one in seen else package for one, package in zip(ids, packages, strict=True)]
        seen.update(ids)
        return true_push(self, sent)

    patch.setattr(SimulatedPeer, "push", push)


def cursor_before_applying(patch: pytest.MonkeyPatch) -> None:
    """The cursor is saved in a transaction of its own, before the event is."""

    def keep(self: Inbox, insurer: str, _place: Any, events: Sequence[tuple[int, str]]) -> int:
        seq, signed = events[-1]
        with self._store.write() as connection:
            moved = (insurer, seq, digest(signed.encode("ascii")))
            connection.exec_driver_sql("INSERT OR REPLACE INTO event_cursor VALUES (?, ?, ?)", moved)
        with self._store.write() as connection:
            for number, one in events:
                connection.exec_driver_sql("INSERT INTO event VALUES (?, ?, ?)", (insurer, number, one))
        return len(events)

    patch.setattr(Inbox, "_keep", keep)


def breaker_shared(patch: pytest.MonkeyPatch) -> None:
    """One insurer that fails stops them all."""
    patch.setattr(Lines, "get", lambda self, _insurer, default: next(iter(self.values()), default), raising=False)
    patch.setattr(Lines, "__setitem__", lambda self, _insurer, line: dict.__setitem__(self, "all", line), raising=False)


def _changed(package: bytes, signer: SigningKey, **changed: str) -> bytes:
    """A package with other members of its envelope, and a dispatch that fits."""
    opened = decode(package, Package)
    envelope = msgspec.structs.replace(opened.envelope, **changed)
    told = decode(signer.public.verify(DISPATCH_TYP, opened.dispatch), Dispatch)
    told = msgspec.structs.replace(told, claim_id=envelope.claim_id, envelope=digest(encode(envelope)))
    return encode(Package(dispatch=signer.sign(DISPATCH_TYP, encode(told)), envelope=envelope))


FAULTS: Final[dict[str, Plant]] = {
    plant.__name__: plant
    for plant in (
        key_per_try,
        marked_before_send,
        receipt_unverified,
        chain_skipped,
        retried_without_jitter,
        ordered_by_clock,
        purged_before_receipt,
        resealed_on_retry,
        cursor_before_applying,
        breaker_shared,
    )
}


@contextmanager
def planted(fault: str) -> Iterator[None]:
    """The process with this fault, until the block ends."""
    with pytest.MonkeyPatch.context() as patch:
        FAULTS[fault](patch)
        yield
