"""A terminal at the intake from letter to end: renewed, expired, revoked, taken back, one of several of its shop."""

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from sync.contract.envelope import STATE_TYP, ChainState, decode
from sync.crypto.certificates import CLIENT_DAYS, certified_key, new_tls_key, not_after, subject
from sync.errors import ContractError, TerminalUnknown
from sync.receiver.cli import main
from sync.receiver.db import Ledger, certificates
from sync.receiver.enrol import invite
from sync.receiver.folder import IntakeMaterial
from sync.receiver.intake import Intake
from sync.receiver.refusal import Refusal
from sync.receiver.terminals import known_terminals, readmit, revoke
from tests.unit.sync.receiver.visitor import SHOP, Clock, Visitor


def refused(work: Callable[[], Any]) -> str:
    """The code of the refusal."""
    with pytest.raises(Refusal) as caught:
        work()
    return caught.value.problem.code


def renewed(intake: Intake, visitor: Visitor, tls_key: bytes | None = None) -> tuple[int, bytes]:
    """Status and certificate (PEM) of a renewal."""
    answer = intake.renew(visitor.renewal(tls_key))
    return answer.status, json.loads(answer.body)["certificate"].encode()


def reads_state(intake: Intake, visitor: Visitor) -> None:
    """Whether the terminal is answered."""
    intake.state(visitor.ask("GET", "/v1/state"))


def test_a_renewal_is_for_the_same_terminal(intake: Intake, visitor: Visitor, clock: Clock) -> None:
    """The next certificate has 90 days, the terminal's key id as its subject and the key that was asked for."""
    clock.pass_time(days=60)
    status, pem = renewed(intake, visitor)
    assert (status, subject(pem)) == (201, visitor.signer.kid)
    assert not_after(pem) == clock() + timedelta(days=CLIENT_DAYS)
    other = new_tls_key()
    status, changed = renewed(intake, visitor, other)
    assert status == 201
    assert certified_key(changed) != certified_key(pem)


def test_a_lost_answer_is_given_again(intake: Intake, visitor: Visitor, ledger: Ledger, clock: Clock) -> None:
    """Asked again, over the old or the new certificate, the answer is the same one: certificates do not pile up."""
    clock.pass_time(days=60)
    first = renewed(intake, visitor)[1]
    clock.pass_time(days=20)
    again = [renewed(intake, visitor) for _ in range(5)]
    visitor.keep(json.dumps({"certificate": first.decode()}).encode())
    again.append(renewed(intake, visitor))
    with ledger.reading() as connection:
        count = connection.execute(select(func.count()).select_from(certificates)).scalar_one()
    assert again == [(200, first)] * 6
    assert count == 2
    clock.pass_time(days=20)
    assert renewed(intake, visitor)[0] == 201


def test_both_certificates_are_good_until_their_end(intake: Intake, visitor: Visitor, clock: Clock) -> None:
    """A renewal takes nothing away; after its last day a certificate is refused as expired, the next one is not."""
    clock.pass_time(days=60)
    old, pem = visitor.certificate, renewed(intake, visitor)[1]
    clock.pass_time(days=29)
    reads_state(intake, visitor)
    clock.pass_time(days=1)
    assert refused(lambda: reads_state(intake, visitor)) == "certificate_expired"
    visitor.keep(json.dumps({"certificate": pem.decode()}).encode())
    assert visitor.certificate != old
    reads_state(intake, visitor)


def test_an_ended_certificate_is_not_renewed(
    intake: Intake, visitor: Visitor, ledger: Ledger, clock: Clock, material: IntakeMaterial
) -> None:
    """After its end only a new letter helps, and the chain goes on from where it was."""
    package = visitor.package()
    visitor.push(intake, package)
    clock.pass_time(days=CLIENT_DAYS)
    assert refused(lambda: renewed(intake, visitor)) == "certificate_expired"
    visitor.keep(intake.enrol(visitor.enrolment(invite(ledger, SHOP, clock()))).body)
    answer = intake.state(visitor.ask("GET", "/v1/state"))
    state = decode(material.signer.public.verify(STATE_TYP, json.loads(answer.body)["state"]), ChainState)
    assert (state.seq, visitor.push(intake, package).status) == (1, 200)


@pytest.mark.parametrize("spoilt", ["insurer", "form", "key"])
def test_a_renewal_of_a_wrong_form_is_refused(intake: Intake, visitor: Visitor, spoilt: str) -> None:
    """For another insurer, not of the schema, or without a signed request, nothing is issued."""
    asked = visitor.renewal(insurer="11111111") if spoilt == "insurer" else visitor.renewal()
    if spoilt != "insurer":
        body = json.loads(asked.body)
        body |= {"certificate_request": "-----BEGIN X-----\n"} if spoilt == "key" else {"shop": SHOP}
        encoded = json.dumps(body, separators=(",", ":"), sort_keys=True).encode()
        asked = visitor.ask("POST", asked.path, encoded, content_type=asked.headers["content-type"])
    assert refused(lambda: intake.renew(asked)) == "request_invalid"


def test_nobody_renews_for_another(intake: Intake, enrolled: Callable[[], Visitor]) -> None:
    """A request signed by one terminal over the connection of another gets nothing."""
    first, second = enrolled(), enrolled()
    stolen = replace(first.renewal(), certificate=second.certificate)
    assert refused(lambda: intake.renew(stolen)) == "signature_invalid"


def operations(intake: Intake, visitor: Visitor) -> Iterator[Callable[[], Any]]:
    """Every operation that needs a certificate."""
    package = visitor.package()
    yield lambda: visitor.push(intake, package)
    yield lambda: intake.push_batch(visitor.post_batch(package))
    yield lambda: intake.renew(visitor.renewal())
    yield lambda: intake.state(visitor.ask("GET", "/v1/state"))
    yield lambda: intake.receipts(visitor.ask("GET", "/v1/receipts?after=0"))
    yield lambda: intake.events(visitor.ask("GET", "/v1/events?after=0"))
    yield lambda: intake.keys(visitor.ask("GET", "/v1/keys"))
    yield lambda: intake.profile(visitor.ask("GET", "/v1/profile"))


def test_a_revoked_terminal_is_refused_at_once(
    intake: Intake, visitor: Visitor, ledger: Ledger, clock: Clock, enrolled: Callable[[], Visitor]
) -> None:
    """From the next request on nothing is answered to it, whatever it asks; another terminal of the shop goes on."""
    reads_state(intake, visitor)
    revoke(ledger, visitor.signer.kid, "lost", clock())
    codes = {refused(work) for work in operations(intake, visitor)}
    assert codes == {"certificate_revoked"}
    reads_state(intake, enrolled())


def test_a_revocation_counts_inside_the_transaction(
    intake: Intake, visitor: Visitor, ledger: Ledger, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal that is revoked between its admission and its act does nothing any more."""
    admitted = intake._admit

    def late(*arguments: Any) -> Any:
        caller = admitted(*arguments)
        revoke(ledger, visitor.signer.kid, "lost", clock())
        return caller

    monkeypatch.setattr(intake, "_admit", late)
    package = visitor.package()
    assert refused(lambda: visitor.push(intake, package)) == "certificate_revoked"
    assert known_terminals(ledger)[0].claims == 0


def test_a_lost_terminal_leaves_its_claims(
    intake: Intake, visitor: Visitor, ledger: Ledger, clock: Clock, enrolled: Callable[[], Visitor]
) -> None:
    """Its key is not enrolled again, its claims stay, and a new terminal with a new letter takes its place."""
    visitor.push(intake, visitor.package())
    revoke(ledger, visitor.signer.kid, "lost", clock())
    letter = invite(ledger, SHOP, clock())
    assert refused(lambda: intake.enrol(visitor.enrolment(letter))) == "certificate_revoked"
    successor = enrolled()
    assert successor.push(intake, successor.package()).status == 201
    found = {one.device: one for one in known_terminals(ledger)}
    gone, new = found[visitor.signer.kid], found[successor.signer.kid]
    assert (gone.claims, gone.reason, new.claims, new.reason, gone.shop) == (1, "lost", 1, None, new.shop)


def test_taking_a_revocation_back_needs_a_letter(
    intake: Intake, visitor: Visitor, ledger: Ledger, clock: Clock
) -> None:
    """The certificates from before stay worthless; a new letter brings the terminal back with its chain."""
    visitor.push(intake, visitor.package())
    revoke(ledger, visitor.signer.kid, "abuse", clock())
    readmit(ledger, visitor.signer.kid)
    assert refused(lambda: reads_state(intake, visitor)) == "certificate_unknown"
    visitor.keep(intake.enrol(visitor.enrolment(invite(ledger, SHOP, clock()))).body)
    assert visitor.push(intake, visitor.package()).status == 201
    assert known_terminals(ledger)[0].highest == 2


def test_terminals_of_one_shop_share_nothing(
    intake: Intake, enrolled: Callable[[], Visitor], material: IntakeMaterial
) -> None:
    """Each has its own chain from 1 on, and its state knows nothing of the other's claims."""
    first, second = enrolled(), enrolled()
    statuses = [one.push(intake, one.package()).status for one in (first, second, first)]
    seqs = []
    for one in (first, second):
        answer = intake.state(one.ask("GET", "/v1/state"))
        state = decode(material.signer.public.verify(STATE_TYP, json.loads(answer.body)["state"]), ChainState)
        seqs.append(state.seq)
    assert (statuses, seqs) == ([201, 201, 201], [2, 1])
    assert first.shop_key.public.kid != second.shop_key.public.kid


def test_only_what_is_known_is_revoked(ledger: Ledger, clock: Clock) -> None:
    """An unknown terminal and an unknown reason are errors."""
    with pytest.raises(TerminalUnknown):
        revoke(ledger, "A" * 43, "lost", clock())
    with pytest.raises(TerminalUnknown):
        readmit(ledger, "A" * 43)
    with pytest.raises(ContractError):
        revoke(ledger, "A" * 43, "whim", clock())


def test_a_key_id_may_begin_with_a_hyphen(insurer_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One in 64 does; it is read as the option's value all the same."""
    command = ["terminals", "revoke", "--dir", str(insurer_folder), "--device", "-" + "A" * 42, "--reason", "lost"]
    assert main([*command, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "terminal_unknown"


def test_the_operator_lists_and_revokes(
    insurer_folder: Any, visitor: Visitor, ledger: Ledger, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    """`terminals list`, `revoke` and `readmit` do what they say, in JSON and in lines."""
    monkeypatch.setattr("sync.receiver.terminal_commands.open_ledger", lambda _folder, _database: nullcontext(ledger))
    folder, device = ["--dir", str(insurer_folder)], visitor.signer.kid

    def run(*arguments: str) -> str:
        assert main(["terminals", *arguments]) == 0
        return capsys.readouterr().out

    assert f"{device}  shop {SHOP}  0 claims  until 2027-02-19" in run("list", *folder)
    assert json.loads(run("revoke", *folder, f"--device={device}", "--reason", "lost")) == {"revoked": device}
    (listed,) = json.loads(run("list", *folder, "--json"))["terminals"]
    assert (listed["device"], listed["reason"]) == (device, "lost")
    assert "REVOKED" in run("list", *folder)
    assert json.loads(run("readmit", *folder, f"--device={device}")) == {"readmitted": device}
    assert "no certificate" in run("list", *folder)
