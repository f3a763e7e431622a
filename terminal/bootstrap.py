"""The only place that chooses implementations: readers, clock, device secret, line to the insurers.

Rules: everything here is construction; drivers are imported when they are chosen, so that a command that needs no
card loads no PC/SC library and one that needs no network loads no HTTP client.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from hardware import CardSource, Clock, SystemClock, TokenModuleMissing, open_home_clock
from hardware.clock import RELEASE
from sync.contract.activation import ActivationCode, parse_invitation
from sync.contract.enrolment import DirectoryEntry
from sync.insurers import InsurerRecord
from sync.marker import MARKER
from terminal.catalogue import CatalogueInForce, Shelf
from terminal.config import FILE_NAME, Config, read_config, write_config
from terminal.domain.errors import InputInvalid
from terminal.workflow.desk import Desk, Origin

if TYPE_CHECKING:
    from hardware.cps import CpsSession
    from sync.reference import Source
    from terminal.vault.accounts import Cost

BUILD_FLOOR: Final = RELEASE
"""No true clock can be earlier than this release."""


def system_clock() -> Clock:
    """The machine's clock, distrusted when it is before this release."""
    return SystemClock(BUILD_FLOOR)


def home_clock(home: Path, signed: datetime | None) -> Clock:
    """The clock of a terminal: also distrusted before the highest time it saw, or the last one an insurer signed."""
    return open_home_clock(home, signed)


def pcsc_source() -> CardSource:
    """The readers of the machine's PC/SC service."""
    from hardware.pcsc import PcscSource

    return PcscSource()


@contextmanager
def professional_card(module: Path | None = None) -> Iterator["CpsSession"]:
    """A session with the one professional card in the readers; TokenModuleMissing, TokenAbsent."""
    from hardware.cps import find_module, open_cps
    from hardware.cryptoki import Module

    found = module or find_module()
    if found is None:
        raise TokenModuleMissing("no PKCS#11 module is installed", reason="absent")
    session = open_cps(Module(found))
    try:
        yield session
    finally:
        session.close()


@contextmanager
def open_desk(
    home: Path,
    cards: CardSource | None = None,
    pin_cost: "Cost | None" = None,
    origin: Origin = "counter",
    *,
    checked: bool = False,
) -> Iterator[Desk]:
    """The desk of an existing home; recovered claims are brought back before it is handed over.

    `pin_cost`: what a new PIN costs to try, where it is not to be measured on this machine. `origin`: where its acts
    are asked for, as the access journal says it. `checked`: all checks run beside, and `Desk.health` tells.
    """
    from sync.home import open_home
    from sync.receipts import last_signed_time
    from sync.selfcheck import SelfCheck
    from terminal.vault import Vault
    from terminal.vault.accounts import measured_cost

    with ExitStack() as stack:
        opened = open_home(home)
        stack.callback(opened.close)
        opened.outbox.reconcile()
        health = SelfCheck(opened).start() if checked else None
        if health is not None:
            stack.callback(health.wait)
        yield Desk(
            home=opened,
            vault=Vault(opened, pin_cost or measured_cost),
            config=read_config(home),
            tariffs=CatalogueInForce(Shelf(home)),
            clock=home_clock(home, last_signed_time(opened.outbox)),
            cards=cards or pcsc_source(),
            origin=origin,
            health=health,
            professional_card=professional_card,
        )


def data_source(desk: Desk, named: str) -> "Source":
    """The repository of reference data at an address (http, https) or in a folder, for the terminal of `desk`."""
    from sync.calls import announce
    from sync.client import HttpRepository
    from sync.client.repository import SCHEMES
    from sync.reference import FolderSource

    if not named.startswith(SCHEMES):
        return FolderSource(Path(named))
    announce(desk.home.path, named)
    return HttpRepository(named)


def prepare_home(home: Path, config: Config, provider: str = "file") -> None:
    """Make a new home with these settings, its keys bound by the provider of this name.

    HomeExists when there is one; DeviceSecretUnknown. An interrupted making can be run again: one that lacks its
    settings alone gets them.
    """
    from sync.home import create_home

    if not (home / MARKER).exists() or (home / FILE_NAME).exists():
        create_home(home, provider).close()
    write_config(home, config)


def enrol_with(desk: Desk, directory: bytes, invitation: str, code: str) -> InsurerRecord:
    """Enrol the terminal of `desk` with the insurer of a directory entry (JSON), by a posted letter.

    Somebody is logged in: the pseudonym key comes sealed to the shop key. ActivationCodeInvalid, InputInvalid, and
    what `sync.client.enrol` raises; nothing is kept unless all of the answer verified.
    """
    from sync.calls import announce
    from sync.client import TerminalKeys, enrol, enrolled_record
    from sync.clock import surely_past
    from sync.crypto.sealing import OpeningKey

    entry = _entry(directory)
    keys = TerminalKeys(
        signer=desk.home.signer, tls_key=desk.home.tls_key, shop=OpeningKey.from_seed(desk.vault.seed).public
    )
    past = surely_past(desk.home.clock)
    announce(desk.home.path, entry.endpoint)
    answer = enrol(entry, parse_invitation(invitation), ActivationCode.parse(code), keys, desk.now, surely_past=past)
    record = enrolled_record(entry, answer, desk.now())
    desk.home.insurers.add(record)
    return record


def ask_insurer(desk: Desk, amc: str) -> None:
    """Ask an insurer where this terminal's chain stands: that it is there, and knows this terminal.

    InsurerUnknown, InsurerUnreachable, InsurerUntrusted, InsurerRefused, SignatureInvalid.
    """
    from sync.client import Peers
    from sync.clock import surely_past

    home = desk.home
    with Peers(home.insurers.get, home.tls_key, home.signer, desk.now, surely_past=surely_past(home.clock)) as peers:
        peers(amc).state()


def _entry(directory: bytes) -> DirectoryEntry:
    try:
        return msgspec.json.decode(directory, type=DirectoryEntry)
    except msgspec.MsgspecError as error:
        raise InputInvalid("not a directory entry", key="directory", reason="wrong_value") from error
