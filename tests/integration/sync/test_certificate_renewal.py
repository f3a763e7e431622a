"""Certificates over real TLS: renewed in time by the terminal itself, cut anywhere, ended, revoked."""

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from sync.client import InsurerClient, Peers
from sync.crypto.certificates import issue_client, make_authority, make_csr, new_tls_key, not_after
from sync.errors import InsurerRefused, InsurerUnreachable
from sync.insurers import InsurerRecord
from sync.receiver.db import Ledger
from sync.receiver.folder import open_intake
from sync.receiver.renewal import record_certificate
from sync.upkeep import Hands, Round, keep_up
from tests.integration.sync.world import Insurer, Terminal, now
from tests.shop_fixture import run_command
from tests.unit.sync.receiver.visitor import AMC

SYNC = [sys.executable, "-W", "error", "-m", "sync.daemon"]


def aged(terminal: Terminal, insurer: Insurer, days: int) -> InsurerRecord:
    """The terminal's enrolment, its certificate issued so many days ago."""
    intake = open_intake(insurer.folder)
    device = terminal.home.signer.kid
    csr = make_csr(terminal.home.tls_key, device)
    pem = issue_client(intake.clients, csr, device, now() - timedelta(days=days))
    ledger = Ledger.at(intake.database)
    ledger.write(lambda connection: record_certificate(connection, device, pem))
    ledger.close()
    record = replace(terminal.home.insurers.get(insurer.amc), certificate_pem=pem.decode())
    terminal.home.insurers.add(record)
    return terminal.home.insurers.get(insurer.amc)


class Cut(InsurerUnreachable):
    """The line, or the power, is gone."""


class CutLine:
    """A client that is cut: before it asks for a certificate, or after the insurer answered."""

    def __init__(self, client: InsurerClient, at: str) -> None:
        self._client, self._at = client, at
        self.told, self.now = client.told, client.now

    def renew(self, certificate_request: str) -> str:
        """Ask, and be cut."""
        if self._at == "before":
            raise Cut
        found = self._client.renew(certificate_request)
        if self._at == "answer":
            raise Cut
        return found


def giving(certificate: str) -> type[CutLine]:
    """A line over which an insurer answers every renewal with this certificate."""

    class Giving(CutLine):
        def renew(self, _certificate_request: str) -> str:
            return certificate

    return Giving


def round_of(terminal: Terminal, at: str = "") -> Round:
    """One round of upkeep, cut at a point: `before`, `answer`, `proof`, or nowhere."""
    home = terminal.home
    with ExitStack() as stack:
        peers = stack.enter_context(Peers(home.insurers.get, home.tls_key, home.signer))

        def prove(record: InsurerRecord) -> None:
            if at == "proof":
                raise Cut
            stack.enter_context(Peers(lambda _amc: record, home.tls_key, home.signer))(record.amc).state()

        hands = Hands(lambda amc: CutLine(peers(amc), at), prove, home.tls_key, home.signer.kid)
        return keep_up(home.insurers, hands, date(2026, 11, 22))


def test_the_service_renews_by_itself(enrolled: Terminal, insurer: Insurer) -> None:
    """From two thirds of its life on, one pass of the service changes the certificate, and claims go on leaving."""
    old = aged(enrolled, insurer, 61)
    (claim_id,) = enrolled.register(AMC)
    command = [*SYNC, "--home", str(enrolled.home.path), "--once", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    new = enrolled.home.insurers.get(AMC)
    assert json.loads(done.stdout)["errors"] == {}
    assert [json.loads(line)["event"] for line in done.stderr.splitlines()] == ["new_certificates", "drained"]
    assert not_after(new.certificate_pem.encode()) > not_after(old.certificate_pem.encode())
    assert replace(new, certificate_pem=old.certificate_pem) == old
    assert enrolled.home.outbox.get(claim_id).state == "acknowledged"
    enrolled.register(AMC)
    assert enrolled.drain().acknowledged == 1


def test_a_young_certificate_is_left_alone(enrolled: Terminal, insurer: Insurer) -> None:
    """Before two thirds of its life nothing is asked for."""
    old = aged(enrolled, insurer, 59)
    assert round_of(enrolled, "before") == Round()
    assert enrolled.home.insurers.get(AMC) == old


@pytest.mark.parametrize("at", ["before", "answer", "proof"])
def test_a_cut_costs_nothing(enrolled: Terminal, insurer: Insurer, at: str) -> None:
    """Cut at any point, the old certificate is kept and good; the next round gets the one that was issued already."""
    old = aged(enrolled, insurer, 61)
    assert round_of(enrolled, at).errors == {AMC: "insurer_unreachable"}
    assert enrolled.home.insurers.get(AMC) == old
    enrolled.register(AMC)
    assert enrolled.drain().acknowledged == 1
    for _ in range(3):
        round_of(enrolled, "answer")
    assert round_of(enrolled) == Round(certificates=[AMC])
    enrolled.register(AMC)
    assert enrolled.drain().acknowledged == 1
    listed = run_command("terminals", "list", "--dir", str(insurer.folder))["terminals"]
    assert enrolled.home.signer.kid in {one["device"] for one in listed}


@pytest.mark.parametrize("wrong", ["key", "name", "older", "rubbish"])
def test_what_is_no_better_is_not_kept(enrolled: Terminal, insurer: Insurer, wrong: str) -> None:
    """A certificate of another key or name, one that ends no later, or none at all, leaves the present one."""
    old = aged(enrolled, insurer, 61)
    device, authority = enrolled.home.signer.kid, make_authority("any", now())
    csr = make_csr(new_tls_key() if wrong == "key" else enrolled.home.tls_key, device)
    start = now() - timedelta(days=70 if wrong == "older" else 0)
    given = issue_client(authority, csr, "somebody" if wrong == "name" else device, start).decode()

    found = round_with(enrolled, giving("-----BEGIN NOTHING-----\n" if wrong == "rubbish" else given))
    assert found.errors == {AMC: "renewal_invalid"}
    assert enrolled.home.insurers.get(AMC) == old


def test_a_certificate_is_proved_before_it_is_kept(enrolled: Terminal, insurer: Insurer) -> None:
    """One that looks right and that the insurer does not accept is not taken."""
    old = aged(enrolled, insurer, 61)
    device = enrolled.home.signer.kid
    foreign = issue_client(make_authority("other", now()), make_csr(enrolled.home.tls_key, device), device, now())
    assert set(round_with(enrolled, giving(foreign.decode())).errors) == {AMC}
    assert enrolled.home.insurers.get(AMC) == old


def round_with(terminal: Terminal, line: type[CutLine]) -> Round:
    """One round over a line of this kind."""
    home = terminal.home
    with ExitStack() as stack:
        peers = stack.enter_context(Peers(home.insurers.get, home.tls_key, home.signer))

        def prove(record: InsurerRecord) -> None:
            stack.enter_context(Peers(lambda _amc: record, home.tls_key, home.signer))(record.amc).state()

        hands = Hands(lambda amc: line(peers(amc), ""), prove, home.tls_key, home.signer.kid)
        return keep_up(home.insurers, hands, date(2026, 11, 22))


def test_nobody_elses_change_is_undone(enrolled: Terminal, insurer: Insurer) -> None:
    """An enrolment made anew at the counter while the renewal was on its way stays as the counter made it."""
    aged(enrolled, insurer, 61)
    made: list[InsurerRecord] = []

    class Slow(CutLine):
        def renew(self, certificate_request: str) -> str:
            found = super().renew(certificate_request)
            made.append(enrolled.enrol(insurer))
            return found

    assert round_with(enrolled, Slow).certificates == []
    assert enrolled.home.insurers.get(AMC).certificate_pem == made[0].certificate_pem


def test_an_ended_certificate_is_said_and_the_queue_stays(enrolled: Terminal, insurer: Insurer) -> None:
    """After its last day the claim stays queued with the reason; a new letter, and the same claim leaves."""
    aged(enrolled, insurer, 91)
    (claim_id,) = enrolled.register(AMC)
    report = enrolled.drain()
    row = enrolled.home.outbox.get(claim_id)
    assert report.errors == {AMC: "certificate_expired"}
    assert (row.state, row.last_error, row.seq) == ("queued", "certificate_expired", None)
    envelope = row.envelope
    enrolled.enrol(insurer)
    assert enrolled.drain_later().acknowledged == 1
    assert enrolled.home.outbox.get(claim_id).envelope == envelope


def test_a_lost_terminal_is_refused_on_its_open_connection(
    make_terminal: Callable[[], Terminal], insurer: Insurer
) -> None:
    """Revoked while it is connected, it gets nothing more; its claims stay and another terminal of the shop goes on."""
    lost, other = make_terminal(), make_terminal()
    lost.enrol(insurer)
    other.enrol(insurer)
    (kept,) = lost.register(AMC)
    assert lost.drain().acknowledged == 1
    (waiting,) = lost.register(AMC)
    with lost.client(AMC) as line:
        line.state()
        device = lost.home.signer.kid
        run_command("terminals", "revoke", "--dir", str(insurer.folder), "--device", device, "--reason", "lost")
        with pytest.raises(InsurerRefused) as refused:
            line.state()
    assert refused.value.facts["problem"] == "certificate_revoked"
    lost.confirmed.clear()
    assert lost.drain().errors == {AMC: "certificate_revoked"}
    assert lost.home.outbox.get(waiting).state == "queued"
    assert kept in {claim["claim_id"] for claim in insurer.claims()}
    other.register(AMC)
    assert other.drain().acknowledged == 1
    with pytest.raises(InsurerRefused) as again:
        lost.enrol(insurer)
    assert again.value.facts["problem"] == "certificate_revoked"


def test_reenrolment_keeps_former_keys(enrolled: Terminal, insurer: Insurer) -> None:
    """Enrolling again replaces the certificate and forgets no key that receipts were accepted under."""
    first = enrolled.home.insurers.get(AMC)
    other: dict[str, Any] = {**first.signing_jwk}
    enrolled.home.insurers.add(replace(first, keys_jws="a.b.c", signing_jwk=other))
    enrolled.home.insurers.add(first)
    kept = enrolled.home.insurers.get(AMC)
    assert [one.keys_jws for one in kept.former_keys] == ["a.b.c"]
    assert replace(kept, former_keys=()) == first
