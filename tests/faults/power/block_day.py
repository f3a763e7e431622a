"""The program that works one day on a mounted device, its marks going behind the file system of the same device.

`python -m tests.faults.power.block_day SPECIFICATION`, where the specification's `marks` is the device. A mark is
written past the page cache, so that it stands in the log after all that was flushed before it.
"""

import json
import mmap
import os
import sys
from pathlib import Path

import msgspec

from tests.faults.power.block_device import BLOCK, FILE_SYSTEM
from tests.faults.power.day import Job, work


class DeviceMarks:
    """Writes what was promised, one JSON line a promise, always to the same place: the log keeps each."""

    def __init__(self, node: str) -> None:
        self._descriptor = os.open(node, os.O_WRONLY | os.O_DIRECT)

    def __call__(self, what: str, **facts: object) -> None:
        """Say it now."""
        said = json.dumps({"what": what, **facts}).encode("ascii")
        with mmap.mmap(-1, -(-len(said) // BLOCK) * BLOCK) as aligned:
            aligned.write(said)
            os.pwritev(self._descriptor, [aligned], FILE_SYSTEM)


def main() -> None:
    """Work the day."""
    job = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Job)
    work(job, DeviceMarks(job.marks))


if __name__ == "__main__":
    main()
