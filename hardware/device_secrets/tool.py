"""Running the command of a security device.

Rules: no shell; what is secret goes through standard input or a nameless file in memory, never through the command
line; a device that hangs is given up after a time, and its command ended. A tool's words reach no error and no log.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from hardware.errors import DeviceSecretUnavailable

SECONDS: Final = 30.0
"""A slow TPM makes a key in less than two; the rest is for a busy machine."""


@dataclass(frozen=True)
class Said:
    """What a command answered; `told` is its complaint, for a program to look into and nobody to print."""

    status: int
    answer: bytes = field(repr=False)
    told: str = field(repr=False)


@dataclass(frozen=True)
class Tool:
    """Commands of one provider; `surroundings` are added to the environment."""

    provider: str
    surroundings: Mapping[str, str] = field(default_factory=dict)
    seconds: float = SECONDS

    def run(self, *words: str, given: bytes = b"", passing: Sequence[int] = ()) -> Said:
        """Run a command of PATH. DeviceSecretUnavailable: not installed, or no answer in time."""
        program = shutil.which(words[0])
        if program is None:
            raise self.unavailable("tool", tool=words[0])
        try:
            done = subprocess.run(  # noqa: S603 (a command of ours, found in PATH; no word of it comes from outside)
                [program, *words[1:]],
                input=given,
                capture_output=True,
                check=False,
                timeout=self.seconds,
                env={**os.environ, **self.surroundings, "LC_ALL": "C"},
                pass_fds=tuple(passing),
            )
        except subprocess.TimeoutExpired as error:
            raise self.unavailable("timeout", tool=words[0]) from error
        except OSError as error:
            raise self.unavailable("tool", tool=words[0]) from error
        return Said(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))

    def unavailable(self, reason: str, **facts: str) -> DeviceSecretUnavailable:
        """The error to raise when the device does not serve."""
        return DeviceSecretUnavailable(
            "the security device does not serve", provider=self.provider, reason=reason, **facts
        )


@contextmanager
def in_memory(content: bytes) -> Iterator[int]:
    """A nameless file with this content, as a descriptor that a command can be passed."""
    descriptor = os.memfd_create("comptoir")
    try:
        os.write(descriptor, content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)
