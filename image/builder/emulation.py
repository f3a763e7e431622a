"""Lets the kernel start arm64 programs through the locked emulator, while the image's packages are configured.

Rules: nothing is done on an arm64 machine. Each build registers a handler of its own, which the kernel asks before any
older one, and takes it away again, so that two builds at once, and a machine with a handler, are not disturbed; what a
build that was killed left is taken away by the next.
"""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from image.builder.run import StepFailed, run

_FOLDER = Path("/proc/sys/fs/binfmt_misc")
_NAME = "comptoir-aarch64-"
_MAGIC = rb"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
_MASK = rb"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"


@contextmanager
def arm64_programs(emulator: Path) -> Iterator[None]:
    """While it lasts, `execve` of an arm64 program works, in any root."""
    if platform.machine() == "aarch64":
        yield
        return
    _mount()
    _forget_the_dead()
    mine = _FOLDER / f"{_NAME}{os.getpid()}"
    line = b":%s:M::%s:%s:%s:F" % (mine.name.encode(), _MAGIC, _MASK, bytes(emulator.resolve()))
    (_FOLDER / "register").write_bytes(line)
    try:
        yield
    finally:
        mine.write_bytes(b"-1")


def _forget_the_dead() -> None:
    """Take away what builds left that are no more."""
    for left in _FOLDER.glob(f"{_NAME}*"):
        if not Path("/proc", left.name.removeprefix(_NAME)).exists():
            left.write_bytes(b"-1")


def _mount() -> None:
    if (_FOLDER / "register").exists():
        return
    try:
        run(["mount", "-t", "binfmt_misc", "binfmt_misc", _FOLDER])
    except StepFailed as error:
        raise StepFailed("this kernel has no binfmt_misc (module binfmt_misc), so nothing can emulate arm64") from error
