"""One terminal's chain of dispatches, and the receipts that answer it.

Rules: the same bytes again get the stored receipt; a claim id with another envelope is a digest conflict; the same
envelope numbered anew, a number taken by another dispatch, or a `prev` that is not the neighbour's digest is a fork.
Gaps are accepted, because a batch may be refused in the middle, and named in the state. A batch is read at once, judged
in memory and written at once, in one transaction that holds the terminal's row. A receipt is signed in it, stored with
its claim and answered after the commit, so a crash never yields two receipts for a claim; where a standby has to
confirm first, the claim is stored without one, and signed by a transaction of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, func, insert, select, update

from sync.contract.envelope import (
    GENESIS,
    RECEIPT_TYP,
    STATE_TYP,
    ChainState,
    Dispatch,
    Receipt,
    encode,
)
from sync.contract.exchange import MAX_MISSING, MAX_RECEIPTS
from sync.crypto.signing import SigningKey
from sync.receiver.admission import Caller
from sync.receiver.db import UNSIGNED, claims, events, terminals
from sync.receiver.packages import Checked
from sync.receiver.refusal import Refusal

_Links = tuple[str, str]
"""A stored dispatch's `prev`, and its own digest."""
_IN_RECEIPT: Final = ("claim_id", "device", "seq", "envelope", "dispatch", "received_at")


@dataclass(frozen=True)
class Filed:
    """A claim that is stored: its receipt (or UNSIGNED), and whether these very bytes had been there before."""

    receipt: str
    known: bool


@dataclass(frozen=True)
class _Stored:
    """What judging needs of a stored claim."""

    device: str
    dispatch: str
    envelope: str
    package: bytes = field(repr=False)
    receipt: str = field(repr=False)


class Filing:
    """Packages of one terminal on their way into its chain, inside a transaction that holds its row.

    Without a `signer` what is new stays UNSIGNED.
    """

    def __init__(
        self, connection: Connection, device: str, items: Sequence[Checked], signer: SigningKey | None, now: datetime
    ) -> None:
        self._connection = connection
        self._device = device
        self._signer = signer
        self._at = int(now.timestamp() * 1000)
        self._chain = connection.execute(_chain_of(device).with_for_update()).one()
        self._known = _known(connection, [item.dispatch.claim_id for item in items])
        self._near = _neighbours(connection, device, [item.dispatch.seq for item in items])
        self._rows: list[dict[str, Any]] = []

    def file(self, checked: Checked) -> Filed:
        """Where this package stands; Refusal (409) when it contradicts what is stored, or filed before it."""
        known = self._known.get(checked.dispatch.claim_id)
        if known is not None:
            return _again(known, checked)
        _check_place(self._near, checked)
        return self._add(checked)

    def holds(self, checked: Checked) -> bool:
        """Whether these very bytes of this terminal are stored, or filed before."""
        known = self._known.get(checked.dispatch.claim_id)
        return known is not None and (known.device, known.package) == (self._device, checked.raw)

    def store(self) -> None:
        """Write what was filed, and move the head of the chain over all that is there without a gap."""
        if self._rows:
            self._connection.execute(insert(claims), self._rows)
            self._advance()

    def _add(self, checked: Checked) -> Filed:
        dispatch = checked.dispatch
        row: dict[str, Any] = {
            "claim_id": dispatch.claim_id,
            "device": dispatch.device,
            "seq": dispatch.seq,
            "prev": dispatch.prev,
            "dispatch": checked.dispatch_digest,
            "envelope": dispatch.envelope,
            "received_at": self._at,
        }
        receipt = _signed(self._signer, dispatch.insurer, row) if self._signer else UNSIGNED
        self._rows.append({**row, "package": checked.raw, "receipt": receipt})
        own = {name: row[name] for name in ("device", "dispatch", "envelope")}
        self._known[dispatch.claim_id] = _Stored(**own, package=checked.raw, receipt=receipt)
        self._near[dispatch.seq] = dispatch.prev, checked.dispatch_digest
        return Filed(receipt, known=False)

    def _advance(self) -> None:
        new = {row["seq"]: row["dispatch"] for row in self._rows}
        reached = self._chain.contiguous, self._chain.head
        while reached[0] + 1 in new:
            reached = reached[0] + 1, new[reached[0] + 1]
        if reached[0] > self._chain.contiguous and self._chain.highest > reached[0]:
            reached = _run_from(self._connection, self._device, reached)
        moved = {"contiguous": reached[0], "head": reached[1], "highest": max(self._chain.highest, *new)}
        self._connection.execute(update(terminals).where(terminals.c.device == self._device).values(moved))


def sign_waiting(connection: Connection, insurer: str, ids: Iterable[str], signer: SigningKey) -> dict[str, str]:
    """The receipts of these stored claims, by claim id; those that have none yet are signed and stored."""
    columns = (claims.c[name] for name in (*_IN_RECEIPT, "receipt"))
    wanted = select(*columns).where(claims.c.claim_id.in_(list(ids))).order_by(claims.c.claim_id).with_for_update()
    found = {row["claim_id"]: dict(row) for row in connection.execute(wanted).mappings()}
    fresh = {claim_id: _signed(signer, insurer, row) for claim_id, row in found.items() if row["receipt"] == UNSIGNED}
    if fresh:
        one = update(claims).where(claims.c.claim_id == bindparam("of")).values(receipt=bindparam("signed"))
        connection.execute(one, [{"of": claim_id, "signed": receipt} for claim_id, receipt in fresh.items()])
    return {claim_id: fresh.get(claim_id, row["receipt"]) for claim_id, row in found.items()}


def sign_state(connection: Connection, insurer: str, caller: Caller, signer: SigningKey) -> str:
    """The signed state (JWS) of the calling terminal's chain, as the answer to this request and no other."""
    device = caller.device
    chain = connection.execute(_chain_of(device)).one()
    state = ChainState(
        schema="comptoir/state/v1",
        insurer=insurer,
        device=device,
        seq=chain.contiguous,
        head=chain.head,
        missing=_missing(connection, device, chain.contiguous),
        events=connection.execute(select(func.max(events.c.seq)).where(events.c.device == device)).scalar() or 0,
        nonce=caller.nonce,
    )
    return signer.sign(STATE_TYP, encode(state))


def receipt_of(connection: Connection, device: str, package: bytes, claim_id: str) -> str | None:
    """The receipt (JWS or UNSIGNED) of these very bytes of this terminal, taken before; None when they were not."""
    wanted = select(claims.c.receipt).where(
        claims.c.claim_id == claim_id, claims.c.device == device, claims.c.package == package
    )
    return connection.execute(wanted).scalar()


def receipts_after(connection: Connection, device: str, after: int) -> dict[str, str]:
    """The receipts of this terminal's claims with a number above `after`, by claim id, the lowest MAX_RECEIPTS."""
    wanted = select(claims.c.claim_id, claims.c.receipt).where(claims.c.device == device, claims.c.seq > after)
    found = connection.execute(wanted.order_by(claims.c.seq).limit(MAX_RECEIPTS))
    return {row.claim_id: row.receipt for row in found}


def _chain_of(device: str) -> Select[tuple[int, str, int]]:
    """The head of a chain; locked while a claim is filed, where the database has row locks."""
    return select(terminals.c.contiguous, terminals.c.head, terminals.c.highest).where(terminals.c.device == device)


def _again(known: _Stored, checked: Checked) -> Filed:
    if known.device != checked.dispatch.device:
        raise Refusal("digest_conflict", received=checked.dispatch.envelope)
    if known.package == checked.raw:
        return Filed(known.receipt, known=True)
    if known.envelope == checked.dispatch.envelope:
        raise Refusal("fork", stored=known.dispatch, received=checked.dispatch_digest)
    raise Refusal("digest_conflict", stored=known.envelope, received=checked.dispatch.envelope)


def _check_place(near: Mapping[int, _Links], checked: Checked) -> None:
    dispatch, own = checked.dispatch, checked.dispatch_digest
    taken, before, after = (near.get(dispatch.seq + step) for step in (0, -1, 1))
    if taken is not None:
        raise Refusal("fork", stored=taken[1], received=own)
    expected = _expected_prev(dispatch, before)
    if dispatch.prev != expected:
        raise Refusal("fork", stored=expected, received=dispatch.prev)
    if after is not None and after[0] != own:
        raise Refusal("fork", stored=after[0], received=own)


def _expected_prev(dispatch: Dispatch, before: _Links | None) -> str:
    if dispatch.seq == 1:
        return GENESIS
    return dispatch.prev if before is None else before[1]


def _known(connection: Connection, ids: Sequence[str]) -> dict[str, _Stored]:
    """The stored claims with these ids, whoever sent them."""
    found = connection.execute(select(claims).where(claims.c.claim_id.in_(ids)))
    return {
        row.claim_id: _Stored(
            device=row.device,
            dispatch=row.dispatch,
            envelope=row.envelope,
            package=bytes(row.package),
            receipt=row.receipt,
        )
        for row in found
    }


def _neighbours(connection: Connection, device: str, seqs: Sequence[int]) -> dict[int, _Links]:
    """What is stored of a chain at these numbers and at those beside them: `prev` and digest by number."""
    beside = {seq + step for seq in seqs for step in (-1, 0, 1)}
    wanted = select(claims.c.seq, claims.c.prev, claims.c.dispatch).where(claims.c.device == device)
    found = connection.execute(wanted.where(claims.c.seq.in_(sorted(beside))))
    return {row.seq: (row.prev, row.dispatch) for row in found}


def _signed(signer: SigningKey, insurer: str, stored: Mapping[str, Any]) -> str:
    """The receipt (JWS) over a claim as it is stored."""
    named = {name: stored[name] for name in ("claim_id", "device", "seq", "envelope", "dispatch")}
    at = datetime.fromtimestamp(stored["received_at"] // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    receipt = Receipt(schema="comptoir/receipt/v1", insurer=insurer, received_at=at, state="acknowledged", **named)
    return signer.sign(RECEIPT_TYP, encode(receipt))


def _run_from(connection: Connection, device: str, reached: tuple[int, str]) -> tuple[int, str]:
    beyond = select(claims.c.seq, claims.c.dispatch).where(claims.c.device == device, claims.c.seq > reached[0])
    for row in connection.execute(beyond.order_by(claims.c.seq)):
        if row.seq != reached[0] + 1:
            break
        reached = row.seq, row.dispatch
    return reached


def _missing(connection: Connection, device: str, contiguous: int) -> tuple[int, ...]:
    """The lowest numbers not received between the head and the highest received, at most MAX_MISSING."""
    beyond = select(claims.c.seq).where(claims.c.device == device, claims.c.seq > contiguous).order_by(claims.c.seq)
    missing: list[int] = []
    expected = contiguous + 1
    for seq in connection.execute(beyond).scalars():
        missing.extend(range(expected, min(seq, expected + MAX_MISSING - len(missing))))
        expected = seq + 1
        if len(missing) >= MAX_MISSING:
            break
    return tuple(missing)
