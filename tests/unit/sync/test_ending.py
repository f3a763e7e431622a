"""The end of a home: refused while a claim would be lost; cut anywhere, the home is whole or no key is left."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hardware.keystore import open_file_secret
from sync.contract.envelope import GENESIS
from sync.ending import (
    BEGUN,
    STATEMENT_TYP,
    Head,
    end_home,
    erase_home,
    is_keyless,
    require_nothing_lost,
    statement,
)
from sync.errors import ClaimsUnreceived, ClaimsUnsent, HeadDiffers, HomeInUse, ResetRefused, SyncError
from sync.home import OpenHome, create_home, home_lock, open_home
from tests.unit.sync.queue.envelopes import INSURER as AMC
from tests.unit.sync.queue.envelopes import entry

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[OpenHome]:
    """A home without claims."""
    with create_home(tmp_path / "home", open_file_secret) as made:
        yield made


def leave(home: OpenHome, *claims: str) -> Head:
    """Number these claims, as if they had been sent and no receipt had come; the chain's head."""
    home.outbox.dispatch(AMC, claims, home.signer, NOW)
    return Head(*home.outbox.chains.heads()[AMC])


def test_a_claim_that_never_left_is_never_given_up(home: OpenHome) -> None:
    """No letter can cover it: the insurer has never seen it."""
    home.outbox.enqueue(entry(1))
    for heads in ({}, {AMC: Head(0, GENESIS)}):
        with pytest.raises(ClaimsUnsent) as refused:
            require_nothing_lost(home, heads)
        assert refused.value.facts == {"insurer": AMC, "claims": 1}


def test_a_claim_without_receipt_needs_the_insurers_word(home: OpenHome) -> None:
    """Number and digest of the last dispatch, both; another word is refused even where nothing is missing."""
    first = entry(1)
    home.outbox.enqueue(first)
    head = leave(home, first.claim_id)
    with pytest.raises(ClaimsUnreceived):
        require_nothing_lost(home, {})
    for wrong in (Head(head.seq, "0" * 64), Head(head.seq + 1, head.digest), Head(0, GENESIS)):
        with pytest.raises(HeadDiffers):
            require_nothing_lost(home, {AMC: wrong})
    require_nothing_lost(home, {AMC: head})
    with pytest.raises(HeadDiffers):
        require_nothing_lost(home, {AMC: head, "99000009": Head(4, "a" * 64)})


def test_a_blocked_claim_and_a_stopped_chain_count_as_missing(home: OpenHome) -> None:
    """What waits for a person is not with the insurer, nor is anything sure of a chain in réconciliation."""
    home.outbox.chains.stop([AMC], "restored", NOW)
    with pytest.raises(ClaimsUnreceived):
        require_nothing_lost(home, {})
    require_nothing_lost(home, {AMC: Head(0, GENESIS)})
    first = entry(1)
    home.outbox.enqueue(first)
    home.outbox.block(first.claim_id, "recovered", NOW)
    with pytest.raises(ClaimsUnsent):
        require_nothing_lost(home, {AMC: Head(0, GENESIS)})


def test_nobody_else_is_at_work_and_a_refusal_changes_nothing(home: OpenHome) -> None:
    """The service's lock, then an unsent claim: the home opens as before, and nothing was told."""
    told: list[str] = []
    with home_lock(home.path, "sync"), pytest.raises(HomeInUse):
        end_home(home, {}, told.append)
    home.outbox.enqueue(entry(1))
    with pytest.raises(ResetRefused):
        end_home(home, {}, told.append)
    assert told == []
    assert not (home.path / BEGUN).exists()
    with open_home(home.path) as again:
        assert again.outbox.summary().waiting == 1


def test_an_end_leaves_an_empty_folder_and_a_statement_that_the_key_signed(home: OpenHome) -> None:
    """Counts and chains, of nobody; the receipt is there before the first file goes."""
    first = entry(1)
    home.outbox.enqueue(first)
    head, verifier = leave(home, first.claim_id), home.signer.public
    told = statement(home, NOW)
    order: list[str] = []
    end_home(home, {AMC: head}, order.append, order.append)
    assert order[:3] == ["accepted", "begun", "keyslots.json"]
    assert not any(home.path.iterdir())
    signed = json.loads(verifier.verify(STATEMENT_TYP, told.pop("signed")))
    assert signed == told
    assert signed["chains"] == {AMC: {"seq": 1, "head": head.digest}}
    assert signed["claims"] == {"sending": 1}


class _Cut(Exception):
    """The power goes."""


def test_cut_at_each_step_it_is_whole_or_keyless_and_then_ends(home: OpenHome, tmp_path: Path) -> None:
    """Whole only before the wrapped keys went; from then on nothing opens, and a second run needs no judgement."""
    home.outbox.enqueue(entry(1))
    home.close()
    steps: list[str] = []
    copy = tmp_path / "copy"
    shutil.copytree(home.path, copy)
    erase_home(copy, steps.append)
    assert steps[0] == "begun"
    assert steps[-1] == "ended"
    for place in steps[:-1]:
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(home.path, copy)

        def cut(step: str, place: str = place) -> None:
            if step == place:
                raise _Cut

        with pytest.raises(_Cut):
            erase_home(copy, cut)
        whole = place == "begun"
        assert is_keyless(copy) is not whole
        if whole:
            open_home(copy).close()
        else:
            assert not (copy / "keyslots.json").exists()
            with pytest.raises(SyncError):
                open_home(copy)
        erase_home(copy)
        assert not any(copy.iterdir())


def test_keys_are_overwritten_before_they_go(home: OpenHome, tmp_path: Path) -> None:
    """Seen through second names of the files: zeros."""
    names = ("keyslots.json", "device.secret")
    for name in names:
        (tmp_path / name).hardlink_to(home.path / name)
    erase_home(home.path)
    assert [set((tmp_path / name).read_bytes()) for name in names] == [{0}, {0}]
