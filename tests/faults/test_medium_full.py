"""A full medium: nothing is acknowledged that is not kept, nothing kept is lost, work goes on when there is room."""

import errno
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from sync.crypto import SigningKey
from sync.errors import DiskFull, MediumFailed, StoreError
from sync.queue import Counterfoil, Frame, Outbox
from sync.queue.blocks import encode_block
from tests.faults.enqueue_worker import open_queue
from tests.unit.sync.queue.envelopes import claim_id, entry

SIGNER = SigningKey.generate()
RESERVE = 200 * 1024


def states(outbox: Outbox) -> dict[str, str]:
    """State by claim."""
    return {row.claim_id: row.state for row in outbox.rows()}


def fill(outbox: Outbox) -> int:
    """Register until the medium is full; how many were acknowledged."""
    for number in range(10_000):
        try:
            outbox.enqueue(entry(number))
        except DiskFull:
            return number
    pytest.fail("the medium never became full")


@pytest.mark.parametrize("size", range(460, 560, 4))
def test_a_full_medium_loses_nothing(small_medium: Callable[[int], Path], size: int) -> None:
    """Media of 25 sizes, so that another write is the first without room: queued is exactly what was acknowledged."""
    folder = small_medium(size)
    (folder / "reserve").write_bytes(bytes(RESERVE))
    store, counterfoil, outbox = open_queue(folder)
    acknowledged = fill(outbox)
    for number in range(1, 4):
        with pytest.raises(DiskFull):
            outbox.enqueue(entry(20_000 + number))
    expected = {claim_id(number): "queued" for number in range(acknowledged)}
    assert states(outbox) == expected
    (folder / "reserve").unlink()
    outbox.reconcile()
    recovered = {one: state for one, state in states(outbox).items() if one not in expected}
    assert set(recovered.values()) <= {"blocked"}
    outbox.enqueue(entry(30_000))
    assert states(outbox) == expected | recovered | {claim_id(30_000): "queued"}
    assert all(line.ok for line in store.check() + outbox.check(SIGNER.public))
    store.close()
    counterfoil.close()


@pytest.mark.parametrize("size", range(300, 340, 8))
def test_a_full_medium_survives_a_restart(small_medium: Callable[[int], Path], size: int) -> None:
    """Opened again while it is still full, and after it was freed: all acknowledged claims are there."""
    folder = small_medium(size)
    (folder / "reserve").write_bytes(bytes(50 * 1024))
    store, counterfoil, outbox = open_queue(folder)
    acknowledged = fill(outbox)
    store.close()
    counterfoil.close()
    (folder / "reserve").unlink()
    store, counterfoil, outbox = open_queue(folder)
    kept = states(outbox)
    assert {one for one, state in kept.items() if state == "queued"} == {claim_id(n) for n in range(acknowledged)}
    store.close()
    counterfoil.close()


def test_an_append_without_room_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """Under a limit of the operating system, at every 7th byte of one append: DiskFull, the former bytes, then room."""
    path = tmp_path / "c.log"
    counterfoil = Counterfoil.open(path)
    counterfoil.append([Frame("envelope", claim_id(1), "12345678", 0, b"first")])
    before = path.read_bytes()
    frame = Frame("envelope", claim_id(2), "12345678", 0, b"second" * 10)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for room in range(0, len(encode_block([frame], bytes(32))), 7):
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + room, hard))
        try:
            with pytest.raises(DiskFull):
                counterfoil.append([frame])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert path.read_bytes() == before
    counterfoil.append([frame])
    assert list(counterfoil.frames())[-1] == frame
    counterfoil.close()


def is_refused(outbox: Outbox, number: int, error: type[StoreError]) -> bool:
    """Whether registering a claim is refused with this error."""
    try:
        outbox.enqueue(entry(number))
    except error:
        return True
    return False


class Failing:
    """Stands in for one call of the operating system, and fails at its n-th use."""

    def __init__(self, call: Callable[..., object], at: int, number: int) -> None:
        self._call = call
        self._at = at
        self._number = number
        self.uses = 0

    def __call__(self, *arguments: object) -> object:
        """Call, or fail."""
        self.uses += 1
        if self.uses == self._at:
            raise OSError(self._number, os.strerror(self._number))
        return self._call(*arguments)


@pytest.mark.parametrize("call", ["write", "fdatasync"])
@pytest.mark.parametrize(("number", "error"), [(errno.EIO, MediumFailed), (errno.ENOSPC, DiskFull)])
def test_a_refusal_at_every_step_is_told_and_nothing_else_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, error: type[StoreError]
) -> None:
    """The n-th write or flush of the counterfoil fails, for each n of six claims: that one is refused, the others kept.

    The refusals are planted, because no medium of this machine can be made to fail at one exact call.
    """
    for at in range(1, 7):
        folder = tmp_path / str(at)
        folder.mkdir()
        store, counterfoil, outbox = open_queue(folder)
        with monkeypatch.context() as planted:
            planted.setattr(os, call, Failing(getattr(os, call), at, number))
            refused = [one for one in range(1, 7) if is_refused(outbox, one, error)]
        assert refused == [at]
        assert states(outbox) == {claim_id(one): "queued" for one in range(1, 7) if one != at}
        assert outbox.reconcile().recovered == ()
        assert all(line.ok for line in store.check() + outbox.check(SIGNER.public))
        store.close()
        counterfoil.close()


def test_without_its_undoing_a_refused_append_would_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant that does not restore the length leaves a claim nobody was told of: the check above would fail."""
    store, counterfoil, outbox = open_queue(tmp_path)

    def refuse(*_: object) -> NoReturn:
        raise OSError(errno.EIO, "planted")

    with monkeypatch.context() as planted:
        planted.setattr(os, "fdatasync", refuse)
        planted.setattr(os, "ftruncate", refuse)
        with pytest.raises(MediumFailed):
            outbox.enqueue(entry(1))
    assert outbox.reconcile().recovered == (claim_id(1),)
    store.close()
    counterfoil.close()
