"""A real shop for any test: insurers that serve over TLS, and terminals enrolled with them.

Rules: the insurers are processes of the reference receiver, started once for the whole run, one of each code level;
the acts of their operators run here, because each would cost a second of start as a process of its own; every
terminal is new, in a folder of its own, with one account; people and NIRs are the emulator's invented ones.
"""

import contextlib
import io
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hardware.emulator import EmulatedSource
from sync.crypto.stretching import Argon2Cost
from sync.receiver.cli import main
from terminal.bootstrap import enrol_with, open_desk, prepare_home
from terminal.cli.demo_insurers import DemoInsurer, demo_insurers
from terminal.cli.demo_service import ServiceFailed
from terminal.config import Config
from terminal.vault import Account
from terminal.workflow.counter import Counter
from terminal.workflow.desk import Desk
from terminal.workflow.models import FRAME_A, LENS_A
from terminal.workflow.types import Draft, DraftLine, Person

SHOP = "991000019"
CHEAP = Argon2Cost(memory_kib=64, passes=1, lanes=1)
"""What a PIN costs in a test: the real cost would make a run hours long."""
USER, PIN = "camille", "2468"


def run_command(*arguments: str) -> dict[str, Any]:
    """The JSON object that a command of `comptoir-insurer` prints; ServiceFailed when it does not succeed."""
    printed, complaint = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(complaint):
        status = main([*arguments, "--json"])
    if status:
        raise ServiceFailed(complaint.getvalue().strip(), command=arguments[0], status=status)
    found: dict[str, Any] = json.loads(printed.getvalue())
    return found


class NearInsurer(DemoInsurer):
    """A demonstration's insurer whose operator acts in this process; its intake is a process as ever."""

    def ask(self, command: str, *arguments: str) -> dict[str, Any]:
        """One command of its command line, as JSON."""
        return run_command(command, "--dir", str(self.folder), *arguments)


@dataclass(frozen=True)
class Shop:
    """A terminal with somebody logged in, and its readers."""

    home: Path
    desk: Desk
    counter: Counter
    cards: EmulatedSource

    def person(self, profile: str = "simple", rank: int = 1) -> Person:
        """Somebody read from an emulated card."""
        self.cards.insert(profile)
        try:
            return self.counter.read_card(self.cards.readers()[0])[rank - 1]
        finally:
            self.cards.remove()

    def draft(self, person: Person | None = None, insurer: int = 0) -> Draft:
        """A class A claim of 95.00: frame 30.00 and two lenses of 32.50, at the insurer of that place."""
        choice = self.counter.insurers()[insurer]
        lines = (
            DraftLine("frame", None, FRAME_A, 3000),
            DraftLine("lens", "right", LENS_A, 3250),
            DraftLine("lens", "left", LENS_A, 3250),
        )
        prescribed = self.counter.today() - timedelta(days=9)
        contract = choice.contracts[0].id
        return Draft(person or self.person(), prescribed, 60, lines, choice.amc, contract)


@pytest.fixture(scope="session")
def insurers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DemoInsurer, ...]]:
    """Two insurers that serve, one of each code level."""
    with ExitStack() as stack:
        started = demo_insurers(tmp_path_factory.mktemp("insurers"), NearInsurer)
        for insurer in started:
            stack.callback(insurer.stop)
        yield started


OpenShop = Callable[..., Shop]


@contextmanager
def opened_shop(home: Path, insurers: Iterable[DemoInsurer], cards: EmulatedSource, grace: int = 0) -> Iterator[Shop]:
    """A new terminal in `home`, enrolled with these insurers and with somebody logged in; see `open_shop`."""
    prepare_home(home, Config(shop_am_id=SHOP, shop_name="Optique Exemple", grace_seconds=grace))
    with open_desk(home, cards, lambda: CHEAP) as desk:
        desk.vault.accounts.add(Account(USER, "Camille D."), PIN, None)
        desk.vault.unlock(USER, PIN)
        for insurer in insurers:
            enrol_with(desk, *insurer.invite(SHOP))
        yield Shop(home, desk, Counter(desk), cards)


@pytest.fixture
def open_shop(tmp_path: Path, insurers: tuple[DemoInsurer, ...]) -> Iterator[OpenShop]:
    """Make a new terminal, enrolled with these insurers; `grace` seconds before a claim may leave."""
    with ExitStack() as stack:

        def make(grace: int = 0, *, with_insurers: tuple[DemoInsurer, ...] = insurers, name: str = "home") -> Shop:
            return stack.enter_context(opened_shop(tmp_path / name, with_insurers, EmulatedSource(), grace))

        yield make


@pytest.fixture
def shop(open_shop: OpenShop) -> Shop:
    """A terminal whose claims may leave at once."""
    return open_shop()
