"""`comptoir-insurer alarms`: what an operator should look at.

Rule: exit status 0 whether or not there are alarms; a monitor reads the metrics, a person reads this.
"""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from sync.receiver.alarms import Alarm, known_alarms, mark_seen
from sync.receiver.databases import open_ledger

AddCommand = Callable[[Any, str, Any, str], argparse.ArgumentParser]
_DAYS: Final = 7


def add_alarm_commands(commands: Any, add: AddCommand) -> None:
    """Add the command to the grammar, by way of `add`."""
    command = add(
        commands, "alarms", _alarms, "guesses, forks, refused signatures, unusual volumes, by terminal and day"
    )
    command.add_argument("--days", type=int, default=_DAYS, help="how far back to look")
    command.add_argument("--all", action="store_true", help="also what was seen, and what is below its threshold")
    command.add_argument("--seen", action="store_true", help="say that all there is now is known")


def _alarms(asked: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    since = max(date.min, now.date() - timedelta(days=max(0, asked.days)))
    with open_ledger(asked.dir, asked.database) as ledger:
        found = [one for one in known_alarms(ledger, since) if asked.all or (one.is_raised and not one.seen)]
        if asked.seen:
            mark_seen(ledger, now)
    if asked.json:
        sys.stdout.write(json.dumps({"alarms": [_alarm_json(one) for one in found]}) + "\n")
    else:
        for one in found:
            sys.stdout.write(
                f"{one.day}  {one.kind}  {one.subject}  {one.count} times, last {one.last_at:%H:%M:%S} UTC\n"
            )
    return 0


def _alarm_json(one: Alarm) -> dict[str, Any]:
    instants = {name: getattr(one, name).isoformat(timespec="seconds") for name in ("first_at", "last_at")}
    known = {name: getattr(one, name) for name in ("kind", "subject", "count", "seen")}
    return {**known, "day": one.day.isoformat(), **instants, "raised": one.is_raised}
