"""Lets the kernel start arm64 programs through the locked emulator, while the image's packages are configured.

Rules: nothing is done on an arm64 machine, and nothing when the machine already has a handler that works inside another
root (flag F); what was registered here is taken away again.
"""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from image.builder.run import StepFailed, run

_FOLDER = Path("/proc/sys/fs/binfmt_misc")
_NAME = "comptoir-aarch64"
_MAGIC = rb"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
_MASK = rb"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"


@contextmanager
def arm64_programs(emulator: Path) -> Iterator[None]:
    """While it lasts, `execve` of an arm64 program works, in any root."""
    if platform.machine() == "aarch64":
        yield
        return
    _mount()
    mine = _FOLDER / _NAME
    if mine.exists():
        mine.write_bytes(b"-1")
    line = b":%s:M::%s:%s:%s:F" % (_NAME.encode(), _MAGIC, _MASK, bytes(emulator.resolve()))
    (_FOLDER / "register").write_bytes(line)
    try:
        yield
    finally:
        mine.write_bytes(b"-1")


def _mount() -> None:
    if (_FOLDER / "register").exists():
        return
    try:
        run(["mount", "-t", "binfmt_misc", "binfmt_misc", _FOLDER])
    except StepFailed as error:
        raise StepFailed("this kernel has no binfmt_misc (module binfmt_misc), so nothing can emulate arm64") from error
