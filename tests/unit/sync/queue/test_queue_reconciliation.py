"""Store and counterfoil disagree: nothing that was said is lost, nothing that was not said is done."""

import os
import shutil
from datetime import timedelta

import pytest

from sync.contract.envelope import Package, decode, digest
from sync.errors import CounterfoilCorrupt
from sync.queue import Counterfoil, Frame, Reconciliation
from sync.queue.blocks import START
from tests.unit.sync.queue.conftest import Desk
from tests.unit.sync.queue.envelopes import GRACE, INSURER, LATER, NOW, OTHER_INSURER, claim_id, entry, envelope


def busy(desk: Desk) -> None:
    """A day at the counter: 1, 2, 7 left, 2 has its receipt, 3 waits, 4 was withdrawn, 5 was corrected by 6."""
    for number in range(1, 6):
        desk.outbox.enqueue(entry(number))
    desk.outbox.enqueue(entry(7, OTHER_INSURER))
    desk.outbox.void(claim_id(4), "cancelled", desk.signer, NOW)
    desk.outbox.replace(claim_id(5), entry(6), desk.signer)
    desk.outbox.dispatch(INSURER, [claim_id(1), claim_id(2)], desk.signer, LATER)
    desk.outbox.dispatch(OTHER_INSURER, [claim_id(7)], desk.signer, LATER)
    desk.outbox.settle(claim_id(2), "receipt.of.insurer", LATER)


def told(desk: Desk) -> dict[int, tuple[str, int | None, bytes | None]]:
    """State, number and package of each claim."""
    return {int(row.claim_id[-12:], 16): (row.state, row.seq, row.package) for row in desk.outbox.rows()}


def frames(desk: Desk) -> list[tuple[str, str]]:
    """Kind and claim of each frame."""
    return [(frame.kind, frame.claim_id) for frame in desk.counterfoil.frames()]


def checked(desk: Desk) -> bool:
    """Whether chain and counterfoil pass their checks."""
    return all(line.ok for line in desk.outbox.check(desk.signer.public))


def test_when_nothing_is_missing_nothing_is_done(desk: Desk) -> None:
    """The common case: no report, no change, now and after a restart."""
    busy(desk)
    before, size = told(desk), desk.counterfoil.head()
    for _ in range(2):
        assert desk.outbox.reconcile() == Reconciliation()
        assert (told(desk), desk.counterfoil.head()) == (before, size)
        desk.reopen()
    assert checked(desk)


def test_a_lost_store_is_rebuilt_from_the_counterfoil(desk: Desk) -> None:
    """What left keeps number and bytes; what waited is for a person to decide; what was withdrawn stays away."""
    busy(desk)
    before = told(desk)
    report = desk.lose_store().reconcile()
    assert report.recovered == (claim_id(3), claim_id(6))
    after = told(desk)
    assert {number: row[0] for number, row in after.items()} == {
        1: "sending",
        2: "sending",
        7: "sending",
        3: "blocked",
        6: "blocked",
    }
    for number in (1, 2, 7):
        assert after[number][1:] == before[number][1:]
    assert checked(desk)


def test_a_rebuilt_chain_goes_on_where_it_was(desk: Desk) -> None:
    """The next claim after a rebuild gets the next number."""
    busy(desk)
    desk.lose_store().reconcile()
    desk.outbox.enqueue(entry(9))
    desk.outbox.dispatch(INSURER, [claim_id(9)], desk.signer, LATER)
    assert desk.outbox.get(claim_id(9)).seq == 3
    assert checked(desk)


def test_a_lost_counterfoil_is_written_again_from_the_store(desk: Desk) -> None:
    """Every envelope, withdrawal and dispatch is back, each is named, and the store did not change."""
    busy(desk)
    before, kept = told(desk), sorted(frames(desk))
    report = desk.lose_counterfoil().reconcile()
    assert set(report.repaired) == {claim_id(number) for number in range(1, 8)}
    assert report.recovered == ()
    assert sorted(frames(desk)) == kept
    assert told(desk) == before
    assert checked(desk)
    assert desk.outbox.reconcile().repaired == ()


def test_either_file_can_be_lost_after_the_other_was_rebuilt(desk: Desk) -> None:
    """A counterfoil that was written again serves to rebuild the store."""
    busy(desk)
    before = told(desk)
    desk.lose_counterfoil().reconcile()
    desk.lose_store().reconcile()
    for number in (1, 2, 7):
        assert told(desk)[number][1:] == before[number][1:]
    assert checked(desk)


def test_acknowledged_frames_that_were_cut_are_written_again(desk: Desk) -> None:
    """When the medium lost the end of the counterfoil, the claims concerned are named and restored."""
    busy(desk)
    desk.close()
    os.truncate(desk.folder / "counterfoil.log", (desk.folder / "counterfoil.log").stat().st_size - 1)
    desk.open()
    report = desk.outbox.reconcile()
    assert report.torn_bytes > 0
    assert report.repaired == (claim_id(7),)
    assert checked(desk)


def test_a_number_whose_frame_was_cut_is_not_given_again(desk: Desk) -> None:
    """The store remembers the number that the counterfoil lost: the chain goes on and does not go back."""
    for number in (1, 2, 3):
        desk.outbox.enqueue(entry(number))
    for number in (1, 2):
        desk.outbox.dispatch(INSURER, [claim_id(number)], desk.signer, LATER)
    desk.close()
    os.truncate(desk.folder / "counterfoil.log", (desk.folder / "counterfoil.log").stat().st_size - 1)
    desk.open()
    desk.outbox.dispatch(INSURER, [claim_id(3)], desk.signer, LATER)
    assert [row.seq for row in desk.outbox.rows()] == [1, 2, 3]
    assert checked(desk)


def test_an_old_copy_of_the_store_follows_the_counterfoil(desk: Desk) -> None:
    """What the old copy does not know comes from the counterfoil; numbers are not given twice."""
    desk.outbox.enqueue(entry(1))
    desk.close()
    shutil.copy(desk.folder / "store.db", desk.folder / "old.db")
    desk.open()
    for number in (2, 3, 4):
        desk.outbox.enqueue(entry(number))
    desk.outbox.dispatch(INSURER, [claim_id(1), claim_id(2)], desk.signer, LATER)
    desk.outbox.void(claim_id(4), "cancelled", desk.signer, NOW)
    before = told(desk)
    desk.close()
    shutil.copy(desk.folder / "old.db", desk.folder / "store.db")
    desk.open()
    assert desk.outbox.reconcile().recovered == (claim_id(3),)
    after = told(desk)
    assert {number: row[0] for number, row in after.items()} == {1: "sending", 2: "sending", 3: "blocked"}
    assert (after[1], after[2]) == (before[1], before[2])
    assert checked(desk)


def test_every_act_takes_in_what_a_dead_process_left(desk: Desk) -> None:
    """Without waiting for a restart: an envelope and a withdrawal whose process died before its commit."""
    desk.outbox.enqueue(entry(1))
    other = Counterfoil.open(desk.folder / "counterfoil.log")
    other.append([Frame("envelope", claim_id(2), INSURER, 5, envelope(2))])
    other.append([Frame("void", claim_id(1), INSURER, 5, b'{"reason":"cancelled"}')])
    other.close()
    desk.outbox.enqueue(entry(3))
    states = [(row.claim_id, row.state, row.reason) for row in desk.outbox.rows()]
    assert states == [
        (claim_id(1), "cancelled", "cancelled"),
        (claim_id(2), "blocked", "recovered"),
        (claim_id(3), "queued", None),
    ]
    assert checked(desk)


def test_a_registration_that_failed_after_all_is_left_to_a_person(desk: Desk) -> None:
    """When the row is there although its process said that it failed, the claim is neither sent nor dropped."""
    desk.outbox.enqueue(entry(1))
    desk.counterfoil.append([Frame("void", claim_id(1), INSURER, 5, b'{"reason":"unregistered"}')])
    desk.outbox.reconcile()
    row = desk.outbox.get(claim_id(1))
    assert (row.state, row.reason) == ("blocked", "recovered")
    assert checked(desk)


def test_a_withdrawn_correction_does_not_bring_the_first_claim_back(desk: Desk) -> None:
    """Corrected, and the correction cancelled: after the loss of the store neither is there."""
    desk.outbox.enqueue(entry(1))
    desk.outbox.replace(claim_id(1), entry(2), desk.signer)
    desk.outbox.void(claim_id(2), "cancelled", desk.signer, NOW)
    desk.lose_store().reconcile()
    assert told(desk) == {}


def test_a_withdrawal_does_not_reach_what_has_left(desk: Desk) -> None:
    """A void frame after the dispatch of its claim changes nothing: the insurer has it."""
    desk.outbox.enqueue(entry(1))
    desk.outbox.dispatch(INSURER, [claim_id(1)], desk.signer, LATER)
    desk.counterfoil.append([Frame("void", claim_id(1), INSURER, 5, b'{"reason":"cancelled"}')])
    desk.outbox.reconcile()
    assert desk.outbox.get(claim_id(1)).state == "sending"


def test_a_claim_that_left_after_a_failed_withdrawal_is_on_its_way(desk: Desk) -> None:
    """The later frame wins, also when the store is rebuilt."""
    desk.outbox.enqueue(entry(1))
    desk.outbox.dispatch(INSURER, [claim_id(1)], desk.signer, LATER)
    signed = desk.outbox.get(claim_id(1)).dispatch or ""
    desk.lose_counterfoil()
    desk.counterfoil.append([Frame("envelope", claim_id(1), INSURER, 5, envelope(1))])
    desk.counterfoil.append([Frame("dispatch", claim_id(1), INSURER, 5, signed.encode())])
    desk.lose_store().reconcile()
    row = desk.outbox.get(claim_id(1))
    assert (row.state, row.dispatch) == ("sending", signed)


def test_recovered_claims_leave_only_when_a_person_says_so(desk: Desk) -> None:
    """Blocked until released, then sent like any other."""
    desk.counterfoil.append([Frame("envelope", claim_id(1), INSURER, 5, envelope(1))])
    desk.outbox.reconcile()
    assert desk.outbox.due(INSURER, LATER + timedelta(days=30)) == []
    desk.outbox.release(claim_id(1), LATER)
    (package,) = desk.outbox.dispatch(INSURER, [claim_id(1)], desk.signer, LATER)
    assert digest(decode(package, Package).dispatch.encode()) is not None
    assert checked(desk)


@pytest.mark.parametrize(
    "frame",
    [
        Frame("void", claim_id(1), INSURER, 5, b"no record"),
        Frame("void", claim_id(1), INSURER, 5, b'{"reason":"bored"}'),
        Frame("dispatch", claim_id(1), INSURER, 5, b"no.jws.here"),
        Frame("void", claim_id(1), INSURER, 5, b'{"\xe9reason":"cancelled"}'),
        Frame("dispatch", claim_id(1), INSURER, 5, b"nothing"),
        Frame("dispatch", claim_id(1), INSURER, 5, b"\xe9.\xe9.\xe9"),
        Frame("dispatch", claim_id(1), INSURER, 5, b"e30.eyLp.e30"),
    ],
)
def test_a_whole_frame_that_says_nonsense_is_damage(desk: Desk, frame: Frame) -> None:
    """It is named and nothing is guessed; what was registered stays readable."""
    desk.outbox.enqueue(entry(1))
    desk.counterfoil.append([frame])
    with pytest.raises(CounterfoilCorrupt):
        desk.outbox.reconcile()
    assert desk.outbox.get(claim_id(1)).state == "queued"


def test_two_claims_with_one_number_are_damage(desk: Desk) -> None:
    """A counterfoil that gives a number twice is not followed."""
    desk.outbox.enqueue(entry(1))
    desk.outbox.enqueue(entry(2))
    desk.outbox.dispatch(INSURER, [claim_id(1)], desk.signer, LATER)
    signed = desk.outbox.get(claim_id(1)).dispatch or ""
    desk.counterfoil.append([Frame("dispatch", claim_id(2), INSURER, 5, signed.encode())])
    with pytest.raises(CounterfoilCorrupt):
        desk.outbox.reconcile()


def tampering(statement: str) -> str:
    """Keep the statements of the next test readable."""
    return f"UPDATE outbox SET {statement} WHERE claim_id = '{claim_id(2)}'"


@pytest.mark.parametrize(
    ("statement", "failing"),
    [
        (tampering("seq = 9"), ["chain"]),
        (tampering("dispatch = replace(dispatch, 'a', 'b')"), ["chain", "counterfoil"]),
        (tampering("envelope = x'00'"), ["chain", "counterfoil"]),
        (tampering("insurer = '87654321', seq = 5"), ["chain"]),
        ("UPDATE chain SET seq = 1", ["chain"]),
        ("DELETE FROM chain", ["chain"]),
        ("DELETE FROM counterfoil_anchor", ["counterfoil"]),
        (tampering("state = 'acknowledged'"), []),
    ],
)
def test_the_checks_find_what_was_edited(desk: Desk, statement: str, failing: list[str]) -> None:
    """Numbers, links, envelopes and heads are checked; a state alone is not theirs to judge."""
    for number in (1, 2, 3):
        desk.outbox.enqueue(entry(number))
    desk.outbox.dispatch(INSURER, [claim_id(1), claim_id(2), claim_id(3)], desk.signer, LATER)
    assert checked(desk)
    with desk.store.write() as connection:
        connection.exec_driver_sql(statement)
    assert [line.name for line in desk.outbox.check(desk.signer.public) if not line.ok] == failing


def test_the_checks_name_a_damaged_counterfoil(desk: Desk) -> None:
    """A byte that changed since it was opened is found by reading again."""
    desk.outbox.enqueue(entry(1))
    desk.outbox.enqueue(entry(2))
    path = desk.folder / "counterfoil.log"
    content = bytearray(path.read_bytes())
    content[START.offset + 60] ^= 1
    path.write_bytes(content)
    lines = {line.name: line for line in desk.outbox.check(desk.signer.public)}
    assert lines["chain"].ok
    assert not lines["counterfoil"].ok


def test_the_grace_period_is_not_forgotten(desk: Desk) -> None:
    """After a restart a claim still leaves when it was to leave, and not earlier."""
    desk.outbox.enqueue(entry(1))
    again = desk.reopen()
    again.reconcile()
    assert again.due(INSURER, LATER - timedelta(milliseconds=1)) == []
    assert len(again.due(INSURER, NOW + GRACE)) == 1
