"""What the unit of the sync service forbids, the service does not need: its system calls, watched on a real push."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.shop_fixture import Shop

UNIT = Path(__file__).resolve().parents[2] / "image" / "systemd" / "comptoir-sync.service"
_FILTERS = re.compile(r"^SystemCallFilter=(~?)(.+)$", re.MULTILINE)
_FAMILIES = re.compile(r"^RestrictAddressFamilies=(.+)$", re.MULTILINE)
_CALL = re.compile(r"^\d+ +(\w+)\(", re.MULTILINE)

ROOT_ONLY = {"fchown"} if os.geteuid() == 0 else set()
"""SQLite run by root gives its new files to the owner of the database; the unit does not run as root."""

needs_both = pytest.mark.skipif(
    not (shutil.which("systemd-analyze") and shutil.which("strace")),
    reason="systemd-analyze or strace is not installed",
)


def _members(group: str) -> set[str]:
    """The system calls of a group of systemd's (`@name`), groups inside it unfolded."""
    if not group.startswith("@"):
        return {group}
    command = ["systemd-analyze", "--no-pager", "syscall-filter", group]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    names = [line.strip() for line in listed[1:] if line.strip() and not line.strip().startswith("#")]
    return set().union(*(_members(name) for name in names))


def _allowed() -> set[str]:
    allowed: set[str] = set()
    for sign, groups in _FILTERS.findall(UNIT.read_text("utf-8")):
        named = set().union(*(_members(group) for group in groups.split()))
        allowed = allowed - named if sign else allowed | named
    return allowed


def _families(trace: str) -> set[str]:
    """The address families of the sockets that were made."""
    return set(re.findall(r"socket\((AF_\w+)", trace))


@needs_both
def test_a_push_needs_only_what_the_unit_allows(shop: Shop, tmp_path: Path) -> None:
    """A claim is pushed and its receipt kept with the system calls of the unit's filter, and no socket listens."""
    shop.counter.submit(shop.draft())
    trace = tmp_path / "trace"
    service = [sys.executable, "-m", "sync.daemon", "--once", "--home", str(shop.home)]
    subprocess.run(["strace", "-f", "-qq", "-o", str(trace), *service], check=True, capture_output=True)
    made = set(_CALL.findall(trace.read_text("utf-8", "replace")))
    assert shop.desk.home.outbox.summary().states == {"acknowledged": 1}
    assert {"connect", "fdatasync"} <= made
    assert made - _allowed() - ROOT_ONLY == set()
    assert "listen" not in made


@needs_both
def test_the_service_sleeps_and_wakes_with_what_the_unit_allows(shop: Shop, tmp_path: Path) -> None:
    """A claim that comes while the service sleeps leaves: by watching the home and the network, with no port open."""
    trace = tmp_path / "trace"
    service = [sys.executable, "-m", "sync.daemon", "--home", str(shop.home)]
    with subprocess.Popen(
        ["strace", "-f", "-qq", "-o", str(trace), *service], stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stderr is not None
        _until(run.stderr, "checked")
        shop.counter.submit(shop.draft())
        _until(run.stderr, "drained")
        children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text("ascii").split()
        os.kill(int(children[0]), signal.SIGTERM)
        _until(run.stderr, "stopped")
    seen = trace.read_text("utf-8", "replace")
    made, allowed = set(_CALL.findall(seen)), set(_FAMILIES.findall(UNIT.read_text("utf-8"))[0].split())
    assert {"inotify_add_watch", "poll", "AF_NETLINK"} <= made | _families(seen)
    assert made - _allowed() - ROOT_ONLY == set()
    assert _families(seen) <= allowed
    assert "listen" not in made


def _until(log: Iterable[str], event: str) -> None:
    """The service's log up to this event."""
    assert any(json.loads(line)["event"] == event for line in log)
