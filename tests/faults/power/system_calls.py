"""What a process asked the operating system to write, in order and with all bytes, as strace saw it.

Rules: every call that can change a file is watched, so that nothing can be written behind the recorder; a call of a
kind that the model of the medium does not know is an error, not a gap. No privilege is needed: a process may watch its
own children. Each process has a trace of its own, so that its calls stand in the order in which it made them.
"""

import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_NAMES: Final = "openat open creat close rename renameat renameat2 unlink unlinkat mkdir mkdirat rmdir link linkat"
_LINKS: Final = "symlink symlinkat"
_WRITES: Final = "write writev pwrite64 pwritev pwritev2 ftruncate truncate fallocate copy_file_range sendfile lseek"
_FLUSHES: Final = "fsync fdatasync sync syncfs sync_file_range msync"
_OTHERS: Final = "dup dup2 dup3 io_uring_setup"
WATCHED: Final = ",".join(" ".join((_NAMES, _LINKS, _WRITES, _FLUSHES, _OTHERS)).split())
_LINE: Final = re.compile(r"(?P<name>\w+)\((?P<arguments>.*)\)\s+= (?P<result>-?\d+|\?)(?: .*)?")
_ARGUMENT: Final = re.compile(r'"(?:\\x[0-9a-f]{2})*"|\[[^\]]*\]|[^,]+')


@dataclass(frozen=True)
class Call:
    """One call that succeeded: text and numbers as strace prints them, strings as bytes."""

    name: str
    arguments: tuple[str | bytes, ...]
    result: int

    def text(self, place: int) -> str:
        """An argument that is a path."""
        found = self.arguments[place]
        return found.decode("utf-8") if isinstance(found, bytes) else found

    def number(self, place: int) -> int:
        """An argument that is a number."""
        return int(self.text(place))

    def data(self, place: int) -> bytes:
        """An argument that is bytes: as many of them as the call took."""
        found = self.arguments[place]
        if not isinstance(found, bytes) or len(found) < self.result:
            raise ValueError(f"{self.name}: the trace lacks bytes")
        return found[: self.result]


def watch(command: Sequence[str], traces: Path) -> None:
    """Run `command` and let strace write `traces`.PID for it and each of its children."""
    options = ["-ff", "--seccomp-bpf", "-qq", "-xx", "-s", str(1 << 26), "-e", f"trace={WATCHED}", "-o", str(traces)]
    done = subprocess.run(["strace", *options, *command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"the recorded program failed: {done.stderr}")


def calls(trace: Path) -> Iterator[Call]:
    """The calls of one process that changed something or opened a file."""
    with trace.open(encoding="ascii") as lines:
        for line in lines:
            if (call := _call(line.rstrip("\n"))) is not None:
                yield call


def _call(line: str) -> Call | None:
    """The call of one line; None when it failed, or when the line tells of a signal or the end."""
    found = _LINE.fullmatch(line)
    if found is None and not line.startswith(("---", "+++")):
        raise ValueError(f"not a call: {line[:80]}")
    if found is None or found["result"] == "?" or int(found["result"]) < 0:
        return None
    return Call(found["name"], tuple(map(_value, _split(found["arguments"]))), int(found["result"]))


def _split(arguments: str) -> list[str]:
    return [part.strip() for part in _ARGUMENT.findall(arguments) if part.strip()]


def _value(argument: str) -> str | bytes:
    if argument.startswith('"'):
        return bytes.fromhex(argument.strip('"').replace("\\x", ""))
    return argument
