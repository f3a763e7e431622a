"""Starts the programs of the build: on the host, in the folder of tools, or in the image's root under emulation.

Rules: the environment is the same every time (C.UTF-8, UTC, no hash seed); what a program says is shown when it fails,
and only then.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
STEADY = {
    "PATH": PATH,
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    "HOME": "/root",
    "DEBIAN_FRONTEND": "noninteractive",
    # Debian 13 for arm64 signs its pointers; emulating that costs ten times the rest, and this processor has it not.
    "QEMU_CPU": "cortex-a72",
}


class StepFailed(Exception):
    """A program of the build ended with an error; its output has been shown."""


def run(
    command: Sequence[str | Path], *, root: Path | None = None, stdin: bytes = b"", env: Mapping[str, str] | None = None
) -> str:
    """Run `command`, in `root` when one is given, and give its output; StepFailed when it fails."""
    words = [str(word) for word in command]
    if root is not None:
        words = ["chroot", str(root), *words]
    done = subprocess.run(words, input=stdin, capture_output=True, env={**STEADY, **(env or {})}, check=False)
    if done.returncode:
        sys.stderr.buffer.write(done.stdout[-1500:] + done.stderr[-2500:])
        raise StepFailed(f"{' '.join(words[:6])} ended with {done.returncode}")
    return done.stdout.decode("utf-8", "replace")


def passed_through() -> dict[str, str]:
    """What the machine says about its package index and certificates, for the programs that fetch."""
    return {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_CERT_", "http", "HTTP"))}


_ENTER = """
root=$1 work=$2; shift 2
mkdir -p "$root/proc" "$root/dev" "$root/card"
mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" && mount --bind "$work" "$root/card" || exit 1
if [ -e /etc/resolv.conf ] && [ ! -L "$root/etc/resolv.conf" ]; then
    : >>"$root/etc/resolv.conf"; mount --bind /etc/resolv.conf "$root/etc/resolv.conf"
fi
exec chroot "$root" "$@"
"""


def enter(root: Path, work: Path, command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> str:
    """Run `command` in `root`, where `work` is seen as /card; every mount ends with the command."""
    words = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _ENTER, "enter", root, work, *command]
    return run(words, env=env)
