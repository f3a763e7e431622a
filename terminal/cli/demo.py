"""`demo`: the whole job on this machine, with invented people.

Rules: everything runs for real (an insurer process over TLS, an enrolled terminal, the sync service, a card emulated
in process or in the real PC/SC service) in a throw-away folder; nothing of the user's own home is read or written.
"""

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from hardware import CardSource
from terminal.bootstrap import enrol_with, open_desk, prepare_home
from terminal.cli.demo_cards import DemoCards, changing_cards, demo_cards
from terminal.cli.demo_hostile import named, play_hostile
from terminal.cli.demo_insurers import DemoInsurer, demo_insurers
from terminal.cli.demo_play import Stage, play_headless
from terminal.cli.demo_service import run_service
from terminal.cli.office import Office
from terminal.cli.output import Answer
from terminal.config import Config
from terminal.i18n import text
from terminal.vault import Account
from terminal.workflow.access import log_in
from terminal.workflow.counter import Counter
from terminal.workflow.desk import Desk

USER, PIN = "camille", "2468"
SHOP = "991000019"
GRACE_ON_SCREEN = 15


def play(arguments: argparse.Namespace) -> Answer:
    """Play the job: on screen, with `--headless` one line a step, with `--hostile` one line an insurer that lies."""
    hostile = named(arguments.hostile)
    with _folder(arguments.keep) as folder, ExitStack() as stack:
        cards = stack.enter_context(demo_cards(arguments.reader))
        insurers = demo_insurers(folder)
        for insurer in insurers:
            stack.callback(insurer.stop)
        headless = arguments.headless or bool(hostile)
        grace = 0 if headless else GRACE_ON_SCREEN
        desk = stack.enter_context(_terminal(folder, cards.source, insurers, grace))
        stage = Stage(desk, cards, insurers, arguments)
        if headless:
            return play_hostile(stage, hostile) if hostile else play_headless(stage)
        return _on_screen(desk, cards)


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    folder = Path(tempfile.mkdtemp(prefix="comptoir-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _terminal(folder: Path, cards: CardSource, insurers: tuple[DemoInsurer, ...], grace: int) -> Iterator[Desk]:
    """A new terminal with one account, enrolled with every insurer, and somebody logged in."""
    home = folder / "home"
    prepare_home(home, Config(shop_am_id=SHOP, shop_name="Optique Exemple", grace_seconds=grace))
    with open_desk(home, cards) as desk:
        desk.vault.accounts.add(Account(USER, "Camille D."), PIN, None)
        log_in(desk, USER, PIN)
        for insurer in insurers:
            enrol_with(desk, *insurer.invite(SHOP))
        yield desk


def _on_screen(desk: Desk, cards: DemoCards) -> Answer:
    """The counter with a card in the reader; the lock screen tells the PIN, because nobody can guess it."""
    from terminal.tui import run
    from terminal.tui.opening import Opened

    counter = Counter(desk)
    counter.lock()
    with run_service(desk.home.path), changing_cards(cards, lambda: sum(desk.home.outbox.summary().states.values())):
        hint = text("cli.demo.hint", pin=PIN)
        opened = Opened(counter, Office(desk))
        status = run(lambda: opened, reader=cards.reader, theme="sombre", hint=hint)
    return Answer({"status": status}, status=status)
