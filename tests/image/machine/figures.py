"""Where the time of a start and the memory go, asked of the running machine's own systemd.

Rules: read only.
"""

import re
from collections.abc import Iterator
from typing import Final

from tests.image.machine.emulated import Machine

_LEAST: Final = 1 << 20
_MEMORY: Final = """cd /sys/fs/cgroup; for f in $(find . -name memory.stat); do
d=${f%/memory.stat}; echo "$d $(cat $d/memory.current) $(sed -n 's/^anon //p' $f)"; done"""


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
