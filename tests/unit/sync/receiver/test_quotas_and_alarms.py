"""What a terminal may do in a time, what is refused beyond it, and what an operator is told of it."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sync.contract.activation import ActivationCode
from sync.errors import ContractError
from sync.receiver.admission import Asked
from sync.receiver.alarms import known_alarms, mark_seen, raise_alarm
from sync.receiver.app import build_app
from sync.receiver.cli import main
from sync.receiver.db import Ledger
from sync.receiver.enrol import invite
from sync.receiver.folder import IntakeMaterial
from sync.receiver.intake import Intake
from sync.receiver.quotas import Quotas, quotas_in
from sync.receiver.refusal import Refusal
from sync.receiver.terminals import revoke
from tests.unit.sync.receiver.test_http_face import Said, call
from tests.unit.sync.receiver.visitor import ORIGIN, SHOP, Clock, Visitor, new_claim_id


@pytest.fixture
def tight(ledger: Ledger, material: IntakeMaterial, clock: Clock) -> Intake:
    """An intake with small quotas on the same database."""
    quotas = Quotas(requests_a_minute=3, claims_a_day=5, unusual_claims_a_day=2, failed_enrolments_an_hour=50)
    return Intake(ledger, material, ORIGIN, clock, quotas=quotas)


def asking(intake: Intake, asked: Asked) -> Said:
    """What the application answers."""
    return asyncio.run(call(build_app(intake), asked))


def counted(ledger: Ledger) -> dict[tuple[str, str], int]:
    """Every count of the alarms, by kind and subject."""
    return {(one.kind, one.subject): one.count for one in known_alarms(ledger)}


def guess(intake: Intake, asked: Asked) -> str:
    """The code of the refusal of an enrolment."""
    with pytest.raises(Refusal) as caught:
        intake.enrol(asked)
    return caught.value.problem.code


def test_51_guesses_are_refused_and_alarmed(intake: Intake, ledger: Ledger, stranger: Visitor, clock: Clock) -> None:
    """On one letter: five cost it, the rest find it closed, the 51st is told to wait, and the operator sees it all."""
    letter = invite(ledger, SHOP, clock())
    codes = [guess(intake, stranger.enrolment(letter, ActivationCode.generate().grouped())) for _ in range(51)]
    assert codes == ["activation_refused"] * 5 + ["invitation_closed"] * 45 + ["too_many_requests"]
    assert counted(ledger) == {
        ("activation_refused", letter.invitation): 5,
        ("invitation_closed", letter.invitation): 46,
        ("enrolment_storm", "-"): 1,
    }
    assert all(one.is_raised and not one.seen for one in known_alarms(ledger))


def test_guesses_over_many_letters_are_stopped_too(
    intake: Intake, ledger: Ledger, stranger: Visitor, clock: Clock
) -> None:
    """51 guesses at letters that do not exist name none of them; the right code of a real letter still enrols."""
    real = invite(ledger, SHOP, clock())
    made_up = [f"{number:08d}" for number in range(51)]
    codes = {guess(intake, stranger.enrolment(real, invitation=one)) for one in made_up[:50]}
    assert codes == {"activation_refused"}
    refusal = asking(intake, stranger.enrolment(real, invitation=made_up[50]))
    assert (refusal.status, refusal.body["code"]) == (429, "too_many_requests")
    assert 1 <= int(refusal.headers["retry-after"]) <= 3600
    assert counted(ledger) == {("activation_refused", "-"): 51, ("enrolment_storm", "-"): 1}
    assert intake.enrol(stranger.enrolment(real)).status == 201
    clock.pass_time(hours=1)
    assert guess(intake, stranger.enrolment(real, invitation=made_up[0])) == "activation_refused"


def test_requests_are_paced(tight: Intake, ledger: Ledger, enrolled: Callable[[], Visitor], clock: Clock) -> None:
    """The fourth request of a minute is answered 429 with the seconds to wait; another terminal is not touched."""
    busy, other = enrolled(), enrolled()
    answers = [asking(tight, busy.ask("GET", "/v1/state")) for _ in range(4)]
    assert [one.status for one in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[3].headers["retry-after"]) <= 60
    assert asking(tight, other.ask("GET", "/v1/state")).status == 200
    assert counted(ledger) == {("too_many_requests", busy.signer.kid): 1}
    clock.pass_time(seconds=int(answers[3].headers["retry-after"]))
    assert asking(tight, busy.ask("GET", "/v1/state")).status == 200


def test_a_flood_is_counted_and_seldom_written(tight: Intake, ledger: Ledger, visitor: Visitor, clock: Clock) -> None:
    """Refused requests of one moment are one write; the next one a second later carries their number."""
    for _ in range(10):
        asking(tight, visitor.ask("GET", "/v1/state"))
    assert counted(ledger) == {("too_many_requests", visitor.signer.kid): 1}
    clock.pass_time(seconds=2)
    asking(tight, visitor.ask("GET", "/v1/state"))
    assert counted(ledger) == {("too_many_requests", visitor.signer.kid): 8}


def test_an_unusual_day_is_alarmed_and_a_flood_refused(
    tight: Intake, ledger: Ledger, visitor: Visitor, clock: Clock
) -> None:
    """More claims than usual raise an alarm; over the day's quota nothing of the request is stored, and later it is."""
    batches = [[visitor.package() for _ in range(2)] for _ in range(3)]
    statuses = [asking(tight, visitor.post_batch(*batch)).status for batch in batches[:2]]
    assert (statuses, counted(ledger)) == ([200, 200], {("unusual_volume", visitor.signer.kid): 2})
    clock.pass_time(minutes=1)
    refusal = asking(tight, visitor.post_batch(*batches[2]))
    assert (refusal.status, refusal.body["code"]) == (429, "too_many_requests")
    clock.pass_time(seconds=int(refusal.headers["retry-after"]))
    later = asking(tight, visitor.post_batch(*batches[2]))
    assert [one["status"] for one in later.body["results"]] == [201, 201]


def test_known_claims_cost_nothing(tight: Intake, visitor: Visitor, clock: Clock) -> None:
    """Sending the same package again is never over a quota of claims."""
    package = visitor.package()
    for _ in range(8):
        assert visitor.push(tight, package).status in (200, 201)
        clock.pass_time(minutes=1)


def test_forks_and_conflicts_are_alarms(intake: Intake, ledger: Ledger, visitor: Visitor) -> None:
    """A chain that splits and a claim id with other bytes are told, with the terminal that sent them."""
    claim_id = new_claim_id()
    first, other = visitor.package(claim_id), visitor.package(claim_id)
    visitor.push(intake, first)
    visitor.push(intake, other)
    visitor.seq, visitor.head = 0, "0" * 64
    visitor.push(intake, visitor.package())
    device = visitor.signer.kid
    assert counted(ledger) == {("digest_conflict", device): 1, ("fork", device): 1}


def test_wrong_signatures_are_an_alarm_when_they_do_not_end(
    intake: Intake, ledger: Ledger, visitor: Visitor, clock: Clock
) -> None:
    """One wrong signature is counted, ten on a day are an alarm; a revoked terminal that goes on is one at once."""
    for number in range(10):
        visitor.clock = Clock(clock() - timedelta(hours=1))
        asking(intake, visitor.ask("GET", "/v1/state"))
        clock.pass_time(seconds=2)
        (alarm,) = known_alarms(ledger)
        assert (alarm.kind, alarm.count, alarm.is_raised) == ("signature_invalid", number + 1, number == 9)
    revoke(ledger, visitor.signer.kid, "lost", clock())
    asking(intake, visitor.ask("GET", "/v1/state"))
    assert counted(ledger)["certificate_revoked", visitor.signer.kid] == 1


def test_what_was_seen_comes_back_when_it_goes_on(
    intake: Intake, ledger: Ledger, visitor: Visitor, clock: Clock
) -> None:
    """An alarm that somebody saw is quiet until it happens again."""

    def fork() -> None:
        visitor.seq, visitor.head = 0, "0" * 64
        visitor.push(intake, visitor.package())

    visitor.push(intake, visitor.package())
    fork()
    mark_seen(ledger, clock())
    assert [one.seen for one in known_alarms(ledger)] == [True]
    fork()
    assert [(one.seen, one.count) for one in known_alarms(ledger)] == [(False, 2)]


def test_alarms_hold_no_word_of_a_request(intake: Intake, ledger: Ledger, stranger: Visitor, clock: Clock) -> None:
    """Subjects are key ids, letters that exist, and a dash."""
    asked = stranger.enrolment(invite(ledger, SHOP, clock()), invitation="ZZZZZZZZ")
    guess(intake, asked)
    assert {subject for _, subject in counted(ledger)} == {"-"}


def test_the_operator_reads_alarms(
    insurer_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`alarms` prints what is raised and unseen, `--seen` quiets it, `--all` shows it still."""
    clock = Clock()
    with Ledger.at(tmp_path / "own.db") as ledger:
        monkeypatch.setattr("sync.receiver.alarm_commands.open_ledger", lambda *_: Ledger.at(tmp_path / "own.db"))
        ledger.write(lambda connection: _raise(connection, clock))

    def run(*more: str) -> list[dict[str, Any]]:
        assert main(["alarms", "--dir", str(insurer_folder), "--json", "--days", "9999", *more]) == 0
        found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["alarms"]
        return found

    (raised,) = run("--seen")
    assert (raised["kind"], raised["subject"], raised["count"], raised["day"]) == ("fork", "k" * 43, 1, "2026-11-21")
    assert run() == []
    assert {one["kind"] for one in run("--all")} == {"fork", "signature_invalid"}
    assert main(["alarms", "--dir", str(insurer_folder), "--all", "--days", "9999"]) == 0
    assert f"2026-11-21  fork  {'k' * 43}  1 times" in capsys.readouterr().out


def _raise(connection: Any, clock: Clock) -> None:
    raise_alarm(connection, "fork", "k" * 43, clock())
    raise_alarm(connection, "signature_invalid", "k" * 43, clock())


def test_quotas_are_a_file(tmp_path: Path) -> None:
    """What the operator wrote counts, the rest is as usual; what is not of the form is an error."""
    file = tmp_path / "quotas.json"
    assert quotas_in(file) == Quotas()
    file.write_text('{"claims_a_day": 7}')
    assert quotas_in(file) == Quotas(claims_a_day=7)
    for wrong in ('{"claims_a_day": 0}', '{"claims": 7}', "no"):
        file.write_text(wrong)
        with pytest.raises(ContractError):
            quotas_in(file)
