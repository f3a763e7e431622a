"""Simulated terminals that send over TLS what was sealed before, and keep what they were told.

Rules: a terminal goes on to the next claims once it has the receipts of those before; what was not answered is sent
again with the same bytes, as the engine does; each terminal is one thread at most.
"""

import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from sync.client import InsurerClient, TerminalKeys, enrol, enrolled_record
from sync.contract.activation import ActivationCode
from sync.contract.enrolment import DirectoryEntry
from sync.contract.envelope import Package, decode, digest, encode
from sync.errors import SyncError
from sync.insurers import InsurerRecord
from sync.receipts import opened_receipt
from tests.integration.sync.world import Insurer, sealing_key
from tests.unit.sync.receiver.visitor import SHOP, Clock, Visitor

PATIENCE = 200
"""Seconds after which somebody who waits for an answer gives up: a busy medium may hold a flush up for a minute."""


@dataclass
class SimTerminal:
    """An enrolled terminal: its chain, all its packages, and the receipt of each claim by its id."""

    record: InsurerRecord
    visitor: Visitor
    receipts: dict[str, str] = field(default_factory=dict)
    packages: list[bytes] = field(default_factory=list)
    pending: list[bytes] = field(default_factory=list)

    @classmethod
    def enrolled(cls, insurer: Insurer, shop: str = SHOP) -> "SimTerminal":
        """One more terminal of an insurer that is up."""
        invitation = insurer.invite(shop)
        entry = msgspec.convert(invitation["directory"], DirectoryEntry)
        visitor = Visitor(None, Clock(_now()))  # type: ignore[arg-type]  # whom it seals to is known once it is enrolled
        keys = TerminalKeys(visitor.tls_key, visitor.signer, visitor.shop_key.public)
        letter = invitation["letter"]
        answer = enrol(entry, letter["invitation"], ActivationCode.parse(letter["activation_code"]), keys)
        record = enrolled_record(entry, answer, _now())
        visitor.recipient = sealing_key(record)
        return cls(record, visitor)

    def seal(self, count: int) -> list[bytes]:
        """The next packages of its chain, sealed now."""
        made = [self.visitor.package() for _ in range(count)]
        self.packages += made
        return made

    def client(self) -> InsurerClient:
        """A connection of its own."""
        return InsurerClient(self.record, self.visitor.tls_key, self.visitor.signer)

    def push(self, client: InsurerClient, packages: Sequence[bytes]) -> set[int]:
        """Send a batch and keep its receipts; the statuses."""
        results = client.push(packages)
        self.receipts |= {result.claim_id: result.receipt for result in results if result.receipt is not None}
        return {result.status for result in results}

    def send_until(self, over: threading.Event, told: Callable[[], object], batch: int) -> None:
        """Send one batch after the other until it is over; `told` is called when one was answered."""
        while not over.is_set():
            try:
                self._send(over, told, batch)
            except SyncError:
                over.wait(0.01)

    def _send(self, over: threading.Event, told: Callable[[], object], batch: int) -> None:
        with self.client() as client:
            while not over.is_set():
                self.pending = self.pending or self.seal(batch)
                assert self.push(client, self.pending) <= {200, 201}
                self.pending = []
                told()

    def verified(self) -> int:
        """Check every receipt against the very package it is for; how many there are."""
        packages = {found.envelope.claim_id: found for found in (decode(package, Package) for package in self.packages)}
        with self.client() as client:
            for claim_id, signed in self.receipts.items():
                receipt, package = opened_receipt(signed, client.verifiers), packages[claim_id]
                said = (receipt.claim_id, receipt.device, receipt.envelope, receipt.dispatch)
                own = (digest(encode(package.envelope)), digest(package.dispatch.encode("ascii")))
                assert said == (claim_id, self.visitor.signer.kid, *own)
        return len(self.receipts)


class Load:
    """Terminals that send while this is open; `acknowledged` counts the receipts they got."""

    def __init__(self, terminals: list[SimTerminal], draw: random.Random) -> None:
        self._terminals = terminals
        self._draw = draw
        self._over = threading.Event()
        self._told = threading.Semaphore(0)

    def __enter__(self) -> "Load":
        self._pool = ThreadPoolExecutor(len(self._terminals))
        batches = (self._draw.randint(1, 6) for _ in self._terminals)
        self._running = [
            self._pool.submit(one.send_until, self._over, self._told.release, batch)
            for one, batch in zip(self._terminals, batches, strict=True)
        ]
        return self

    def wait_for(self, answers: int) -> None:
        """Return when that many batches were answered since it was asked last."""
        for _ in range(answers):
            assert self._told.acquire(timeout=PATIENCE), [one.exception() for one in self._running if one.done()]

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._pool.shutdown()
        for one in self._running:
            one.result()


def _now() -> datetime:
    return datetime.now(UTC)
