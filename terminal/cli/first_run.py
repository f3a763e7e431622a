"""The first start of a terminal: what is missing, and making it.

Rules: the same acts as `init`, `user add` and `key recovery`; a small file in the home (`first-run`) says, from before
the account until after the recovery code, that an installation is under way: without it a terminal that has no
recovery code is one whose owner wants none, with it one that was cut short.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from hardware import CardSource, ReaderMissing
from sync.crypto.keyslots import slots
from sync.durable import flush_folder, medium_errors, replace_file
from sync.errors import SyncError
from sync.home import home_lock, may_begin
from sync.marker import MARKER
from terminal.bootstrap import open_desk, prepare_home
from terminal.config import FILE_NAME, Config, read_config, write_config
from terminal.domain.roles import Role
from terminal.i18n import text
from terminal.outside import KEYSLOTS, UNDER_WAY
from terminal.vault import Account
from terminal.workflow.access import log_in
from terminal.workflow.first_run import Begun, Paper, Plan, Stage, account_id, plugged_printers
from terminal.workflow.identify import read_people
from terminal.workflow.keys import keep_recovery_code
from terminal.workflow.people import create_person

if TYPE_CHECKING:
    from terminal.vault.accounts import Cost

Step = Callable[[str], None]


class FirstRun:
    """The first start of the terminal in `home` (see `SetupPort` for what each act promises)."""

    def __init__(self, home: Path, cards: CardSource, pin_cost: "Cost | None" = None) -> None:
        self._home = home
        self._cards = cards
        self._pin_cost = pin_cost

    def begun(self) -> Begun:
        """How far the installation is, and what is durable of it."""
        stage = stage_of(self._home)
        if stage is Stage.SHOP:
            return Begun(stage)
        name = read_config(self._home).shop_name
        if stage is not Stage.PAPER:
            return Begun(stage, name)
        with open_desk(self._home, self._cards) as desk:
            return Begun(stage, name, desk.vault.accounts.all()[0].name)

    def printers(self) -> tuple[str, ...]:
        """The printers that are plugged in."""
        return plugged_printers()

    def try_printer(self, address: str) -> None:
        """Print the trial ticket."""
        from hardware.printer import PrinterAddress, accents_ticket, compose, send

        send(PrinterAddress.parse(address), compose(accents_ticket(text("setup.trial_ticket"))))

    def read_card(self) -> int:
        """How many people the card in the first reader that has one covers."""
        readers = self._cards.readers()
        if not readers:
            raise ReaderMissing("no reader is plugged in")
        return len(read_people(self._cards, readers[0]))

    def make(self, plan: Plan, paper: Paper, step: Step = lambda _name: None) -> None:
        """Home and settings, account, recovery code: each durable before the next."""
        if stage_of(self._home) is Stage.SHOP:
            self._prepare(plan, step)
        elif plan.printer:
            write_config(self._home, msgspec.structs.replace(read_config(self._home), printer=plan.printer))
        with home_lock(self._home, "counter"), open_desk(self._home, self._cards, self._pin_cost) as desk:
            if not desk.vault.accounts.all():
                replace_file(self._home / UNDER_WAY, b"")
                step("under_way")
                person = Account(account_id(plan.person), plan.person, Role.RESPONSIBLE)
                create_person(desk, person, plan.pin)
                step("person")
            log_in(desk, desk.vault.accounts.all()[0].id, plan.pin)
            try:
                keep_recovery_code(desk, paper.code, paper.code.grouped())
            finally:
                desk.vault.lock()
            step("paper")
        _end(self._home)
        step("done")

    def _prepare(self, plan: Plan, step: Step) -> None:
        config = Config(shop_am_id=plan.shop_am_id, shop_name=plan.shop_name, printer=plan.printer)
        prepare_home(self._home, config)
        step("home")


def stage_of(home: Path) -> Stage:
    """What the terminal in `home` lacks; DONE also for a folder that is not ours to begin in: opening it says why."""
    if not (home / MARKER).exists():
        return Stage.SHOP if may_begin(home) else Stage.DONE
    if not (home / FILE_NAME).exists():
        return Stage.SHOP
    stage = _stage_of_keys(home)
    if stage is Stage.DONE and (home / UNDER_WAY).exists():
        _end(home)
    return stage


def _stage_of_keys(home: Path) -> Stage:
    try:
        kinds = {slot.kind for slot in slots(home / KEYSLOTS)}
    except SyncError:
        return Stage.DONE
    if "pin" not in kinds:
        return Stage.PERSON
    return Stage.PAPER if (home / UNDER_WAY).exists() and "recovery" not in kinds else Stage.DONE


def _end(home: Path) -> None:
    with medium_errors():
        (home / UNDER_WAY).unlink(missing_ok=True)
        flush_folder(home)
