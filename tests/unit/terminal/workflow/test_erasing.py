"""Dossiers go when their time is over, and not before; a signed certificate says so; the bytes leave the file."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from sync.crypto.keyslots import open_device_keys
from sync.crypto.signing import SigningKey
from sync.errors import SignatureInvalid
from sync.home import OpenHome
from terminal.domain.claim import ClaimState
from terminal.vault.acts import Act
from terminal.vault.dossiers import Dossier
from terminal.vault.erasure import SETTLED, Erasures, read_certificate
from terminal.vault.refusals import ApprovalInvalid
from terminal.workflow import four_eyes
from terminal.workflow.access import log_in
from terminal.workflow.desk import Desk
from terminal.workflow.erase import DossierGone, DossierOpen, erase_dossier, erase_due
from terminal.workflow.verify import verify_home
from tests.unit.sync.queue.envelopes import claim_id, entry
from tests.unit.terminal.vault import people
from tests.unit.terminal.vault.decrypted_pages import decrypted
from tests.unit.terminal.vault.test_vault_keys import a_dossier

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@dataclass
class Calendar:
    """A clock that a test sets."""

    at: datetime = START
    trusted: bool = True

    def now(self) -> datetime:
        """The instant."""
        return self.at

    def today(self) -> date:
        """The day."""
        return self.at.date()


@pytest.fixture
def clock() -> Calendar:
    """The terminal's clock."""
    return Calendar()


@pytest.fixture
def desk(tmp_path: Path, clock: Calendar) -> Iterator[Desk]:
    """A terminal whose responsible person is logged in."""
    staffed = replace(people.staffed(tmp_path / "home"), clock=clock)
    log_in(staffed, "camille", people.PINS["camille"])
    yield staffed
    staffed.home.close()


def keep(desk: Desk, number: int, state: str, surname: str = "PLANTEDNAME") -> bytes:
    """A claim in this state with its dossier; the sealed content as it lies in the store."""
    writing = desk.vault.dossiers.writing(claim_id(number), a_dossier(surname))
    desk.home.outbox.enqueue(entry(number), writing)
    with desk.home.store.write() as connection:
        connection.exec_driver_sql("UPDATE outbox SET state = ? WHERE claim_id = ?", (state, claim_id(number)))
        found = "SELECT sealed FROM dossier WHERE claim_id = ?"
        return bytes(connection.exec_driver_sql(found, (claim_id(number),)).scalar_one())


def known(desk: Desk, number: int) -> Dossier | None:
    """The dossier as somebody sees it who logs in anew."""
    desk.vault.lock()
    log_in(desk, "camille", people.PINS["camille"])
    found = desk.vault.dossiers.get(claim_id(number))
    return found[1] if found else None


def store_key(home: OpenHome) -> bytes:
    """The key of the encrypted file."""
    return open_device_keys(home.keyslots, home.device_secret).store_key


def test_only_what_is_settled_and_old_enough_goes(desk: Desk, clock: Calendar) -> None:
    """Of a dossier in every state, after 90 days the settled ones are gone and every open one is there."""
    states = [state for state in ClaimState if state is not ClaimState.DRAFT]
    for number, state in enumerate(states, start=1):
        keep(desk, number, state)
    assert erase_due(desk).dossiers == 0
    clock.at += timedelta(days=89, hours=23)
    assert erase_due(desk).dossiers == 0
    clock.at += timedelta(hours=2)
    assert erase_due(desk).dossiers == len(SETTLED)
    left = {state for number, state in enumerate(states, start=1) if known(desk, number)}
    assert set(states) - left == set(SETTLED) == {"paid", "refused", "superseded", "cancelled"}
    assert erase_due(desk).dossiers == 0


def test_retention_begins_when_a_claim_is_settled(desk: Desk, clock: Calendar) -> None:
    """A claim that is open for a year is kept 90 days from its settlement on, and one that reopens begins anew."""
    keep(desk, 1, "acknowledged")
    clock.at += timedelta(days=365)
    assert erase_due(desk).dossiers == 0
    _set_state(desk, 1, "paid")
    assert erase_due(desk).dossiers == 0
    clock.at += timedelta(days=50)
    _set_state(desk, 1, "blocked")
    erase_due(desk)
    _set_state(desk, 1, "paid")
    clock.at += timedelta(days=50)
    assert erase_due(desk).dossiers == 0
    clock.at += timedelta(days=90)
    assert erase_due(desk).dossiers == 1


def _set_state(desk: Desk, number: int, state: str) -> None:
    with desk.home.store.write() as connection:
        connection.exec_driver_sql("UPDATE outbox SET state = ? WHERE claim_id = ?", (state, claim_id(number)))


def test_a_doubtful_clock_erases_nothing(desk: Desk, clock: Calendar) -> None:
    """A clock that jumped ahead and is not trusted erases nothing, and says why."""
    keep(desk, 1, "paid")
    erase_due(desk)
    clock.at, clock.trusted = clock.at + timedelta(days=4000), False
    done = erase_due(desk)
    assert (done.dossiers, done.skipped) == (0, "clock_untrusted")
    assert known(desk, 1) is not None


def test_a_certificate_says_what_was_done(desk: Desk, clock: Calendar) -> None:
    """Signed with the device key, numbered, tied to the journal; the journal names each claim; `verify` checks both."""
    keep(desk, 1, "paid")
    keep(desk, 2, "cancelled")
    erase_due(desk)
    clock.at += timedelta(days=90)
    assert erase_due(desk).certificates == (1,)
    (signed,) = Erasures(desk.home.store).certificates()
    certificate = read_certificate(signed, desk.home.signer.public)
    assert [(one.claim_id, one.state) for one in certificate.dossiers] == [
        (claim_id(1), "paid"),
        (claim_id(2), "cancelled"),
    ]
    assert (certificate.rule, certificate.retention_days, certificate.by) == ("retention", 90, ())
    assert certificate.proves == "the procedure, not the absence of copies"
    noted = [one for one in desk.vault.journal.entries() if one.what == Act.DOSSIER_ERASED]
    assert [one.subject for one in noted] == [claim_id(1), claim_id(2)]
    assert certificate.journal.count == noted[-1].entry
    with pytest.raises(SignatureInvalid):
        read_certificate(signed, SigningKey.generate().public)
    assert {check.name: check.ok for check in verify_home(desk)}["erasures"]
    with desk.home.store.write() as connection:
        connection.exec_driver_sql("UPDATE dossier SET sealed = x'01' WHERE claim_id = ?", (claim_id(1),))
    assert not {check.name: check.ok for check in verify_home(desk)}["erasures"]


def test_the_bytes_leave_the_file(desk: Desk, clock: Calendar) -> None:
    """Every page of store and log decrypted, free space included: what was kept is there before, and nowhere after."""
    sealed = [keep(desk, number, "paid") for number in range(1, 41)]
    stays = keep(desk, 99, "queued")
    erase_due(desk)
    path, key = desk.home.store.path, store_key(desk.home)
    before = decrypted(path, key)
    pieces = [content[at : at + 16] for content in sealed for at in (0, len(content) // 2, len(content) - 16)]
    assert all(piece in before for piece in pieces)
    clock.at += timedelta(days=90)
    assert erase_due(desk).dossiers == 40
    after = decrypted(path, key)
    assert [piece for piece in pieces if piece in after] == []
    assert stays in after


def test_a_number_is_not_given_twice(desk: Desk, clock: Calendar) -> None:
    """The newest dossier of a year is erased; the next one gets the next number all the same."""
    keep(desk, 1, "cancelled")
    erase_due(desk)
    clock.at += timedelta(days=90)
    erase_due(desk)
    writing = desk.vault.dossiers.writing(claim_id(2), a_dossier())
    desk.home.outbox.enqueue(entry(2), writing)
    assert writing.number == "2026-0002"


def test_two_people_erase_a_settled_dossier_and_no_open_one(desk: Desk) -> None:
    """By hand it needs two people for this very claim; what is open stays even then; each refusal is in the journal."""
    for number, state in ((1, "refused"), (2, "sending")):
        keep(desk, number, state)
    for number in (1, 2):
        other = _agreed(desk, claim_id(3))
        with pytest.raises(ApprovalInvalid):
            erase_dossier(desk, claim_id(number), other)
    with pytest.raises(DossierOpen):
        erase_dossier(desk, claim_id(2), _agreed(desk, claim_id(2)))
    assert erase_dossier(desk, claim_id(1), _agreed(desk, claim_id(1))) == 1
    with pytest.raises(DossierGone):
        erase_dossier(desk, claim_id(1), _agreed(desk, claim_id(1)))
    noted = [(one.subject, one.outcome) for one in desk.vault.journal.entries() if one.what == Act.DOSSIER_ERASED]
    assert noted == [
        (claim_id(1), "approval_invalid"),
        (claim_id(2), "approval_invalid"),
        (claim_id(2), "dossier_open"),
        (claim_id(1), "done"),
        (claim_id(1), "dossier_gone"),
    ]
    (signed,) = Erasures(desk.home.store).certificates()
    certificate = read_certificate(signed, desk.home.signer.public)
    assert (certificate.rule, certificate.by) == ("two_people", ("camille", "nadia"))
    assert (known(desk, 1), known(desk, 2) is not None) == (None, True)


def _agreed(desk: Desk, subject: str) -> four_eyes.Approval:
    return four_eyes.agree(desk, four_eyes.Act.ERASE, subject, "nadia", people.PINS["nadia"])
