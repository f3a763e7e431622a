"""A real receiver behind a line that fails at any byte: every claim arrives once, and none counts before its receipt.

The whole (each byte of both directions; 2,000 claims) runs with COMPTOIR_EVERY_BYTE=1, a part of it by default.
"""

import os
import random
import sys
from collections.abc import Iterator

import pytest

from sync.client import channel
from sync.receipts import verify_receipt
from sync.trust import trusted_keys
from tests.faults.line.proxy import ByteProxy, Fault, What, byte_proxy
from tests.integration.sync.world import Insurer, Terminal
from tests.unit.sync.receiver.visitor import AMC

WHOLE = bool(os.environ.get("COMPTOIR_EVERY_BYTE"))
STRIDE = 1 if WHOLE else 293
CLAIMS = 2_000 if WHOLE else 60
SEED = int(os.environ.get("COMPTOIR_SEED", "20261122"))
PATIENCE = 0.6
KINDS: tuple[What, ...] = ("cut", "stall", "swallow", "repeat", "replay")


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
def insurer(proxy: ByteProxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Insurer]:
    """A real receiver behind it."""
    folder = tmp_path_factory.mktemp("behind") / "insurer"
    made = Behind.make(folder, AMC, options=("--endpoint", proxy.endpoint))
    made.through = proxy.endpoint
    proxy.target = made.start().port
    yield made
    made.close()


@pytest.fixture
def shop(enrolled: Terminal, proxy: ByteProxy, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal that gives an exchange up soon; the line is whole so far."""
    monkeypatch.setattr(channel, "ANSWER_SECONDS", PATIENCE)
    proxy.fault = None
    return enrolled


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


def exchange(terminal: Terminal, proxy: ByteProxy) -> dict[str, int]:
    """The bytes of one whole exchange: handshake, state, one claim."""
    terminal.confirmed.clear()
    terminal.register(AMC)
    assert terminal.drain().acknowledged == 1
    return {way: proxy.bytes[way] for way in ("up", "down")}


@pytest.mark.parametrize("way", ["up", "down"])
def test_a_cut_at_any_byte_loses_and_doubles_nothing(
    shop: Terminal, insurer: Insurer, proxy: ByteProxy, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """At each byte of an exchange the line is cut: no state without proof, and the same claim arrives once after."""
    total = exchange(shop, proxy)[way]
    places = range(0, total, STRIDE)
    for place in places:
        shop.confirmed.clear()
        ids = shop.register(AMC)
        proxy.fault = Fault("cut", "up" if way == "up" else "down", place)
        shop.drain()
        only_on_proof(shop, ids)
        arrives(shop, proxy, ids)
    count = all_once(shop, insurer)
    with capsys.disabled():
        sys.stdout.write(f"\nbyte proxy: cut {way} at {len(places)} of {total} bytes; {count} claims, each once\n")
    assert count == len(places) + 1


def test_claims_through_a_line_that_fails_in_every_way(
    shop: Terminal, insurer: Insurer, proxy: ByteProxy, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cuts, stalls, repeated and swallowed bytes, replayed connections at drawn places, claims in drawn batches."""
    rng, tries = random.Random(SEED), 0
    ids: list[str] = []
    while len(ids) < CLAIMS:
        ids += shop.register(AMC, min(rng.choice((1, 2, 5, 9)), CLAIMS - len(ids)))
        kind = rng.choices(KINDS, (6, 2, 1, 2, 2))[0]
        proxy.fault = Fault(kind, rng.choice(("up", "down")), rng.randrange(20_000))
        shop.home.outbox.hurry()
        shop.drain()
        tries += 1
        only_on_proof(shop, ids[-20:])
    arrives(shop, proxy, ids)
    count = all_once(shop, insurer)
    with capsys.disabled():
        sys.stdout.write(f"\nbyte proxy: {count} claims in {tries} faulty passes, each once; seed {SEED}\n")
    assert count == CLAIMS
