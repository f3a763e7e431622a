"""An old copy of a home put back, and two copies of one used at once: found at the next sync, and a way out of it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from hardware.keystore import open_file_secret
from sync.contract.envelope import digest
from sync.crypto.keyslots import open_device_keys
from sync.home import open_home
from sync.store import Store
from tests.integration.sync.copies import agree, copy_of, is_whole, opened, stop_all, stopped
from tests.integration.sync.world import Insurer, Terminal, now
from tests.unit.sync.receiver.visitor import AMC

Reopen = Callable[[Path, Terminal], Terminal]


@pytest.fixture
def reopen() -> Iterator[Reopen]:
    """Open a copied home; closed at the end of the test."""
    with ExitStack() as stack:

        def open_copy(folder: Path, first: Terminal) -> Terminal:
            terminal = opened(folder, first)
            stack.callback(terminal.home.close)
            return terminal

        yield open_copy


def numbers_at(insurer: Insurer, terminal: Terminal) -> dict[int, str]:
    """What the intake holds of this device, read from its database: claim id by number."""
    query = "SELECT seq, claim_id FROM claims WHERE device = ? ORDER BY seq"
    with sqlite3.connect(f"file:{insurer.folder}/intake/intake.db?mode=ro", uri=True) as database:
        return dict(database.execute(query, (terminal.home.signer.kid,)).fetchall())


def test_an_old_copy_put_back_is_found_before_it_numbers(
    enrolled: Terminal, insurer: Insurer, tmp_path: Path, reopen: Reopen
) -> None:
    """The insurer knows later numbers: nothing is numbered, and once a person agrees each claim is there once."""
    first = enrolled.register(AMC, 2)
    assert enrolled.drain().acknowledged == 2
    folder = copy_of(enrolled, tmp_path / "old")
    later = enrolled.register(AMC, 3)
    assert enrolled.drain().acknowledged == 3
    old = reopen(folder, enrolled)
    new = old.register(AMC, 2)
    report = old.drain()
    assert (report.pushed, report.errors) == (0, {AMC: "chain_ahead"})
    assert [old.home.outbox.get(claim_id).seq for claim_id in new] == [None, None]
    assert old.drain().errors == {AMC: "chain_ahead"}, "nothing leaves until a person agrees"
    assert agree(old) == (AMC,)
    report = old.drain()
    assert (report.acknowledged, report.errors, stopped(old)) == (2, {}, {})
    assert report.settled[0].elsewhere == later
    assert [one.claim_id for one in old.home.outbox.chains.elsewhere()] == later
    assert numbers_at(insurer, old) == dict(enumerate([*first, *later, *new], start=1))
    assert is_whole(old)
    old.register(AMC)
    assert old.drain().acknowledged == 1


def test_two_clones_number_at_once_and_one_gives_way(
    enrolled: Terminal, insurer: Insurer, tmp_path: Path, reopen: Reopen
) -> None:
    """The same waiting claim and new ones sent from both: a fork, no number twice, every claim once at the insurer."""
    enrolled.register(AMC, 1)
    assert enrolled.drain().acknowledged == 1
    shared = enrolled.register(AMC, 2)
    clone = reopen(copy_of(enrolled, tmp_path / "clone"), enrolled)
    package = clone.package(shared[0])
    own = enrolled.register(AMC, 1)
    assert enrolled.drain().acknowledged == 3
    alone = clone.register(AMC, 4)
    with clone.client(AMC) as client:
        assert client.push([package])[0].problem == "fork"
    packages = [clone.package(claim_id) for claim_id in (shared[1], *alone)]
    with clone.client(AMC) as client:
        answers = client.push([package, *packages])
    assert [answer.problem for answer in answers] == ["fork"] * 6, "what follows a fork continues what was refused"
    assert clone.drain().errors == {AMC: "chain_ahead"}
    agree(clone)
    report = clone.drain()
    assert (sorted(report.settled[0].settled), sorted(report.settled[0].renumbered)) == (sorted(shared), sorted(alone))
    assert (report.settled[0].elsewhere, report.acknowledged) == (own, 4)
    held = numbers_at(insurer, clone)
    assert list(held) == list(range(1, 9))
    assert list(held.values())[1:] == [*shared, *own, *alone]
    assert set(clone.states()) == {"acknowledged"}
    assert clone.home.logs.unproved(now()) == dict.fromkeys(shared, "proof_elsewhere")
    assert enrolled.home.logs.unproved(now()) == {}
    verdict = clone.home.logs.check(clone.home.outbox.get, now())
    assert (verdict.elsewhere, verdict.late) == (sorted(shared), [])
    assert is_whole(clone)
    enrolled.register(AMC)
    assert enrolled.drain().errors == {AMC: "fork"}, "the other copy is found as well"


def test_a_clone_that_was_confirmed_meets_a_fork(
    enrolled: Terminal, insurer: Insurer, tmp_path: Path, reopen: Reopen
) -> None:
    """Numbered before the other copy was heard of: blocked by the fork, then numbered anew, with the checks whole."""
    enrolled.register(AMC, 1)
    enrolled.drain()
    clone = reopen(copy_of(enrolled, tmp_path / "clone"), enrolled)
    (mine,) = clone.register(AMC, 1)
    clone.package(mine)
    (theirs,) = enrolled.register(AMC, 1)
    assert enrolled.drain().acknowledged == 1
    clone.confirmed.add(AMC)
    assert clone.drain().errors == {AMC: "fork"}
    assert clone.home.outbox.get(mine).state == "blocked"
    given_up = clone.home.outbox.get(mine).dispatch or ""
    agree(clone)
    assert clone.drain().acknowledged == 1
    row = clone.home.outbox.get(mine)
    assert (row.state, row.seq) == ("acknowledged", 3)
    assert numbers_at(insurer, clone)[2] == theirs
    frames = [frame for frame in clone.home.counterfoil.frames() if frame.claim_id == mine]
    assert [frame.kind for frame in frames] == ["envelope", "dispatch", "void", "dispatch"]
    assert digest(given_up.encode()).encode() in frames[2].body
    assert is_whole(clone)


def test_the_store_is_rebuilt_after_a_settlement(
    enrolled: Terminal, insurer: Insurer, tmp_path: Path, reopen: Reopen
) -> None:
    """Replayed from its beginning, the counterfoil gives each claim the dispatch that counts, not the displaced one."""
    shared = enrolled.register(AMC, 1)
    clone = reopen(copy_of(enrolled, tmp_path / "clone"), enrolled)
    ids = [*clone.register(AMC, 2), *shared]
    for claim_id in ids:
        clone.package(claim_id)
    enrolled.register(AMC, 1)
    enrolled.drain()
    stop_all(clone, "restored")
    assert clone.drain().acknowledged == 2
    assert clone.home.outbox.get(shared[0]).dispatch is None, "the other copy sent it"
    kept = {claim_id: clone.home.outbox.get(claim_id).dispatch for claim_id in ids}
    record = clone.home.insurers.get(AMC)
    clone.home.close()
    for name in ("store.db", "store.db-wal", "store.db-shm"):
        (tmp_path / "clone" / name).unlink(missing_ok=True)
    (tmp_path / "clone" / "store.db").touch()
    rebuilt = reopen_rebuilt(tmp_path / "clone", clone)
    with rebuilt.home:
        assert {claim_id: rebuilt.home.outbox.get(claim_id).dispatch for claim_id in ids} == kept
        rebuilt.home.insurers.add(record)
        stop_all(rebuilt, "restored")
        assert rebuilt.drain().settled[0].settled == [*shared, *ids[:2]]
        assert is_whole(rebuilt)


def test_a_restored_insurer_is_sent_what_it_lost(enrolled: Terminal, own_insurer: Callable[[str], Insurer]) -> None:
    """An insurer that went back to an older database is noticed by the next service, and gets every claim again."""
    lossy = own_insurer("77777770")
    enrolled.enrol(lossy)
    first = enrolled.register(lossy.amc, 1)
    enrolled.drain()
    lossy.stop()
    saved = {path: path.read_bytes() for path in (lossy.folder / "intake").glob("intake.db*")}
    lossy.start()
    second = enrolled.register(lossy.amc, 3)
    assert enrolled.drain().acknowledged == 3
    lossy.stop()
    for path in (lossy.folder / "intake").glob("intake.db*"):
        path.unlink()
    for path, content in saved.items():
        path.write_bytes(content)
    lossy.start()
    third = enrolled.register(lossy.amc, 1)
    enrolled.confirmed.clear()
    assert enrolled.drain().errors == {lossy.amc: "chain_ahead"}
    agree(enrolled)
    report = enrolled.drain()
    assert (report.errors, report.acknowledged) == ({}, 1)
    assert list(numbers_at(lossy, enrolled).values()) == [*first, *second, *third]
    assert is_whole(enrolled)


def test_an_insurer_that_cannot_be_asked_keeps_the_chain_stopped(
    enrolled: Terminal, own_insurer: Callable[[str], Insurer]
) -> None:
    """While it is silent nothing is numbered, and the claim waits as before; the others are not touched."""
    silent = own_insurer("66666665")
    enrolled.enrol(silent)
    stop_all(enrolled, "restored")
    silent.stop()
    (waiting,) = enrolled.register(silent.amc, 1)
    (sent,) = enrolled.register(AMC, 1)
    report = enrolled.drain()
    assert report.errors == {silent.amc: "insurer_unreachable"}
    assert [enrolled.home.outbox.get(one).seq for one in (waiting, sent)] == [None, 1]
    assert stopped(enrolled) == {silent.amc: "restored"}
    silent.start()
    assert enrolled.drain_later().acknowledged == 1
    assert stopped(enrolled) == {}


def reopen_rebuilt(folder: Path, first: Terminal) -> Terminal:
    """The home of a clone whose store was lost: made anew and filled from the counterfoil."""
    secret = open_file_secret(folder).secret()
    Store.open(folder / "store.db", open_device_keys(folder / "keyslots.json", secret).store_key, create=True).close()
    home = open_home(folder, open_file_secret)
    home.outbox.reconcile()
    return Terminal(home, first.shop)
