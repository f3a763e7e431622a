"""A real shop and a real insurer, each in a network of its own, with a bad line between them and the kernel's TCP.

Rules: the cable is out when the first claims are registered, and put in under the profile's weather; a whole profile
lets it go dark once more. What the terminal says is judged all along (`honest`). COMPTOIR_BAD_LINES=1 (`make lines`)
runs the four profiles with fifty claims each; a part of one by default. COMPTOIR_SEED draws the packets anew.
"""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from hardware.emulator import EmulatedSource
from terminal.bootstrap import enrol_with, open_desk, prepare_home
from terminal.cli.demo_insurers import TERMS
from terminal.config import Config
from terminal.vault import Account
from terminal.workflow.counter import Counter
from tests.faults.line.air import DARK, Line, Weather, bad_line
from tests.faults.line.namespaces import FAR, why_none
from tests.integration.sync.honest import OFFLINE, ONLINE, Watch
from tests.integration.sync.world import Insurer
from tests.shop_fixture import CHEAP, PIN, SHOP, USER, Shop

MISSING = why_none()
pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)

WHOLE = bool(os.environ.get("COMPTOIR_BAD_LINES"))
SEED = int(os.environ.get("COMPTOIR_SEED", "20261122"))
AMC, PORT = "99000001", 8443
PROFILES = {
    "loss": Weather(loss=0.2, doubled=0.05, delay=0.02, jitter=0.015),
    "narrow": Weather(delay=0.02, rate=64_000, queue=50),
    "far": Weather(delay=1.5),
    "all": Weather(loss=0.05, doubled=0.05, delay=1.5, jitter=0.1, rate=64_000, queue=50),
}
CLAIMS, BURST = (50, 10) if WHOLE else (12, 4)
PATIENCE = 1200.0 if WHOLE else 240.0
LOOK_SECONDS = 0.5 if WHOLE else 0.25


@pytest.fixture
def line() -> Iterator[Line]:
    """Two networks and a calm line."""
    with bad_line(SEED) as made:
        yield made


@pytest.fixture
def insurer(line: Line, tmp_path: Path) -> Iterator[Insurer]:
    """An insurer that serves in the far network."""
    terms = tmp_path / "terms.json"
    terms.write_text(json.dumps(TERMS), encoding="utf-8")
    endpoint = f"https://{FAR}:{PORT}"
    made = Insurer.make(tmp_path / "insurer", AMC, options=("--endpoint", endpoint, "--terms", str(terms)))
    made.port, made.reached_at = PORT, endpoint
    line.far.run(lambda: made.start("--host", FAR))
    yield made
    made.stop(kill=True)  # its connections may be waiting for packets that are lost
    made.close()


@pytest.fixture
def shop(line: Line, insurer: Insurer, tmp_path: Path) -> Iterator[Shop]:
    """A terminal in the near network, enrolled, with somebody logged in."""
    home, cards = tmp_path / "home", EmulatedSource()
    prepare_home(home, Config(shop_am_id=SHOP, shop_name="Optique Exemple", grace_seconds=0))
    with open_desk(home, cards, lambda: CHEAP) as desk:
        desk.vault.accounts.add(Account(USER, "Camille D."), PIN, None)
        desk.vault.unlock(USER, PIN)
        invited = insurer.invite(SHOP)
        letter, entry = invited["letter"], json.dumps(invited["directory"]).encode()
        line.near.run(lambda: enrol_with(desk, entry, letter["invitation"], letter["activation_code"]))
        yield Shop(home, desk, Counter(desk), cards)


@pytest.fixture
def watch(line: Line, shop: Shop, insurer: Insurer, capsys: pytest.CaptureFixture[str]) -> Iterator[Watch]:
    """The terminal's service, sending from the near network, and whoever watches what is said."""
    with serving(line, shop.home, shop.home.with_suffix(".log")) as log:
        made = Watch(shop.desk.home, shop.counter, insurer.folder / "intake" / "intake.db", log)
        yield made
    with capsys.disabled():
        sys.stdout.write(f"\nbad line ({line.kind}, seed {SEED}): {made.report()}\n")


@contextmanager
def serving(line: Line, home: Path, log: Path) -> Iterator[Path]:
    """The service of a home in the near network; its log."""
    command = [sys.executable, "-W", "error", "-m", "sync.daemon", "--home", str(home)]
    with log.open("w", encoding="utf-8") as written:
        process = line.near.run(lambda: subprocess.Popen(command, stderr=written))
        try:
            yield log
        finally:
            process.terminate()
            process.wait(timeout=180)


def register(shop: Shop, watch: Watch, count: int) -> list[str]:
    """So many claims at the counter, what is said looked at after each."""
    person = shop.person()
    ids = []
    for _ in range(count):
        ids.append(shop.counter.submit(shop.draft(person)).claim_id)
        watch.look()
    return ids


def look_until(watch: Watch, word: str) -> None:
    """Look until the last sample said this word."""
    before = watch.words[word]
    ends = time.monotonic() + PATIENCE
    while watch.words[word] == before:
        assert time.monotonic() < ends, (word, watch.words)
        time.sleep(LOOK_SECONDS)
        watch.look()


def look_until_all_arrived(watch: Watch, count: int) -> None:
    """Look until the insurer has them, and the terminal says so."""
    ends = time.monotonic() + PATIENCE
    while (now := watch.look()).waiting:
        assert time.monotonic() < ends, now
        time.sleep(LOOK_SECONDS)
    assert (now.acknowledged, now.held) == (count, count)


@pytest.mark.parametrize("name", list(PROFILES) if WHOLE else ["loss"])
def test_all_claims_arrive_and_what_is_said_is_so(
    line: Line, shop: Shop, watch: Watch, insurer: Insurer, name: str
) -> None:
    """Through this line every claim arrives once, and number, state and line are never said otherwise than they are."""
    line.near.plug(plugged=False)
    ids = register(shop, watch, BURST)
    look_until(watch, OFFLINE)
    assert watch.words[ONLINE] == 0
    line.near.plug(plugged=True)
    line.turn(PROFILES[name])
    look_until(watch, ONLINE)
    ids += register(shop, watch, BURST)
    if WHOLE:
        line.turn(DARK)
        ids += register(shop, watch, BURST)
        look_until(watch, OFFLINE)
        line.turn(PROFILES[name])
    while len(ids) < CLAIMS:
        look_until(watch, ONLINE)
        ids += register(shop, watch, BURST)
    look_until_all_arrived(watch, CLAIMS)
    assert sorted(claim["claim_id"] for claim in insurer.claims()) == sorted(ids)


def test_the_line_is_as_bad_as_it_is_made(line: Line) -> None:
    """Of two hundred packets some are lost, none is early, and without rate and loss all of them are there again."""
    assert echoed(line, 200)[0] == 200
    line.turn(Weather(loss=0.2, delay=0.05))
    there, soonest = echoed(line, 200)
    assert 60 < there < 190
    assert soonest >= 0.1


def echoed(line: Line, count: int) -> tuple[int, float]:
    """How many datagrams of the near network came back from the far one, and after how many seconds the first."""
    far, near = (end.run(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for end in (line.far, line.near))
    with far, near:
        far.bind((FAR, 0))
        began = time.monotonic()
        for _ in range(count):
            near.sendto(b"x" * 32, far.getsockname())
        for said, sender, _ in arriving(far, count):
            far.sendto(said, sender)
        back = [at for _, _, at in arriving(near, count)]
    return len(back), min(back) - began


def arriving(there: socket.socket, count: int) -> Iterator[tuple[bytes, tuple[str, int], float]]:
    """At most so many datagrams with sender and instant, until none has come for a second."""
    there.settimeout(1.0)
    with suppress(TimeoutError):
        for _ in range(count):
            said, sender = there.recvfrom(64)
            yield said, sender, time.monotonic()
