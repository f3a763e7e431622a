"""Terminals of an intake in this process, without a network, and what they were told."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from sync.contract.envelope import RECEIPT_TYP, Package, Receipt, decode
from sync.crypto.sealing import OpeningKey
from sync.errors import SyncError
from sync.receiver.db import Ledger, claims
from sync.receiver.enrol import invite
from sync.receiver.folder import IntakeMaterial
from sync.receiver.intake import Intake
from tests.unit.sync.receiver.visitor import ORIGIN, SHOP, Clock, Visitor


@dataclass(frozen=True)
class Insurance:
    """An insurer: its folder, what the intake has of it, and the key the intake has not."""

    folder: Path
    material: IntakeMaterial
    opening: OpeningKey

    def intake(self, ledger: Ledger) -> Intake:
        """Its intake on a database, without a log."""
        return Intake(ledger, self.material, ORIGIN, Clock())

    def terminal(self, ledger: Ledger) -> "Sender":
        """One more enrolled terminal."""
        clock = Clock()
        visitor = Visitor(self.opening.public, clock)
        letter = invite(ledger, SHOP, clock())
        visitor.keep(self.intake(ledger).enrol(visitor.enrolment(letter)).body)
        return Sender(visitor)

    def receipt(self, signed: str) -> Receipt:
        """A verified receipt."""
        return decode(self.material.signer.public.verify(RECEIPT_TYP, signed), Receipt)


@dataclass
class Sender:
    """A terminal that sends packages in batches, and remembers the receipt of each claim."""

    visitor: Visitor
    receipts: dict[str, str] = field(default_factory=dict)
    sent: list[bytes] = field(default_factory=list)

    def packages(self, count: int) -> list[bytes]:
        """The next packages of its chain."""
        made = [self.visitor.package() for _ in range(count)]
        self.sent += made
        return made

    def push(self, intake: Intake, packages: list[bytes]) -> list[int]:
        """Send a batch and keep its receipts; the statuses."""
        answer = json.loads(intake.push_batch(self.visitor.post_batch(*packages)).body)["results"]
        self.receipts |= {result["claim_id"]: result["receipt"] for result in answer if "receipt" in result}
        return [result["status"] for result in answer]

    def push_until(self, intake: Intake, over: Callable[[], bool], batch: int = 5) -> None:
        """Send one batch after the other until that is so; a batch that fails is left unacknowledged."""
        while not over():
            with suppress(SyncError, Exception):
                self.push(intake, self.packages(batch))


def claim_ids(packages: list[bytes]) -> list[str]:
    """The claims in packages."""
    return [decode(package, Package).envelope.claim_id for package in packages]


def stored(ledger: Ledger) -> dict[str, str]:
    """The receipt of every claim in a database."""
    with ledger.reading() as connection:
        rows = connection.execute(select(claims.c.claim_id, claims.c.receipt)).all()
    assert len({row.claim_id for row in rows}) == len(rows)
    return {row.claim_id: row.receipt for row in rows}
