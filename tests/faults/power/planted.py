"""The mutants: faults that a good storage path has not, each planted into the process that is recorded.

Rules: a fault is planted from outside, by replacing a name in the running process; the product has no switch for any
of them. Each one must be caught by the same judge that finds nothing in the unharmed path: a test of power cuts that
cannot fail proves nothing.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
from sqlalchemy import Connection

import sync.engine
import sync.queue.acts as acts_module
import sync.queue.counterfoil as counterfoil_module
import sync.queue.numbering as numbering_module
import sync.queue.outbox as outbox_module
import sync.store.encrypted as encrypted_module
import terminal.config
from sync.contract.envelope import DISPATCH_TYP, GENESIS, encode
from sync.crypto.signing import SigningKey
from sync.errors import InsurerUnreachable
from sync.queue import Counterfoil, Entry, Outbox, Row
from sync.queue.acts import Act
from sync.queue.reconciliation import catch_up, dispatch_of
from sync.queue.tables import OUTBOX, package_bytes
from sync.store import Store
from terminal.config import Config
from terminal.vault.dossiers import Writing
from terminal.workflow.desk import Desk
from tests.faults.power.insurer import Insurer


class Say(Protocol):
    """Writes a mark."""

    def __call__(self, what: str, **facts: object) -> None:
        """Say it now."""


@dataclass(frozen=True)
class Planting:
    """What a fault may reach."""

    desk: Desk
    mark: Say
    insurer: Insurer


def _pragma(planting: Planting, wanted: str) -> None:
    store = planting.desk.home.store
    _put(encrypted_module, "_SETTINGS", (*encrypted_module._SETTINGS, wanted))
    store._engine.dispose()


def synchronous_off(planting: Planting) -> None:
    """The store is never flushed."""
    _pragma(planting, "synchronous = OFF")


def synchronous_normal(planting: Planting) -> None:
    """The store is flushed at a checkpoint only, and checkpoints are rare."""
    _pragma(planting, "synchronous = NORMAL")
    _pragma(planting, "wal_autocheckpoint = 1000")


def said_before_commit(planting: Planting) -> None:
    """The person is told while the transaction is still open."""
    true_writing = Writing.__call__

    def early(writing: Writing, connection: Connection) -> None:
        true_writing(writing, connection)
        row = connection.execute(OUTBOX.select().where(OUTBOX.c.claim_id == writing._claim_id)).one()
        planting.mark("said", claim=row.claim_id, number=writing.number, digest=row.digest)

    _put(Writing, "__call__", early)


def counterfoil_not_flushed(planting: Planting) -> None:
    """The counterfoil is written and not flushed."""
    _put(counterfoil_module, "write_flushed", os.write)


def counterfoil_after_commit(planting: Planting) -> None:
    """The store commits first, the counterfoil follows."""

    @contextmanager
    def late(store: Store, counterfoil: Counterfoil, *_: object, **__: object) -> Iterator[Act]:
        with store.write() as connection:
            catch_up(connection, counterfoil)
            act = Act(connection)
            yield act
        if act.frames:
            counterfoil.append(act.frames)

    _put(acts_module, "acting", late)
    _put(outbox_module, "acting", late)


def correction_in_two_acts(planting: Planting) -> None:
    """The corrected claim is withdrawn in one transaction, its successor registered in another."""

    def in_two(self: Outbox, claim_id: str, entry: Entry, signer: SigningKey, beside: Any = None) -> None:
        self.void(claim_id, "superseded", signer, entry.created_at)
        self.enqueue(entry, beside)

    _put(Outbox, "replace", in_two)


def sent_before_it_is_durable(planting: Planting) -> None:
    """The packages leave while their numbers are not committed yet."""
    true_number = numbering_module.number

    def number(act: Act, rows: Sequence[Row], signer: SigningKey, now: datetime) -> dict[str, str]:
        signed = true_number(act, rows, signer, now)
        for row in rows:
            planting.insurer.receive(package_bytes(signed[row.claim_id], row.envelope))
        return signed

    _put(outbox_module, "number", number)


def signed_again_at_each_try(planting: Planting) -> None:
    """A retry makes a new signature over the same words: other bytes for one number."""
    true_dispatch = Outbox.dispatch

    def dispatch(self: Outbox, insurer: str, ids: Sequence[str], signer: SigningKey, now: datetime) -> list[bytes]:
        true_dispatch(self, insurer, ids, signer, now)
        return [_signed_again(self.get(claim_id), signer) for claim_id in ids]

    _put(Outbox, "dispatch", dispatch)


def chain_skipped(planting: Planting) -> None:
    """Dispatches are numbered but do not name the one before."""
    true_signed = numbering_module._signed_dispatch

    def signed(place: numbering_module._Place, row: Row, signer: SigningKey) -> str:
        return true_signed(replace(place, prev=GENESIS), row, signer)

    _put(numbering_module, "_signed_dispatch", signed)


def settled_before_it_is_sent(planting: Planting) -> None:
    """A claim counts as acknowledged when it is numbered."""
    true_dispatch = Outbox.dispatch

    def dispatch(self: Outbox, insurer: str, ids: Sequence[str], signer: SigningKey, now: datetime) -> list[bytes]:
        packages = true_dispatch(self, insurer, ids, signer, now)
        self.settle_many(dict.fromkeys((i for i in ids if self.get(i).receipt is None), "presumed"), now)
        return packages

    _put(Outbox, "dispatch", dispatch)


def receipts_not_verified(planting: Planting) -> None:
    """Whatever the peer answers is a receipt; the peer signs with a key that nobody pinned."""
    planting.insurer._signing = SigningKey.generate()
    _put(sync.engine, "verify_receipt", lambda *_: None)


def purged_before_its_receipt(planting: Planting) -> None:
    """A claim is removed from the store once it is on its way."""
    true_dispatch = Outbox.dispatch

    def dispatch(self: Outbox, insurer: str, ids: Sequence[str], signer: SigningKey, now: datetime) -> list[bytes]:
        packages = true_dispatch(self, insurer, ids, signer, now)
        with self._store.write() as connection:
            connection.execute(OUTBOX.delete().where(OUTBOX.c.claim_id.in_(ids)))
        planting.insurer.push(packages)
        raise InsurerUnreachable("the claims are gone, so no reply would find them")

    _put(Outbox, "dispatch", dispatch)


def settings_not_flushed(planting: Planting) -> None:
    """A small file is replaced without a flush before it takes the name."""

    def write_config(home: Path, config: Config) -> None:
        part = home / "config.json.part"
        part.write_bytes(msgspec.json.encode(config))
        part.replace(home / "config.json")

    _put(terminal.config, "write_config", write_config)


def _put(owner: object, name: str, fault: object) -> None:
    """Put a fault in the place of what is called so."""
    setattr(owner, name, fault)


def _signed_again(row: Row, signer: SigningKey) -> bytes:
    told = dispatch_of(row.dispatch or "")
    return package_bytes(signer.sign(DISPATCH_TYP, encode(told)), row.envelope)


FAULTS: Final[dict[str, Callable[[Planting], None]]] = {
    plant.__name__: plant
    for plant in (
        synchronous_off,
        synchronous_normal,
        said_before_commit,
        counterfoil_not_flushed,
        counterfoil_after_commit,
        correction_in_two_acts,
        sent_before_it_is_durable,
        signed_again_at_each_try,
        chain_skipped,
        settled_before_it_is_sent,
        receipts_not_verified,
        purged_before_its_receipt,
        settings_not_flushed,
    )
}
