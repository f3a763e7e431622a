"""One day at the counter of a machine whose clock is wrong: claims are registered, then sent. Run under libfaketime.

Arguments: home, number of claims. One JSON object on standard output.
"""

import json
import sys
from datetime import timedelta
from pathlib import Path

from hardware.emulator import EmulatedSource
from sync.daemon import drain_now
from sync.home import home_lock
from terminal.bootstrap import open_desk
from terminal.tui.card_slot import CardSlot
from terminal.tui.spans import plain
from terminal.tui.state import CounterState, Snapshot
from terminal.tui.status_lines import status_lines
from terminal.workflow.counter import Counter
from terminal.workflow.types import Status
from tests.shop_fixture import CHEAP, PIN, USER, Shop


def main(home: Path, count: int) -> None:
    """Register, look at what the screen would say, send."""
    cards = EmulatedSource()
    with open_desk(home, cards, lambda: CHEAP) as desk:
        counter = Counter(desk)
        counter.unlock(USER, PIN)
        shop = Shop(home, desk, counter, cards)
        claims = [counter.submit(shop.draft()).claim_id for _ in range(count)]
        said = counter.status()
        with home_lock(home, "sync"):
            report = drain_now(desk.home)
        told = {
            "now": counter.now().isoformat(),
            "today": counter.today().isoformat(),
            "day_before": (counter.today() - timedelta(days=1)).isoformat(),
            "trusted": said.clock_trusted,
            "screen": [plain(line) for line in status_lines(_screen(counter, said), 160)],
            "waiting": said.waiting,
            "claims": claims,
            "acknowledged": report.acknowledged,
            "errors": report.errors,
        }
    sys.stdout.write(json.dumps(told) + "\n")


def _screen(counter: Counter, said: Status) -> CounterState:
    snapshot = Snapshot(said, counter.worklist(), counter.totals_today(), counter.now(), counter.today())
    return CounterState(CardSlot(), snapshot, USER)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
