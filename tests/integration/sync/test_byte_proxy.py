"""A real receiver behind a line that fails at any byte: every claim arrives once, and none counts before its receipt.

Rules: the receiver is a process of its own, TLS is real on both sides of the proxy; whatever a fault left behind is
judged before the line is whole again, and then the same claim must arrive. Files are in memory where there is such a
place: flushes prove nothing here. The whole (each byte of both directions; 2,000 claims) runs with
COMPTOIR_EVERY_BYTE=1 (`make lines`), a part of it by default; COMPTOIR_SEED draws the faults anew.
"""

import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.client import channel
from sync.receipts import verify_receipt
from sync.trust import trusted_keys
from tests.faults.line.proxy import ByteProxy, Fault, Way, What, byte_proxy
from tests.integration.sync.world import Insurer, Terminal
from tests.unit.sync.receiver.visitor import AMC

WHOLE = bool(os.environ.get("COMPTOIR_EVERY_BYTE"))
STRIDE = 1 if WHOLE else 293
CLAIMS = 2_000 if WHOLE else 60
SEED = int(os.environ.get("COMPTOIR_SEED", "20261122"))
PATIENCE = 0.6
UNEVEN = 32
"""Bytes by which two exchanges may differ: their signatures are not all of one length."""
IN_MEMORY = Path("/dev/shm")
KINDS: tuple[What, ...] = ("cut", "stall", "swallow", "repeat", "replay")
OFTEN = (6, 2, 1, 2, 2)
SIZES = (1, 2, 3, 9) if WHOLE else (1, 2, 3)
WAYS: tuple[Way, ...] = ("up", "down")


class Behind(Insurer):
    """An insurer whose terminals reach it through a proxy, whose address they sign."""

    through = ""

    @property
    def endpoint(self) -> str:
        """The proxy's origin."""
        return self.through


@pytest.fixture(scope="module")
def proxy() -> Iterator[ByteProxy]:
    """A proxy that leads nowhere yet."""
    with byte_proxy() as made:
        yield made


@pytest.fixture(scope="module")
def room() -> Iterator[Path]:
    """A folder for insurer and homes."""
    with tempfile.TemporaryDirectory(prefix="behind-", dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as made:
        yield Path(made)


@pytest.fixture(scope="module")
def insurer(proxy: ByteProxy, room: Path) -> Iterator[Insurer]:
    """A real receiver behind it."""
    made = Behind.make(room / "insurer", AMC, options=("--endpoint", proxy.endpoint))
    made.through = proxy.endpoint
    proxy.target = made.start().port
    yield made
    made.close()


@pytest.fixture
def shop(insurer: Insurer, proxy: ByteProxy, room: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """A terminal that gives an exchange up soon, enrolled; the line is whole so far."""
    proxy.fault = None
    terminal = Terminal.make(Path(tempfile.mkdtemp(prefix="home-", dir=room)) / "home")
    terminal.enrol(insurer)
    monkeypatch.setattr(channel, "ANSWER_SECONDS", PATIENCE)
    yield terminal
    terminal.home.close()


def only_on_proof(terminal: Terminal, ids: list[str]) -> int:
    """How many of these are acknowledged, each on a receipt that verifies; the others still wait."""
    rows = [terminal.home.outbox.get(one) for one in ids]
    keys, device = trusted_keys(terminal.home.insurers.get(AMC)), terminal.home.signer.kid
    settled = [row for row in rows if row.state == "acknowledged"]
    for row in settled:
        verify_receipt(row, row.receipt or "", keys, device)
    assert all(row.state in ("queued", "sending") and row.receipt is None for row in rows if row not in settled)
    return len(settled)


def arrives(terminal: Terminal, proxy: ByteProxy, ids: list[str]) -> None:
    """The line is whole again: all of these are acknowledged."""
    proxy.fault = None
    for _ in range(3):
        terminal.home.outbox.hurry()
        if not terminal.drain_later().errors:
            break
    assert only_on_proof(terminal, ids) == len(ids)


def all_once(terminal: Terminal, insurer: Insurer) -> int:
    """The insurer has each claim once, by the bytes that were signed, numbered without a gap; how many."""
    stored = [claim for claim in insurer.claims() if claim["device"] == terminal.home.signer.kid]
    assert {claim["claim_id"]: claim["signed_sha256"] for claim in stored} == terminal.signed
    assert len(stored) == len(terminal.signed)
    with terminal.client(AMC) as client:
        state = client.state()
    assert (state.seq, state.missing) == (len(stored), ())
    return len(stored)


def exchange(terminal: Terminal, proxy: ByteProxy) -> dict[Way, int]:
    """The bytes of one whole exchange: handshake, state, one claim, what its log's proof is judged by."""
    terminal.confirmed.clear()
    terminal.register(AMC)
    assert terminal.drain().acknowledged == 1
    return {way: proxy.bytes[way] for way in WAYS}


def said(capsys: pytest.CaptureFixture[str], what: str, began: float) -> None:
    """One line for whoever reads the run, with how long it took."""
    with capsys.disabled():
        sys.stdout.write(f"\nbyte proxy: {what}, {time.monotonic() - began:.0f} s\n")


@pytest.mark.parametrize("way", WAYS)
def test_a_cut_at_any_byte_loses_and_doubles_nothing(
    shop: Terminal, insurer: Insurer, proxy: ByteProxy, way: Way, capsys: pytest.CaptureFixture[str]
) -> None:
    """At each byte of an exchange the line is cut: no state without proof, and the same claim arrives once after.

    A claim that a cut left as it was, without a number, is taken for the next cut.
    """
    began, ids, whole = time.monotonic(), list[str](), list[int]()
    total = [exchange(shop, proxy)[way] for _ in range(2)][-1]
    places = range(0, total, STRIDE)
    for place in places:
        shop.confirmed.clear()
        ids = ids or shop.register(AMC)
        fallen, proxy.fault = proxy.fallen, Fault("cut", way, place)
        shop.drain()
        only_on_proof(shop, ids)
        if proxy.fallen == fallen:
            whole.append(place)
        if shop.home.outbox.get(ids[0]).seq is not None:
            arrives(shop, proxy, ids)
            ids = []
    arrives(shop, proxy, ids)
    count = all_once(shop, insurer)
    said(capsys, f"{len(places) - len(whole)} cuts {way} in {total} bytes; {count} claims, each once", began)
    assert all(place >= total - UNEVEN for place in whole)


def test_claims_through_a_line_that_fails_in_every_way(
    shop: Terminal, insurer: Insurer, proxy: ByteProxy, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cuts, stalls, repeated and swallowed bytes, replayed connections at drawn places, claims in drawn batches."""
    rng, began, fallen = random.Random(SEED), time.monotonic(), Counter[What]()
    ids, deck = list[str](), list[What]()
    least = most = exchange(shop, proxy)
    while len(ids) < CLAIMS:
        ids += shop.register(AMC, min(rng.choice(SIZES), CLAIMS - len(ids)))
        deck = deck or rng.sample(KINDS, sum(OFTEN), counts=OFTEN)
        way = rng.choice(WAYS)
        fault = Fault(deck[-1], way, rng.randrange(rng.choice((least, most))[way]))
        before, proxy.fault = proxy.fallen, fault
        shop.home.outbox.hurry()
        shop.drain()
        if proxy.fallen > before:
            fallen[deck.pop()] += 1
        most = {one: max(most[one], proxy.bytes[one]) for one in WAYS}
        only_on_proof(shop, ids[-20:])
    arrives(shop, proxy, ids)
    count = all_once(shop, insurer)
    told = ", ".join(f"{fallen[kind]} {kind}" for kind in KINDS)
    said(capsys, f"{count} claims through a line that failed ({told}), each once; seed {SEED}", began)
    assert min(fallen[kind] for kind in KINDS) > 0
    assert count == CLAIMS + 1
