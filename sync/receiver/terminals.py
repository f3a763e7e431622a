"""The terminals an insurer knows: listed, revoked, taken back.

Rules: a revocation is of the terminal, so of every certificate it has, and counts from the next request on, also on a
connection that is open; it forgets nothing: claims, receipts, chain and events stay. A revoked key is not enrolled
again. Whoever takes a revocation back ends all earlier certificates: the shop needs a new letter, which only the post
brings, before the terminal may speak again.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, get_args

from sqlalchemy import Connection, delete, func, insert, select

from sync.errors import ContractError, TerminalUnknown
from sync.receiver.db import Ledger, certificates, claims, renewals, revocations, terminals

Reason = Literal["lost", "replaced", "closed", "abuse"]
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)


@dataclass(frozen=True)
class Known:
    """One terminal: key id, shop (AM id), when it was enrolled, until when it can speak, what it sent."""

    device: str
    shop: str
    enrolled_at: datetime
    certificate_until: datetime | None
    claims: int
    highest: int
    revoked_at: datetime | None
    reason: str | None


def known_terminals(ledger: Ledger) -> list[Known]:
    """Every terminal, oldest enrolment first."""
    until = select(certificates.c.device, func.max(certificates.c.not_after).label("until"))
    until_of = until.group_by(certificates.c.device).subquery()
    sent = select(claims.c.device, func.count().label("sent")).group_by(claims.c.device).subquery()
    columns = (terminals, until_of.c.until, sent.c.sent, revocations.c.revoked_at, revocations.c.reason)
    joined = terminals.outerjoin(until_of, until_of.c.device == terminals.c.device)
    joined = joined.outerjoin(sent, sent.c.device == terminals.c.device).outerjoin(
        revocations, revocations.c.device == terminals.c.device
    )
    wanted = select(*columns).select_from(joined).order_by(terminals.c.enrolled_at, terminals.c.device)
    with ledger.reading() as connection:
        return [
            Known(
                device=row.device,
                shop=row.shop,
                enrolled_at=_instant(row.enrolled_at),
                certificate_until=None if row.until is None else _instant(row.until),
                claims=row.sent or 0,
                highest=row.highest,
                revoked_at=None if row.revoked_at is None else _instant(row.revoked_at),
                reason=row.reason,
            )
            for row in connection.execute(wanted)
        ]


def chain_head(ledger: Ledger, device: str) -> tuple[int, str, int]:
    """Of a terminal's chain: the last number received without a gap, that dispatch's digest, the highest received.

    TerminalUnknown.
    """
    columns = (terminals.c.contiguous, terminals.c.head, terminals.c.highest)
    with ledger.reading() as connection:
        _require(connection, device)
        seq, head, highest = connection.execute(select(*columns).where(terminals.c.device == device)).one()
    return seq, head, highest


def revoke(ledger: Ledger, device: str, reason: str, now: datetime) -> None:
    """Refuse a terminal from now on; TerminalUnknown. A second time changes nothing."""
    if reason not in REASONS:
        raise ContractError("a reason is one of the list", accepted=", ".join(REASONS))

    def once(connection: Connection) -> None:
        _require(connection, device)
        if not is_revoked(connection, device):
            row = {"device": device, "reason": reason, "revoked_at": int(now.timestamp() * 1000)}
            connection.execute(insert(revocations).values(row))

    ledger.write(once)


def readmit(ledger: Ledger, device: str) -> None:
    """Take a revocation back; its certificates stay worthless, a new letter is needed. TerminalUnknown."""

    def once(connection: Connection) -> None:
        _require(connection, device)
        if is_revoked(connection, device):
            for table in (certificates, renewals, revocations):
                connection.execute(delete(table).where(table.c.device == device))

    ledger.write(once)


def is_revoked(connection: Connection, device: str) -> bool:
    """Whether a terminal is revoked."""
    found = select(revocations.c.device).where(revocations.c.device == device)
    return connection.execute(found).first() is not None


def _require(connection: Connection, device: str) -> None:
    if connection.execute(select(terminals.c.device).where(terminals.c.device == device)).first() is None:
        raise TerminalUnknown("this insurer knows no terminal of this key id", device=device[:43])


def _instant(millis: int) -> datetime:
    return datetime.fromtimestamp(millis / 1000, UTC)
