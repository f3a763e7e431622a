"""An ext4 file system on a block device that keeps a log of every write and flush, made of Debian's own parts.

Rules: below the file system stand a loop device, a file that `qemu-storage-daemon` shows through FUSE, and the
daemon's `blklogwrites`, so that each flush of the mounted file system travels to the log. The device is larger than
the file system: marks go behind it, in the same log. What this machine lacks is said in words, never guessed around.
"""

import os
import select
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BLOCK: Final = 4096
FILE_SYSTEM: Final = 24 << 20
MARKS: Final = 1 << 20
SECOND_SUPERBLOCK: Final = 2048
LOG: Final = 1 << 30
_TOOLS: Final = {
    "qemu-storage-daemon": "qemu-system-common",
    "mkfs.ext4": "e2fsprogs",
    "e2fsck": "e2fsprogs",
    "losetup": "mount",
    "mount": "mount",
}
_STOPS_WITHIN_MS: Final = 20_000


class NotHere(Exception):
    """This machine cannot carry such a device; the arguments say what is missing, a sentence each."""


@dataclass(frozen=True)
class Device:
    """Where the file system is mounted, the device below it, the image as it was before, the image and the log."""

    mounted: Path
    node: str
    before: Path
    image: Path
    log: Path


def missing() -> list[str]:
    """What this machine lacks, one sentence each; what only a trial shows (ext4, a mount) is told by `NotHere`."""
    found = [
        f"{tool} is not installed (Debian: {package})" for tool, package in _TOOLS.items() if shutil.which(tool) is None
    ]
    found += [f"{node} is not there" for node in ("/dev/fuse", "/dev/loop-control") if not Path(node).exists()]
    if os.geteuid() != 0:
        found.append("mounting needs root")
    return found


@contextmanager
def logged_ext4(folder: Path, content: Path) -> Iterator[Device]:
    """The device, mounted, with a copy of all below `content`; NotHere. Its files in `folder` stay."""
    if lacking := missing():
        raise NotHere(*lacking)
    before, image, log = (folder / name for name in ("before.img", "disk.img", "log.img"))
    make_ext4(before, content)
    shutil.copyfile(before, image)
    with log.open("wb") as file:
        file.truncate(LOG)
    with ExitStack() as stack:
        exported = stack.enter_context(_exported(folder, image, log))
        node = stack.enter_context(_loop(exported))
        mounted = stack.enter_context(mounting(node, folder / "mounted"))
        yield Device(mounted, node, before, image, log)


def make_ext4(image: Path, content: Path) -> None:
    """An image with a file system that holds what is below `content`, and room for marks behind it."""
    with image.open("wb") as file:
        file.truncate(FILE_SYSTEM + MARKS)
    layout = ["-b", str(BLOCK), "-g", str(SECOND_SUPERBLOCK), "-J", "size=4"]
    at_once = ["-E", "lazy_itable_init=0,lazy_journal_init=0", "-d", str(content)]
    _call("mkfs.ext4", "-q", "-F", *layout, *at_once, str(image), f"{FILE_SYSTEM // 1024}k")


@contextmanager
def mounting(source: str, place: Path, *options: str) -> Iterator[Path]:
    """Mounted at `place` meanwhile; NotHere when that is refused."""
    place.mkdir(exist_ok=True)
    _call("mount", "-t", "ext4", *options, source, str(place))
    try:
        yield place
    finally:
        _undo("umount", str(place))


@contextmanager
def _exported(folder: Path, image: Path, log: Path) -> Iterator[Path]:
    """The file through which the daemon shows the image, while the daemon runs."""
    exported, pid_file = folder / "exported.img", folder / "daemon.pid"
    exported.touch()
    _call(
        *("qemu-storage-daemon", "--daemonize", "--pidfile", str(pid_file)),
        *("--blockdev", f"driver=file,node-name=image,filename={image}"),
        *("--blockdev", f"driver=file,node-name=log,filename={log}"),
        *("--blockdev", "driver=blklogwrites,node-name=both,file=image,log=log,log-sector-size=512"),
        *("--export", f"type=fuse,id=export,node-name=both,mountpoint={exported},writable=on"),
    )
    daemon = os.pidfd_open(int(pid_file.read_text("ascii")))
    try:
        yield exported
    finally:
        _stop(daemon)


def _stop(daemon: int) -> None:
    """End the daemon and wait until it has."""
    ended = select.poll()
    ended.register(daemon, select.POLLIN)
    signal.pidfd_send_signal(daemon, signal.SIGTERM)
    stopped = ended.poll(_STOPS_WITHIN_MS)
    os.close(daemon)
    if not stopped:
        raise RuntimeError("qemu-storage-daemon does not end")


@contextmanager
def _loop(file: Path) -> Iterator[str]:
    node = _call("losetup", "--find", "--show", str(file)).strip()
    try:
        yield node
    finally:
        _undo("losetup", "--detach", node)


def _undo(*command: str) -> None:
    subprocess.run(command, capture_output=True, check=True)


def _call(*command: str) -> str:
    """What the command prints; NotHere when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NotHere(f"{command[0]} fails: {' '.join(done.stderr.split())}")
    return done.stdout
