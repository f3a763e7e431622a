"""The program that strace watches: it works each job of a specification in a process of its own.

`python -m tests.faults.power.program SPECIFICATION PIDS`: the ids of the processes are written to PIDS, in order.
"""

import json
import os
import sys
import traceback
from pathlib import Path

import msgspec

from tests.faults.power.day import Job, Marks, work
from tests.faults.power.upkeep import keep_up


def _in_a_child(job: Job) -> int:
    child = os.fork()
    if child:
        return child
    try:
        (keep_up if job.upkeep else work)(job, Marks(Path(job.marks)))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def main() -> int:
    """Work all jobs of the specification, one after the other; 1 when one of them failed."""
    jobs = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=list[Job])
    children = []
    for job in jobs:
        children.append(_in_a_child(job))
        _, status = os.waitpid(children[-1], 0)
        if status:
            return 1
    Path(sys.argv[2]).write_text(json.dumps(children), "ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
