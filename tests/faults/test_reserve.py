"""A full medium: no new claim is taken, what waits still leaves and is settled, and afterwards all is as before."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hardware.keystore import open_file_secret
from sync.errors import DiskFull
from sync.home import OpenHome, create_home, open_home
from sync.logbook import Findings
from sync.store.reserve import SIZE, Reserve
from terminal.i18n import error_text
from terminal.vault.acts import Act
from terminal.vault.journal import Deed, Journal
from tests.unit.sync.queue.envelopes import INSURER, LATER, NOW, claim_id, entry
from tests.unit.sync.test_inbox import AMC, DEVICE, Source

MEDIUM = 12 * 1024
WAITING, MANY = 100, 150


@contextmanager
def on_a_full_medium(folder: Path) -> Iterator[OpenHome]:
    """An open home with claims waiting, on a medium without a free page."""
    with create_home(folder / "home", open_file_secret) as home:
        for number in range(WAITING):
            home.outbox.enqueue(entry(number))
        fill(folder)
        yield home


def fill(folder: Path) -> None:
    """Leave no page free."""
    room = os.statvfs(folder)
    with (folder / "filler").open("ab") as filler:
        filler.write(bytes(room.f_bavail * room.f_frsize))


def refused(home: OpenHome, number: int) -> bool:
    """Whether a new claim is refused because the medium is full."""
    with pytest.raises(DiskFull) as refusal:
        home.outbox.enqueue(entry(number))
    return "n'est pas enregistrée" in error_text(refusal.value.code, {})[0]


def send_all(home: OpenHome) -> list[bytes]:
    """Dispatch and settle what waits, as the largest batch there is, with an entry in the access journal."""
    ids = [claim_id(number) for number in range(WAITING)]
    packages = home.outbox.dispatch(INSURER, ids, home.signer, LATER)
    home.outbox.settle_many(dict.fromkeys(ids, "r" * 900), LATER)
    Journal(home.store).record(Deed(at=LATER, who="a", what=Act.UNLOCKED, origin="counter"))
    return packages


def test_what_waits_leaves_and_is_settled_on_a_full_medium(small_medium: Callable[[int], Path]) -> None:
    """Refused before, after and by a new start; the waiting claims leave meanwhile; freed, the reserve is back."""
    folder = small_medium(MEDIUM)
    with on_a_full_medium(folder) as home:
        assert refused(home, 1000)
        assert not home.store.reserve.spent, "a new claim used the reserve"
        assert len(send_all(home)) == WAITING
        assert home.store.reserve.spent
        assert refused(home, 1001)
    with open_home(folder / "home", open_file_secret) as home:
        assert refused(home, 1002)
        assert len(home.outbox.rows({"acknowledged"})) == WAITING
        (folder / "filler").unlink()
        home.outbox.enqueue(entry(1003))
        assert not home.store.reserve.spent
        assert all(line.ok for line in home.check())
        assert {row.claim_id for row in home.outbox.rows({"queued"})} == {claim_id(1003)}
    assert (folder / "home" / "reserve").stat().st_blocks * 512 >= SIZE


def take_events(home: OpenHome) -> int:
    """Fetch many events; how many are kept."""
    source = Source()
    source.say(MANY)
    home.inbox.fetch(AMC, source, DEVICE)
    return len(home.inbox.after(AMC, 0))


def note_proofs(home: OpenHome) -> int:
    """Note that many proofs are missing; how many notes are kept."""
    missing = {claim_id(number): "proof_missing" for number in range(20 * MANY)}
    home.logs.book.keep(Findings(INSURER, NOW, NOW, missing=missing))
    return len(home.logs.book.proofs()) // 20


@pytest.mark.parametrize("take", [take_events, note_proofs])
def test_what_insurers_say_is_kept_on_a_full_medium(
    small_medium: Callable[[int], Path], take: Callable[[OpenHome], int]
) -> None:
    """Events, and notes about log proofs, use the reserve as receipts do; a new claim is refused all the same."""
    with on_a_full_medium(small_medium(MEDIUM)) as home:
        assert take(home) == MANY
        assert home.store.reserve.spent
        assert refused(home, 1000)


def test_a_full_medium_can_be_started_on_and_cancelled_on(small_medium: Callable[[int], Path]) -> None:
    """A home that was closed has to make its log again: it starts thanks to the reserve, and a claim is withdrawn."""
    folder = small_medium(MEDIUM)
    with create_home(folder / "home", open_file_secret) as home:
        home.outbox.enqueue(entry(1))
    fill(folder)
    with open_home(folder / "home", open_file_secret) as home:
        home.outbox.void(claim_id(1), "cancelled", home.signer, NOW)
        assert home.outbox.get(claim_id(1)).state == "cancelled"
        assert refused(home, 2)
        (folder / "filler").unlink()
        assert home.store.reserve.restore()
        assert all(line.ok for line in home.check())


@pytest.mark.parametrize("pages", range(0, 24, 2))
def test_a_withdrawal_that_stopped_half_way_is_ended(small_medium: Callable[[int], Path], pages: int) -> None:
    """So many pages free that the counterfoil may take the withdrawal and the store not: it is ended, beside it too."""
    folder = small_medium(MEDIUM)
    beside: list[str] = []
    with on_a_full_medium(folder) as home:
        os.truncate(folder / "filler", (folder / "filler").stat().st_size - 4096 * pages)
        for number in range(30):
            home.outbox.void(claim_id(number), "cancelled", home.signer, NOW, lambda _: beside.append("written"))
        assert len(home.outbox.rows({"cancelled"})) == 30
        assert len(beside) >= 30
        assert all(line.ok for line in home.check())


def test_a_reserve_is_really_allocated_and_seen_by_all(tmp_path: Path) -> None:
    """Made, given up once, seen as spent by another object, made again."""
    one, other = Reserve(tmp_path), Reserve(tmp_path)
    assert (one.kept, one.spent, one.release()) == (False, False, False)
    one.make()
    assert (tmp_path / "reserve").stat().st_blocks * 512 >= SIZE
    assert one.release()
    assert other.spent
    assert not other.release()
    assert other.restore()
    assert not one.spent


def test_there_must_be_room_for_it_twice(small_medium: Callable[[int], Path]) -> None:
    """Given up on a medium that has room for it once only, it stays so; no part of it is taken."""
    folder = small_medium(SIZE // 1024 + 1024)
    reserve = Reserve(folder)
    reserve.make()
    assert reserve.release()
    assert not reserve.restore()
    assert (folder / "reserve").stat().st_blocks == 0
    with pytest.raises(DiskFull):
        reserve.require()
