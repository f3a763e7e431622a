"""Reading an insurer's settlement file: states move by the events in it, the lines are compared with what is here.

Rules: a file counts when one of the insurer's present keys signed it for this terminal and the shop key opens it;
otherwise nothing of it is taken. The events go the way of fetched ones: in their order, once, each verified; where they
do not continue what is here, they are left, which is said. The comparison names claims on either side that the other
has not, and moves nothing; so reading a file again changes nothing.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sync.contract.exchange import MAX_EVENTS
from sync.contract.settlement import MAX_FILE_BYTES, Settlement, SettlementFile, SettlementLine
from sync.crypto.events import read_event
from sync.crypto.sealing import OpeningKey
from sync.crypto.settlements import open_settlement, read_settlement_file
from sync.crypto.signing import VerifyingKey
from sync.errors import ClaimUnknown, ContractError, EventInvalid, KeyInvalid, SealInvalid, SignatureInvalid, SyncError
from sync.insurers import InsurerRecord
from sync.trust import trusted_keys
from terminal.domain.claim import ClaimState
from terminal.domain.roles import Role
from terminal.workflow.desk import Desk
from terminal.workflow.hear import take_in
from terminal.workflow.people import require_role
from terminal.workflow.track import no_claims

AGREES, DIFFERS, UNKNOWN_HERE = "agrees", "differs", "unknown_here"
_PARTS_OF_JWS = 3
_GONE_ON = {("accepted", "paid"), ("partial", "paid"), ("refused", "superseded")}
"""What the file says of its day, and where a claim may well stand when it is read later."""


class SettlementInvalid(SyncError):
    """A file that is no settlement for this terminal (`reason`: form, signature, terminal, seal)."""

    code = "settlement_invalid"


@dataclass(frozen=True, slots=True)
class Compared:
    """One line of the file, and what this terminal has: `agrees`, `differs` (another state), `unknown_here`."""

    line: SettlementLine
    finding: str
    state: str | None
    number: str


@dataclass(frozen=True, slots=True)
class SettlementRead:
    """What a file said and did. `events` were new; `gap`: earlier events are missing, so none were taken.

    `no_word` are claims that the insurer acknowledged until that day and said nothing of yet, `not_received` those it
    never acknowledged; both by id.
    """

    insurer: str
    settlement: Settlement
    events: int
    gap: bool
    lines: tuple[Compared, ...]
    no_word: tuple[str, ...]
    not_received: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether every line is as it is here, and no event was left."""
        return not self.gap and all(one.finding == AGREES for one in self.lines)


def read_settlement(desk: Desk, content: bytes) -> SettlementRead:
    """Take a file in; SettlementInvalid, Locked, RoleRefused. What it did is durable when this returns."""
    require_role(desk, Role.RESPONSIBLE, Role.STAFF)
    record, file = _believed(desk, content)
    keys = trusted_keys(record)
    try:
        settlement = open_settlement(file, OpeningKey.from_seed(desk.vault.seed), keys)
    except (SealInvalid, SignatureInvalid, ContractError) as error:
        raise SettlementInvalid("the lines cannot be read", reason="seal") from error
    before, gap = desk.home.inbox.cursor(record.amc), False
    try:
        desk.home.inbox.fetch(record.amc, _FileSource(keys, file.events), desk.home.signer.kid)
    except EventInvalid:
        gap = True
    take_in(desk)
    return SettlementRead(
        insurer=record.amc,
        settlement=settlement,
        events=desk.home.inbox.cursor(record.amc) - before,
        gap=gap,
        lines=tuple(_compared(desk, record.amc, line) for line in settlement.lines),
        no_word=_no_word(desk, settlement),
        not_received=_ids(desk, record.amc, ClaimState.SENDING),
    )


@dataclass(frozen=True)
class _FileSource:
    """The events of a file, as a line to the insurer would give them."""

    verifiers: Sequence[VerifyingKey]
    signed: Sequence[str]

    def events(self, after: int) -> tuple[str, ...]:
        """The events after a number, at most MAX_EVENTS; EventInvalid for one that the insurer did not sign."""
        try:
            numbered = [(read_event(one, self.verifiers).seq, one) for one in self.signed]
        except (SignatureInvalid, ContractError) as error:
            raise EventInvalid("an event that the insurer did not sign", reason=error.code) from error
        return tuple(one for seq, one in numbered if seq > after)[:MAX_EVENTS]


def _believed(desk: Desk, content: bytes) -> tuple[InsurerRecord, SettlementFile]:
    """Whose file it is, and what it says in clear."""
    text = content.decode("ascii", "replace").strip()
    if len(content) > MAX_FILE_BYTES or len(text.split(".")) != _PARTS_OF_JWS:
        raise SettlementInvalid("not a settlement file", reason="form")
    for record in desk.home.insurers.all():
        with suppress(SignatureInvalid, KeyInvalid, ContractError):
            file = read_settlement_file(text, trusted_keys(record))
            if file.device != desk.home.signer.kid:
                raise SettlementInvalid("the file is for another terminal", reason="terminal")
            if file.insurer == record.amc:
                return record, file
    raise SettlementInvalid("no insurer of this terminal signed the file", reason="signature")


def _compared(desk: Desk, insurer: str, line: SettlementLine) -> Compared:
    try:
        row = desk.home.outbox.get(line.claim_id)
    except ClaimUnknown:
        return Compared(line, UNKNOWN_HERE, None, line.claim_id[-12:])
    known = desk.vault.dossiers.get(line.claim_id)
    number = known[0] if known else line.claim_id[-12:]
    if row.insurer != insurer:
        return Compared(line, UNKNOWN_HERE, None, number)
    agrees = row.state == line.state or (line.state, row.state) in _GONE_ON
    return Compared(line, AGREES if agrees else DIFFERS, row.state, number)


def _no_word(desk: Desk, settlement: Settlement) -> tuple[str, ...]:
    said = {line.claim_id for line in settlement.lines}
    waiting = _ids(desk, settlement.insurer, ClaimState.ACKNOWLEDGED)
    return tuple(claim_id for claim_id in waiting if claim_id not in said and _day_of(desk, claim_id) <= settlement.day)


def _ids(desk: Desk, insurer: str, state: ClaimState) -> tuple[str, ...]:
    rows = [row for row in desk.home.outbox.get_all(desk.home.outbox.ids((state,))) if row.insurer == insurer]
    aside = no_claims(desk, rows)
    return tuple(row.claim_id for row in rows if row.claim_id not in aside)


def _day_of(desk: Desk, claim_id: str) -> date:
    """The day of the receipt; of the registration while there is none."""
    row = desk.home.outbox.get(claim_id)
    return settlement_day(row.receipt_at or row.created_at)


def settlement_day(moment: datetime) -> date:
    """The day to which a settlement counts a moment: the contract's is UTC (sync/contract/README.md, section 20)."""
    return moment.astimezone(UTC).date()
