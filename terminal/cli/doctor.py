"""`doctor`: a self-check, each line pass, warn or fail, with what to do.

Rules: it looks and repairs nothing; it goes on after a failure, so that one page tells all; a missing home is said,
not raised.
"""

import argparse
import shutil
import stat
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from hardware import HardwareError
from sync.crypto.certificates import not_after
from sync.crypto.keyslots import slots
from sync.errors import SyncError
from sync.insurers import InsurerRecord
from sync.memory import swap_places
from terminal.bootstrap import open_desk, pcsc_source, system_clock
from terminal.cli.doctor_card import Machine, card_rules, is_active
from terminal.cli.doctor_devices import clock_line, equipment, professional_card
from terminal.cli.doctor_safety import safety
from terminal.cli.finding import Finding, attempt, broken
from terminal.cli.output import DONE, REFUSED, Answer
from terminal.cli.session import home_of
from terminal.cli.stopped import stay
from terminal.domain.errors import DomainError
from terminal.domain.roles import Role
from terminal.i18n import date_text, text
from terminal.workflow.desk import Desk
from terminal.workflow.recipients import profile_of

LOW_DISK_PERCENT: Final = 5
LATE_RENEWAL: Final = timedelta(days=20)


def examine(arguments: argparse.Namespace) -> Answer:
    """Examine machine and home; status 1 when a line fails."""
    findings = [*_machine(), *_home(home_of(arguments))]
    if arguments.wait is not None:
        stay([finding for finding in findings if finding.verdict == "fail"], arguments.wait)
        return Answer({}, status=REFUSED)
    failed = any(finding.verdict == "fail" for finding in findings)
    data = {"ok": not failed, "checks": [finding.to_json() for finding in findings]}
    return Answer(data, [finding.line() for finding in findings], REFUSED if failed else DONE)


def findings_of(desk: Desk) -> tuple[Finding, ...]:
    """All lines about this machine and the home of an open desk."""
    return (*_machine(), *_desk(desk))


def _machine() -> Iterator[Finding]:
    yield attempt("readers", lambda: ", ".join(pcsc_source().readers()) or text("cli.no_reader"), "warn")
    yield professional_card()
    yield _swap()
    yield from card_rules(Machine(Path("/"), is_active))


def _swap() -> Finding:
    places = swap_places()
    if places:
        return Finding("swap", "warn", ", ".join(places), text("cli.swap_todo"))
    return Finding("swap", "pass", text("cli.swap_none"))


def _home(home: Path) -> Iterator[Finding]:
    try:
        with open_desk(home) as desk:
            yield from _desk(desk)
    except (SyncError, DomainError, HardwareError) as error:
        yield broken("home", error)
        yield clock_line(system_clock())


def _desk(desk: Desk) -> Iterator[Finding]:
    for line in desk.home.check():
        todo = "" if line.ok else text("cli.damaged_todo")
        yield Finding(line.name, "pass" if line.ok else "fail", line.detail, todo)
    weak = desk.home.device_secret_weak
    strength = text(f"cli.device_secret_{'weak' if weak else 'bound'}", name=desk.home.device_secret_name)
    yield Finding("device_secret", "warn" if weak else "pass", strength)
    yield _slots(desk)
    yield clock_line(desk.clock)
    yield from equipment(desk.config)
    mode = stat.S_IMODE(desk.home.path.stat().st_mode)
    yield Finding("home_mode", "fail" if mode & 0o077 else "pass", f"{mode:04o}")
    usage = shutil.disk_usage(desk.home.path)
    free = usage.free * 100 // usage.total
    yield Finding("disk", "warn" if free < LOW_DISK_PERCENT else "pass", f"{free} %")
    yield from safety(desk)
    for record in desk.home.insurers.all():
        yield attempt("profile", partial(_profile, record, desk), "fail")
        yield certificate_line(record, desk)


def _slots(desk: Desk) -> Finding:
    """Who can open the shop key, and whether anything is left when a PIN is forgotten."""
    people, keys = desk.vault.accounts.all(), slots(desk.home.keyslots)
    locked = [account.id for account in people if desk.vault.standing(account.id).locked]
    recovery = any(slot.kind == "recovery" for slot in keys)
    detail = text(
        "cli.slots",
        people=len(people),
        responsible=sum(account.role is Role.RESPONSIBLE for account in people),
        cards=sum(slot.kind == "card" for slot in keys),
        recovery=text(f"cli.recovery_{'made' if recovery else 'missing'}"),
    )
    if locked:
        return Finding("slots", "warn", detail, text("cli.slots_locked", ids=", ".join(locked)))
    return Finding("slots", "pass" if recovery else "warn", detail, "" if recovery else text("cli.slots_unsaved"))


def certificate_line(record: InsurerRecord, desk: Desk) -> Finding:
    """The service renews a certificate 30 days before its end: one that is nearer to it was not renewed."""
    try:
        end = not_after(record.certificate_pem.encode("ascii"))
    except SyncError as error:
        return broken("certificate", error)
    detail = f"{record.amc} {date_text(end.date())}"
    left = end - desk.now()
    if left <= timedelta(0):
        return Finding("certificate", "fail", detail, text("cli.certificate_over"))
    if left < LATE_RENEWAL:
        return Finding("certificate", "warn", detail, text("cli.certificate_ending"))
    return Finding("certificate", "pass", detail)


def _profile(record: InsurerRecord, desk: Desk) -> str:
    return f"{record.amc} v{profile_of(record, desk.today()).version}"
