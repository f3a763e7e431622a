"""The customer's ticket: what was registered, what is to be paid, and a code that the counterfoil can be asked about.

Rules: no name, no number of a person; amounts are those of the dossier. The code holds the claim's id and the digest
of its envelope, so whoever has the ticket can have it compared with the counterfoil, long after the dossier is gone.
The printer's library is loaded when something is printed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sync.contract.envelope import digest
from sync.errors import ClaimUnknown
from sync.queue import Row
from terminal.domain.errors import DomainError
from terminal.domain.roles import Role
from terminal.domain.ticket import CustomerTicket, TicketCode
from terminal.vault.acts import Act
from terminal.workflow.access import note, whom_in
from terminal.workflow.desk import Desk
from terminal.workflow.people import require_role


class TicketUnknown(DomainError):
    """The counterfoil of this terminal has no claim of this id."""

    code = "ticket_unknown"


class TicketDiffers(DomainError):
    """The claim is there, and its envelope is another one than the ticket says."""

    code = "ticket_differs"


class PrinterUnset(DomainError):
    """The settings name no printer."""

    code = "printer_unset"


@dataclass(frozen=True, slots=True)
class Judged:
    """A ticket that agrees with the counterfoil: when its claim was sealed, and its state now (empty: row unknown)."""

    claim_id: str
    sealed_at: datetime
    state: str


def ticket_of(desk: Desk, claim_id: str) -> CustomerTicket:
    """The ticket of a claim whose dossier is kept. Locked, RoleRefused, ClaimUnknown."""
    require_role(desk, Role.RESPONSIBLE, Role.STAFF)
    row = desk.home.outbox.get(claim_id)
    known = desk.vault.dossiers.get(claim_id)
    if known is None:
        raise ClaimUnknown(claim_id=claim_id)
    number, dossier = known
    note(desk, Act.DOSSIER_OPENED, claim_id, whom=whom_in(desk, dossier))
    return CustomerTicket(
        number=number,
        shop=desk.config.shop_name,
        insurer=_insurer_name(desk, row),
        day=dossier.service_date,
        price=dossier.price,
        amo=dossier.amo,
        amc=dossier.amc,
        reste_a_charge=dossier.reste_a_charge,
        code=TicketCode(claim_id, row.digest).text(),
    )


def print_ticket(desk: Desk, lines: Sequence[str], code: str | None) -> None:
    """Send a ticket to the shop's printer, its first line as the title. PrinterUnset, and the printer's own errors."""
    if not desk.config.printer:
        raise PrinterUnset
    from hardware.printer import PrinterAddress, Ticket, TicketLine, compose, send  # noqa: PLC0415 - loads a driver

    title, *rest = lines
    drawn = (TicketLine(title, bold=True, centred=True), *map(TicketLine, rest))
    content = compose(Ticket(drawn, code), desk.config.printer_profile)
    send(PrinterAddress.parse(desk.config.printer), content)


def judge_ticket(desk: Desk, scanned: str) -> Judged:
    """Compare a ticket with the counterfoil; nobody needs to be logged in.

    TicketCodeInvalid, TicketUnknown, TicketDiffers, CounterfoilCorrupt.
    """
    code = TicketCode.parse(scanned)
    frame = next((one for one in desk.home.counterfoil.frames() if _is_sealing(one.kind, one.claim_id, code)), None)
    if frame is None:
        raise TicketUnknown(claim_id=code.claim_id)
    if digest(frame.body) != code.digest:
        raise TicketDiffers(claim_id=code.claim_id)
    return Judged(code.claim_id, datetime.fromtimestamp(frame.at / 1000, tz=desk.now().tzinfo), _state(desk, code))


def _is_sealing(kind: str, claim_id: str, code: TicketCode) -> bool:
    return kind == "envelope" and claim_id == code.claim_id


def _state(desk: Desk, code: TicketCode) -> str:
    try:
        return desk.home.outbox.get(code.claim_id).state
    except ClaimUnknown:
        return ""


def _insurer_name(desk: Desk, row: Row) -> str:
    names = {record.amc: record.name for record in desk.home.insurers.all()}
    return names.get(row.insurer, row.insurer)
