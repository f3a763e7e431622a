"""The self-check's lines about the card's system: ANSSI-BP-028 (v2.0), one per rule, read from what is really there.

Rules: it reads and changes nothing. A rule passes only when each of its values was read and is right; what this account
may not read is said. On a machine that is not the card, nothing is judged.
"""

import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from terminal.cli.finding import Finding, Verdict
from terminal.i18n import error_text, text

MARK: Final = "usr/share/comptoir/version"
COMMAND_LINE: Final = (
    "slab_nomerge",
    "init_on_alloc=1",
    "init_on_free=1",
    "page_alloc.shuffle=1",
    "lockdown=integrity",
)
KERNEL: Final = {
    "kernel.dmesg_restrict": "1",
    "kernel.kptr_restrict": "2",
    "kernel.pid_max": "65536",
    "kernel.perf_cpu_time_max_percent": "1",
    "kernel.perf_event_max_sample_rate": "1",
    "kernel.perf_event_paranoid": "3",
    "kernel.randomize_va_space": "2",
    "kernel.sysrq": "0",
    "kernel.unprivileged_bpf_disabled": "1",
    "kernel.panic_on_oops": "1",
}
_EACH: Final = {"accept_redirects": "0", "secure_redirects": "0", "shared_media": "0", "accept_source_route": "0",
                "send_redirects": "0", "rp_filter": "1"}  # fmt: skip
IPV4: Final = {
    "net.ipv4.ip_forward": "0",
    **{f"net.ipv4.conf.{which}.{name}": value for which in ("all", "default") for name, value in _EACH.items()},
    "net.ipv4.conf.all.arp_filter": "1",
    "net.ipv4.conf.all.arp_ignore": "2",
    "net.ipv4.conf.all.route_localnet": "0",
    "net.ipv4.conf.all.drop_gratuitous_arp": "1",
    "net.ipv4.icmp_ignore_bogus_error_responses": "1",
    "net.ipv4.tcp_rfc1337": "1",
    "net.ipv4.tcp_syncookies": "1",
}
FILES: Final = {
    "fs.suid_dumpable": "0",
    "fs.protected_fifos": "2",
    "fs.protected_hardlinks": "1",
    "fs.protected_regular": "2",
    "fs.protected_symlinks": "1",
}
MOUNTS: Final = {
    "/": {"ro"},
    "/tmp": {"nosuid", "nodev", "noexec"},  # noqa: S108 (looked at, not used)
    "/var": {"nosuid", "nodev", "noexec"},
    "/var/lib/comptoir": {"nosuid", "nodev", "noexec"},
}
BOOT: Final = "/boot/firmware"
BOOT_USERS: Final = ("comptoir-provision.service", "comptoir-good.service", "rauc.service")
"""For the time of their work the first partition is there, for their account alone."""
NO_LOGIN: Final = ("getty@.service", "serial-getty@.service", "debug-shell.service", "emergency.service")
_UNREADABLE: Final = "?"


@dataclass(frozen=True)
class Machine:
    """What is looked at: the files below `root`, and whether a unit is active."""

    root: Path
    active: Callable[[str], bool]

    def read(self, name: str) -> str | None:
        """The text of a file; None when it is not there; a question mark when this account may not read it."""
        try:
            return (self.root / name).read_text("utf-8", "replace").strip()
        except PermissionError:
            return _UNREADABLE
        except OSError:
            return None

    def setting(self, name: str) -> str | None:
        """A value of the kernel, or what root read of it at the start."""
        value = self.read("proc/sys/" + name.replace(".", "/"))
        if value != _UNREADABLE:
            return value
        kept = (self.read("run/comptoir-good/sysctl") or "").splitlines()
        return dict(line.split(" = ", 1) for line in kept if " = " in line).get(name, _UNREADABLE)


def is_active(unit: str) -> bool:
    """What systemd says of a unit: it works, or is about to."""
    command = ["systemctl", "show", "--property=ActiveState", "--value", unit]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 (a unit named in this file)
    return done.stdout.strip() in {"active", "activating", "reloading"}


def card_rules(machine: Machine) -> Iterator[Finding]:
    """One line per rule on the card; one line in all elsewhere."""
    if machine.read(MARK) is None:
        yield Finding("bp028", "pass", text("cli.bp028.elsewhere"))
        return
    yield _judged("bp028_r8", _command_line(machine))
    yield _judged("bp028_r9", _settings(machine, KERNEL))
    yield _not_followed("bp028_r10", machine, {"kernel.modules_disabled": "1"})
    yield _judged("bp028_r11", _settings(machine, {"kernel.yama.ptrace_scope": "2"}))
    yield _judged("bp028_r12", _settings(machine, IPV4))
    yield _not_followed("bp028_r13", machine, {"net.ipv6.conf.all.disable_ipv6": "1"})
    yield _judged("bp028_r14", _settings(machine, FILES))
    yield _judged("bp028_r28", _mounts(machine))
    yield _judged("bp028_r29", _boot(machine))
    yield _judged("bp028_r30", _logins(machine))
    yield _judged("bp028_r56", _privileged(machine.root))
    yield _updates(machine)
    yield _judged("bp028_r71", _journal(machine))
    yield _judged("bp028_r79", [] if machine.active("nftables.service") else ["nftables"])
    if refused := machine.read("run/comptoir-data.refused"):
        todo = text("cli.data_partition.todo")
        yield Finding("data_partition", "fail", text(f"cli.data_partition.{_known(refused)}"), todo)
    yield from _provisioning(machine)
    if refused := machine.read("run/comptoir-provision/reset"):
        yield Finding("card_reset", "warn", *error_text(refused.partition(" ")[0], _facts(refused)))


def _facts(refused: str) -> dict[str, str]:
    """The insurer of a refused reset, where there is one: a code, then at most a number."""
    insurer = refused.partition(" ")[2]
    return {"insurer": insurer} if insurer.isdigit() else {}


def _judged(name: str, faults: list[str]) -> Finding:
    """Pass without faults; what is wrong otherwise, at most three of it."""
    if not faults:
        return Finding(name, "pass")
    more = f" (+{len(faults) - 3})" if len(faults) > 3 else ""
    return Finding(name, "fail", ", ".join(faults[:3]) + more, text("cli.bp028.todo"))


def _not_followed(name: str, machine: Machine, wanted: dict[str, str]) -> Finding:
    """A rule that a counter does not follow, with the reason, unless the machine does all the same."""
    if not _settings(machine, wanted):
        return Finding(name, "pass")
    return Finding(name, "warn", text(f"cli.bp028.{name.removeprefix('bp028_')}"))


def _settings(machine: Machine, wanted: dict[str, str]) -> list[str]:
    read = {name: machine.setting(name) for name in wanted}
    return [f"{name}={read[name] or '-'}" for name, value in wanted.items() if read[name] != value]


def _command_line(machine: Machine) -> list[str]:
    words = (machine.read("proc/cmdline") or "").split()
    return [word for word in COMMAND_LINE if word not in words]


def _mounted(machine: Machine) -> dict[str, set[str]]:
    """Options of the mount that is on top at each place."""
    lines = (machine.read("proc/self/mountinfo") or "").splitlines()
    return {words[4]: set(words[5].split(",")) for words in map(str.split, lines) if len(words) > 5}


def _mounts(machine: Machine) -> list[str]:
    there = _mounted(machine)
    return [place for place, options in MOUNTS.items() if not options <= there.get(place, set())]


def _boot(machine: Machine) -> list[str]:
    """The first partition, when it is there and nobody works on it."""
    needed = any(machine.active(unit) for unit in BOOT_USERS)
    return [BOOT] if BOOT in _mounted(machine) and not needed else []


def _logins(machine: Machine) -> list[str]:
    """Lines on which somebody could log in, and accounts with a shell other than root's locked one."""
    units = machine.root / "etc/systemd/system"
    open_lines = [name for name in NO_LOGIN if not _is_masked(units / name)]
    accounts = [line.split(":") for line in (machine.read("etc/passwd") or "").splitlines()]
    shells = [one[0] for one in accounts if one[0] != "root" and not one[-1].endswith(("/nologin", "/false", "/sync"))]
    return open_lines + shells


def _is_masked(unit: Path) -> bool:
    return unit.is_symlink() and unit.readlink() == Path("/dev/null")


def _privileged(root: Path) -> list[str]:
    """Programs that lend their owner's rights."""
    found = []
    for folder, _, files in os.walk(root / "usr"):
        for name in files:
            mode = Path(folder, name).lstat().st_mode
            if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
                found.append(name)
    return sorted(found)


def _updates(machine: Machine) -> Finding:
    """Whether somebody answers for updates, and what became of the last one."""
    last = machine.read("run/comptoir-update/last")
    told = text(f"cli.bp028.{last}") if last in _OUTCOMES else ""
    if machine.read("usr/share/comptoir/updates") != "named":
        return Finding("bp028_r61", "fail", " ".join((text("cli.bp028.demonstration_key"), told)).strip())
    return Finding("bp028_r61", "pass" if last in _FINE else "warn", told)


_FINE: Final = (None, "update_installed", "update_running")
_OUTCOMES: Final = (
    "update_installed", "update_running", "update_forged", "update_older", "update_truncated", "update_other_board",
    "update_unconfirmed", "update_busy", "update_damaged", "update_failed",
)  # fmt: skip


def _known(word: str) -> str:
    return word if word in _REFUSED else "data_failed"


_REFUSED: Final = ("data_unreadable", "data_damaged", "data_other_board", "data_failed")


def _provisioning(machine: Machine) -> Iterator[Finding]:
    """What of the technician's file was not done; nothing is said where all of it was."""
    for line in (machine.read("run/comptoir-provision/last") or "").splitlines():
        word, _, fact = line.partition(" ")
        name = word.removeprefix("provision_")
        if name == "refused":
            what, todo = error_text(fact)
            yield Finding("provision", "fail", what, todo)
        elif name in _UNDONE:
            verdict: Verdict = "warn" if name == "waits" else "fail"
            todo = text("cli.provision.again" if name == "waits" else "cli.provision.todo")
            yield Finding("provision", verdict, text(f"cli.provision.{name}", where=fact), todo)


_UNDONE: Final = (
    "plan_missing", "plan_unreadable", "directory_missing", "directory_unreadable", "incomplete", "not_erased", "waits",
)  # fmt: skip


def _journal(machine: Machine) -> list[str]:
    """The system's journal in memory alone, and ours without room for text."""
    settings = machine.read("etc/systemd/journald.conf.d/comptoir.conf") or ""
    kept = (machine.root / "var/log/journal").exists()
    return [
        name for name, wrong in (("Storage", "Storage=volatile" not in settings), ("/var/log/journal", kept)) if wrong
    ]
