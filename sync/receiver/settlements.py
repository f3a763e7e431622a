"""`settlement --day DAY --out DIR`: what was decided and paid on one day, a file for each terminal that has a line.

Rules: only what was said to a terminal is in its file, as things stood at the end of that day; a file is signed with
the intake's key, sealed to the shop, written whole and for its owner alone. The same day again gives the same lines.
Nothing here opens a claim.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from sync.contract.envelope import decode
from sync.contract.keys import SealingPublic
from sync.contract.outcomes import Outcome, Payment
from sync.contract.settlement import MAX_FILE_EVENTS, Settled, Settlement, SettlementLine
from sync.crypto import base64url
from sync.crypto.sealing import SealingKey
from sync.crypto.settlements import seal_settlement
from sync.durable import folder_lock, medium_errors, replace_file
from sync.errors import ContractError
from sync.receiver.announcing import said_of
from sync.receiver.databases import open_ledger
from sync.receiver.db import Ledger, events, terminals
from sync.receiver.folder import IntakeMaterial, open_intake

Command = Callable[..., argparse.ArgumentParser]
_DEVICE_SIGNS = 12


@dataclass
class _Claim:
    """One claim as it stands, and the last day on which something was said of it."""

    state: Settled
    agreed: int
    day: date
    paid: int = 0
    reference: str | None = None


@dataclass
class _Book:
    claims: dict[str, _Claim] = field(default_factory=dict)

    def decide(self, outcome: Outcome) -> None:
        agreed = sum(line.amc for line in outcome.lines)
        self.claims[outcome.claim_id] = _Claim(outcome.verdict, agreed, outcome.decided_on)

    def pay(self, payment: Payment) -> None:
        for paid in payment.claims:
            claim = self.claims.setdefault(paid.claim_id, _Claim("paid", paid.amount, payment.paid_on))
            claim.state, claim.reference = "paid", payment.reference
            claim.paid += paid.amount
            claim.day = max(claim.day, payment.paid_on)


def settlements(ledger: Ledger, material: IntakeMaterial, day: date) -> dict[str, str]:
    """The file of each terminal about whose claims something was said on `day`, by its key id."""
    with ledger.reading() as connection:
        books = _books(connection, day)
        return {
            device: _file(connection, material, _settlement(material.settings.amc, device, day, book))
            for device, book in books.items()
            if any(claim.day == day for claim in book.claims.values())
        }


def add_settlement_command(commands: Any, command: Command) -> None:
    """Add the command to the grammar."""
    made = command(commands, "settlement", _write, "what was decided and paid on one day, a file for each terminal")
    made.add_argument("--day", help="YYYY-MM-DD; default: today (UTC)")
    made.add_argument("--out", type=Path, required=True, help="the folder for the files")


def _write(asked: argparse.Namespace) -> int:
    material, day = open_intake(asked.dir), _day(asked.day)
    with open_ledger(asked.dir, asked.database) as ledger:
        made = settlements(ledger, material, day)
    with medium_errors():
        asked.out.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = {}
    with folder_lock(asked.out):
        for device, text in made.items():
            files[device] = f"settlement-{material.settings.amc}-{day.isoformat()}-{device[:_DEVICE_SIGNS]}.jws"
            replace_file(asked.out / files[device], text.encode("ascii"))
    if asked.json:
        sys.stdout.write(json.dumps({"day": day.isoformat(), "files": files}) + "\n")
    else:
        sys.stdout.writelines(f"{name}\n" for name in files.values())
    return 0


def _books(connection: Connection, day: date) -> dict[str, _Book]:
    """All that was said until the end of `day`, by terminal; an agreement given beforehand is no claim."""
    books: dict[str, _Book] = {}
    for device, outcome in said_of(connection, Outcome):
        if outcome.decided_on <= day and outcome.agreement is None:
            books.setdefault(device, _Book()).decide(outcome)
    for device, payment in said_of(connection, Payment):
        if payment.paid_on <= day:
            books.setdefault(device, _Book()).pay(payment)
    return books


def _settlement(insurer: str, device: str, day: date, book: _Book) -> Settlement:
    lines = tuple(
        SettlementLine(
            claim_id=claim_id, state=claim.state, agreed=claim.agreed, paid=claim.paid, reference=claim.reference
        )
        for claim_id, claim in sorted(book.claims.items())
        if claim.day == day
    )
    return Settlement(
        schema="comptoir/settlement/v1",
        insurer=insurer,
        device=device,
        day=day,
        lines=lines,
        agreed=sum(line.agreed for line in lines),
        paid=sum(line.paid for line in lines),
    )


def _file(connection: Connection, material: IntakeMaterial, settlement: Settlement) -> str:
    of_device = terminals.c.device == settlement.device
    sealing = connection.execute(select(terminals.c.sealing).where(of_device)).scalar_one()
    public = decode(sealing.encode("ascii"), SealingPublic)
    newest = select(events.c.signed).where(events.c.device == settlement.device).order_by(events.c.seq.desc())
    signed = list(connection.execute(newest.limit(MAX_FILE_EVENTS)).scalars())
    recipient = SealingKey(public.suite, base64url.to_bytes(public.public))
    return seal_settlement(settlement, signed[::-1], material.signer, recipient)


def _day(text: str | None) -> date:
    try:
        return date.fromisoformat(text) if text else datetime.now(UTC).date()
    except ValueError as error:
        raise ContractError("a day is written YYYY-MM-DD", field="day") from error
