"""Where the time of a start and the memory go, how exposed each unit is, asked of the running machine's own programs.

Rules: read only.
"""

import json
import re
from collections.abc import Iterator
from typing import Final

from tests.image.machine.emulated import Machine

_LEAST: Final = 1 << 20
_MEMORY: Final = """cd /sys/fs/cgroup; for f in $(find . -name memory.stat); do
d=${f%/memory.stat}; echo "$d $(cat $d/memory.current) $(sed -n 's/^anon //p' $f)"; done"""
_EXPOSED: Final = """cd /etc/systemd/system; for u in comptoir-*.service pcscd.service rauc.service; do
systemd-analyze security --no-pager $u | tail -1; done"""
_EXAMINED: Final = "setpriv --reuid=comptoir --regid=comptoir --clear-groups env LANG=C.UTF-8 " \
    "/opt/comptoir/.venv/bin/comptoir doctor --json --home /var/lib/comptoir"  # fmt: skip


def clock_figures(machine: Machine) -> Iterator[tuple[str, str]]:
    """The start as systemd saw it, and what took longest in it."""
    yield "systemd: start", machine.run("systemd-analyze time").splitlines()[0]
    for line in machine.run("systemd-analyze blame --no-pager").splitlines()[:12]:
        took, unit = line.rsplit(maxsplit=1)
        yield f"systemd: {unit}", took.strip()


def memory_figures(machine: Machine) -> Iterator[tuple[str, str]]:
    """Memory of each service and of the counter's session: all that is charged to it, and what is its own."""
    for place, current, own in re.findall(r"^\./(\S+) (\d+) (\d+)$", machine.run(_MEMORY), re.MULTILINE):
        name = place.rsplit("/", 1)[-1]
        if name.endswith((".service", ".scope")) and int(current) > _LEAST:
            yield f"memory: {name}", f"{int(current) / 1e6:.1f} MB, of which its own {int(own) / 1e6:.1f}"
    free = re.findall(r"^(MemTotal|MemAvailable):\s+(\d+) kB", machine.run("cat /proc/meminfo"), re.MULTILINE)
    yield "memory: the machine", ", ".join(f"{name} {int(size) / 1024:.0f} MiB" for name, size in free)


def exposure_figures(machine: Machine) -> Iterator[tuple[str, float]]:
    """What `systemd-analyze security` says of each unit of ours, of the card reader's and of the updates'."""
    for unit, level in re.findall(r"exposure level for (\S+): ([0-9.]+)", machine.run(_EXPOSED)):
        yield f"exposure: {unit}", float(level)


def rule_figures(machine: Machine) -> Iterator[tuple[str, str]]:
    """What `comptoir doctor` says of each rule of ANSSI-BP-028 on this system."""
    for one in json.loads(machine.run(_EXAMINED))["checks"]:
        if one["name"].startswith("bp028"):
            yield f"doctor: {one['name']}", one["verdict"]
