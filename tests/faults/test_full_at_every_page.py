"""Ten claims on a medium that becomes full at each page of them, then is freed: nothing acknowledged is lost."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sync.crypto import SigningKey
from sync.errors import DiskFull
from sync.queue import Outbox
from terminal.i18n import error_text
from tests.faults.enqueue_worker import open_queue
from tests.unit.sync.queue.envelopes import claim_id, entry

PAGE = 4096
MOST = 400
CLAIMS = range(1, 11)
SIGNER = SigningKey.generate()


def leave(folder: Path, pages: int) -> None:
    """Fill the medium so that so many pages are free."""
    room = os.statvfs(folder)
    filler = (room.f_bavail - pages) * room.f_frsize
    (folder / "filler").write_bytes(bytes(filler))


def is_told(outbox: Outbox, number: int) -> bool:
    """Register a claim; False when the medium is full, which is the only refusal there may be."""
    try:
        outbox.enqueue(entry(number))
    except DiskFull:
        return False
    return True


def told_while_full(folder: Path) -> set[int]:
    """The claims that were acknowledged; opening the queue may be refused too."""
    try:
        store, counterfoil, outbox = open_queue(folder)
    except DiskFull:
        return set()
    told = {number for number in CLAIMS if is_told(outbox, number)}
    assert {claim_id(number) for number in told} <= {row.claim_id for row in outbox.rows()}
    store.close()
    counterfoil.close()
    return told


def work_on(folder: Path, told: set[int]) -> dict[str, str]:
    """There is room again: start, register the others, and let every check run; state by claim."""
    store, counterfoil, outbox = open_queue(folder)
    known = {row.claim_id for row in outbox.rows()}
    for number in CLAIMS:
        if claim_id(number) not in known:
            outbox.enqueue(entry(number))
    assert all(line.ok for line in store.check() + outbox.check(SIGNER.public))
    states = {row.claim_id: row.state for row in outbox.rows()}
    store.close()
    counterfoil.close()
    assert all(states[claim_id(number)] == "queued" for number in told)
    return states


def test_full_at_each_page_of_ten_claims(small_medium: Callable[[int], Path], tmp_path: Path) -> None:
    """From no free page up to as many as ten claims need: all ten are there in the end, those told queued."""
    begun = tmp_path / "begun"
    begun.mkdir()
    store, counterfoil, outbox = open_queue(begun)
    outbox.enqueue(entry(0))
    store.close()
    counterfoil.close()
    medium = small_medium(2048)
    outcomes = set()
    for pages in range(MOST):
        folder = medium / str(pages)
        shutil.copytree(begun, folder)
        leave(folder, pages)
        told = told_while_full(folder)
        outcomes.add(len(told))
        (folder / "filler").unlink()
        assert work_on(folder, told).keys() == {claim_id(number) for number in range(11)}
        shutil.rmtree(folder)
        if len(told) == len(CLAIMS):
            break
    assert {0, 10} <= outcomes
    assert len(outcomes) >= 5, "the medium was not full in the middle of the ten"


def test_the_message_says_what_to_do() -> None:
    """The French sentence for a full medium says that nothing was registered, and what frees it."""
    said = " ".join(error_text("disk_full", {}))
    assert "n'est pas enregistrée" in said
    assert "Libérez" in said


@pytest.mark.parametrize("pages", [0, 3])
def test_a_claim_told_too_early_would_be_missed(small_medium: Callable[[int], Path], pages: int) -> None:
    """The mutant that says a claim is registered before it is: the comparison above finds that it is not there."""
    folder = small_medium(1024) / "queue"
    folder.mkdir()
    store, counterfoil, outbox = open_queue(folder)
    leave(folder, pages)
    said = [number for number in CLAIMS if not is_told(outbox, number)]
    assert said
    assert not {claim_id(number) for number in said} & {row.claim_id for row in outbox.rows()}
    store.close()
    counterfoil.close()
