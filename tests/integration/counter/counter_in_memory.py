"""A process that holds what a counter holds: an open vault, a card that was read, a claim that was registered.

`python -m tests.integration.counter.counter_in_memory HOME locked|free`: says `ready` when all of it is in memory, and
lives until its standard input ends. `locked` does what the counter does first; `free` leaves it out, as the control.
"""

import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from hardware.emulator import EmulatedSource
from sync.memory import forbid_dumps, keep_out_of_swap
from terminal.bootstrap import open_desk
from terminal.workflow.counter import Counter
from terminal.workflow.models import FRAME_A
from terminal.workflow.types import Draft, DraftLine
from tests.integration.counter.test_planted_identity import planted
from tests.tui.real_shop import PIN, USER


def main() -> None:
    """Work, say so, and wait."""
    forbid_dumps()
    locked = sys.argv[2] == "locked" and keep_out_of_swap()
    cards = EmulatedSource()
    cards.insert(planted())
    with open_desk(Path(sys.argv[1]), cards) as desk:
        counter = Counter(desk)
        counter.unlock(USER, PIN)
        person = counter.read_card(cards.readers()[0])[0]
        choice = counter.insurers()[0]
        prescribed = counter.today() - timedelta(days=9)
        lines = (DraftLine("frame", None, FRAME_A, 3000),)
        draft = Draft(person, prescribed, 60, lines, choice.amc, choice.contracts[0].id)
        counter.submit(draft)
        held = [replace(draft) for _ in range(3)]
        sys.stdout.write(f"{'locked' if locked else 'free'} {len(held)}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
