"""How long the service may sleep after a pass, and what a network that came back changes.

Rules: it sleeps until the next claim, proof or insurer may be tried, however many wait; what could leave and did not
(a stopped chain, a refusal to be looked at by a person) waits for a commit, which wakes the service. An insurer that
nobody reached is tried soon after the network came back, each shop at an instant of its own; one that asked for time
gets it.
"""

import random
from datetime import datetime
from itertools import chain

from sync.decision import hurried
from sync.engine import Lines, insurers_due
from sync.home import OpenHome


def seconds_to_sleep(home: OpenHome, lines: Lines, now: datetime) -> float:
    """Until the next instant at which something may leave; infinite when nothing waits for one. StoreError."""
    shut = (lines[one].shut_until for one in insurers_due(home.outbox, home.logs, now) if one in lines)
    waits = (home.outbox.next_due(now), home.logs.book.next_ask(now))
    following = [instant for instant in chain(shut, waits) if instant is not None and instant > now]
    return (min(following) - now).total_seconds() if following else float("inf")


def network_is_back(home: OpenHome, lines: Lines, now: datetime, rng: random.Random) -> None:
    """Let what failed because nobody was reached be tried soon; StoreError."""
    for insurer, line in lines.items():
        opened = hurried(line, now, rng)
        if opened != line and opened.shut_until is not None:
            lines[insurer] = opened
            home.outbox.bring_forward(insurer, opened.shut_until)
