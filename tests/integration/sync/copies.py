"""Copies of a terminal's home: an old one put back, and two that are used at once."""

import shutil
from pathlib import Path

from hardware.keystore import open_file_secret
from sync.home import open_home
from tests.integration.sync.world import Terminal, now


def copy_of(terminal: Terminal, folder: Path) -> Path:
    """The medium of a terminal as it is now, copied file by file while nothing writes."""
    return Path(shutil.copytree(terminal.home.path, folder))


def opened(folder: Path, first: Terminal) -> Terminal:
    """A terminal on a copied home, with the shop's key of the first."""
    home = open_home(folder, open_file_secret)
    home.outbox.reconcile()
    return Terminal(home, first.shop)


def agree(terminal: Terminal) -> tuple[str, ...]:
    """The act of the person who put the other copy away."""
    return terminal.home.outbox.chains.allow()


def is_whole(terminal: Terminal) -> bool:
    """All checks of the home hold."""
    return all(line.ok for line in terminal.home.check())


def stopped(terminal: Terminal) -> dict[str, str]:
    """The insurers in réconciliation, and why."""
    return {one.insurer: one.reason for one in terminal.home.outbox.chains.reconciling()}


def stop_all(terminal: Terminal, reason: str) -> None:
    """As a restore leaves a terminal: every insurer has to confirm first."""
    terminal.home.outbox.chains.stop([one.amc for one in terminal.home.insurers.all()], reason, now(), allowed=True)
