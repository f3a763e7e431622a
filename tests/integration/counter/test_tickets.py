"""The customer's ticket: printed, shown, and compared with the counterfoil."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from hardware import PrinterMissing
from sync.contract.envelope import digest
from sync.errors import ClaimUnknown
from terminal.domain.ticket import TicketCode
from terminal.wording import ticket_lines
from terminal.workflow.desk import Desk
from terminal.workflow.tickets import PrinterUnset, TicketDiffers, TicketUnknown, judge_ticket, print_ticket
from tests.shop_fixture import OpenShop, Shop


def test_a_ticket_says_amounts_and_nobody(shop: Shop) -> None:
    """Number, day, insurer and amounts of the claim; no name, no NIR, no birth date."""
    done = shop.counter.submit(shop.draft())
    ticket = shop.counter.ticket(done.claim_id)
    row = shop.desk.home.outbox.get(done.claim_id)
    assert TicketCode.parse(ticket.code) == TicketCode(done.claim_id, digest(row.envelope))
    assert (ticket.number, ticket.price, ticket.amo, ticket.amc, ticket.reste_a_charge) == (
        done.number,
        9500,
        1710,
        7790,
        0,
    )
    person = shop.draft().person
    for secret in (person.surname, person.given_name, person.nir.digits, person.birth_date_raw):
        assert secret not in repr(ticket) + "".join(ticket_lines(ticket))


def test_a_ticket_agrees_with_the_counterfoil(open_shop: OpenShop) -> None:
    """Locked or not; its state is told, also after the claim was cancelled."""
    shop = open_shop(grace=3600)
    done = shop.counter.submit(shop.draft())
    code = shop.counter.ticket(done.claim_id).code
    shop.counter.submit(shop.draft())
    assert judge_ticket(shop.desk, code).state == "queued"
    shop.counter.cancel(done.claim_id)
    shop.counter.lock()
    judged = judge_ticket(shop.desk, code)
    assert (judged.claim_id, judged.state) == (done.claim_id, "cancelled")


def test_a_forged_ticket_is_named(shop: Shop) -> None:
    """A claim that is not there; one that is, with another envelope."""
    done = shop.counter.submit(shop.draft())
    row = shop.desk.home.outbox.get(done.claim_id)
    with pytest.raises(TicketUnknown):
        judge_ticket(shop.desk, TicketCode("019f0000-0000-7000-8000-000000000434", row.digest).text())
    with pytest.raises(TicketDiffers):
        judge_ticket(shop.desk, TicketCode(done.claim_id, "5a" * 32).text())


def test_a_claim_without_a_dossier_has_no_ticket(shop: Shop) -> None:
    """Nobody can say what it was about."""
    with pytest.raises(ClaimUnknown):
        shop.counter.ticket("019f0000-0000-7000-8000-000000000434")


def test_a_ticket_is_printed_with_its_code(shop: Shop, tmp_path: Path) -> None:
    """Its words in the printer's code page, its code as a native QR; a printer that is not there is named."""
    ticket = shop.counter.ticket(shop.counter.submit(shop.draft()).claim_id)
    with pytest.raises(PrinterUnset):
        print_ticket(shop.desk, ticket_lines(ticket), ticket.code)
    paper = tmp_path / "paper"
    paper.touch()
    print_ticket(_printing(shop, f"file:{paper}"), ticket_lines(ticket), ticket.code)
    printed = paper.read_bytes()
    assert ticket.code.encode() in printed
    assert "À payer : 0,00\xa0€".encode("cp1252") in printed
    with pytest.raises(PrinterMissing):
        print_ticket(_printing(shop, f"file:{tmp_path / 'none' / 'lp0'}"), ticket_lines(ticket), ticket.code)


def _printing(shop: Shop, printer: str) -> Desk:
    return replace(shop.desk, config=msgspec.structs.replace(shop.desk.config, printer=printer))
