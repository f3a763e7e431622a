"""What a terminal says of its line and queue, all along, compared with what is so.

Rules: a sample is taken as the screens take it, and the words judged are those that a person reads, at both widths; the
truth is read before and after it from the store, the insurer's own database and the service's log. While it was taken
a claim may have been acknowledged, never the other way round.
"""

import json
import re
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from sync.home import OpenHome
from sync.queue.states import ACKNOWLEDGED, QUEUED, SENDING
from sync.service_state import ServiceState, is_alive, read_state, uptime
from terminal.tui.spans import plain
from terminal.tui.state import CounterState, Snapshot
from terminal.tui.status_lines import status_lines
from terminal.workflow.counter import Counter as Desk

ONLINE, OFFLINE, UNKNOWN, EMPTY = "EN LIGNE", "H. LIGNE", "LIGNE INCERTAINE", "File vide"
STOPPED = "ENVOI ARRÊTÉ"
WORDS = (ONLINE, OFFLINE, UNKNOWN, STOPPED)
WIDTHS = (80, 120)
SLACK = 1.0
"""Seconds by which a beat in the status file may lie after its counts were read."""
_SHORTENED = (("HORS LIGNE", OFFLINE), ("File d'envoi", "File"))
_WAITING = re.compile(r"File (\d+) ·")


class Truth(NamedTuple):
    """How it is: claims that wait and that are acknowledged here; those that the insurer signed for; at what uptime."""

    waiting: int
    acknowledged: int
    held: int
    at: float


@dataclass
class Watch:
    """Looks at a terminal whose service writes its log to `log`, and at the insurer's database."""

    home: OpenHome
    desk: Desk
    database: Path
    log: Path
    words: Counter[str] = field(default_factory=Counter)
    seen: list[Truth] = field(default_factory=list)
    told: list[ServiceState] = field(default_factory=list)
    _read: int = 0
    _failed_at: int | None = None

    def look(self) -> Truth:
        """Take one sample and judge it; how it is now."""
        before, sends = self._truth(), is_alive(read_state(self.home.path))
        failing = self._failing(before)
        snapshot = Snapshot.take(self.desk)
        after = self._truth()
        assert after.acknowledged <= self._held(), "acknowledged, and the insurer does not have it"
        for width in WIDTHS:
            said = self._said(snapshot, width)
            assert _number_in(said) in range(after.waiting, before.waiting + 1), (said, before, after)
            assert not (sends and STOPPED in said), said
            self._judge(said, snapshot, before, after, failing=failing)
        self._judge_list(snapshot, before, after)
        self._judge_file()
        return after

    def report(self) -> str:
        """What was seen, for how long, and how often what was said."""
        last, took = self.seen[-1], self.seen[-1].at - self.seen[0].at
        said = ", ".join(f"{word} {count}" for word, count in sorted(self.words.items()))
        whole = f"{last.acknowledged} claims in {took:.0f} s, {len(self.seen) // 2} samples"
        return f"{whole}, {len(self.told)} states of the service; said {said}"

    def _said(self, snapshot: Snapshot, width: int) -> str:
        said = plain(status_lines(CounterState(snapshot=snapshot, user="camille"), width)[0])
        for long, short in _SHORTENED:
            said = said.replace(long, short)
        return said

    def _judge(self, said: str, snapshot: Snapshot, before: Truth, after: Truth, *, failing: bool) -> None:
        """Online only after a receipt, and never while the last that the line did was to fail."""
        word = next((one for one in WORDS if one in said), "")
        assert word, said
        self.words[word] += 1
        if word == ONLINE:
            assert after.acknowledged > 0, said
            assert snapshot.status.last_receipt_at is not None
            assert not failing or after.acknowledged > before.acknowledged, said
        if word == UNKNOWN:
            assert before.acknowledged == 0, said
        if after.waiting == before.waiting == 0:
            assert word == ONLINE, said

    def _judge_list(self, snapshot: Snapshot, before: Truth, after: Truth) -> None:
        """The list of the home screen holds the latest claims, each as it is."""
        shown = Counter(item.state for item in snapshot.items)
        assert shown[ACKNOWLEDGED] <= after.acknowledged
        assert shown[QUEUED] + shown[SENDING] <= before.waiting

    def _judge_file(self) -> None:
        """The status file's counts are those of the instant that it names."""
        told = read_state(self.home.path)
        if told is None or (self.told and told == self.told[-1]):
            return
        self.told.append(told)
        assert told.acknowledged <= self._held()
        first = max((n for n, one in enumerate(self.seen) if one.at < told.beat - SLACK), default=0)
        last = min((n for n, one in enumerate(self.seen) if one.at > told.beat + SLACK), default=len(self.seen) - 1)
        counts = [one.waiting for one in self.seen[first : last + 1]]
        assert min(counts) <= told.waiting <= max(counts), (told, self.seen[first : last + 1])

    def _failing(self, now: Truth) -> bool:
        """Whether the service's last word is that the line failed, and nothing has arrived since."""
        for event in self._events():
            if event["event"] == "insurer_failed":
                self._failed_at = now.acknowledged
            elif event["event"] == "drained" and event["acknowledged"]:
                self._failed_at = None
        return self._failed_at == now.acknowledged and now.waiting > 0

    def _events(self) -> list[dict[str, Any]]:
        """The log's lines that were not read before."""
        with self.log.open(encoding="utf-8") as file:
            file.seek(self._read)
            whole, mark, _ = file.read().rpartition("\n")
        self._read += len((whole + mark).encode())
        return [json.loads(line) for line in whole.splitlines()]

    def _truth(self) -> Truth:
        with self.home.store.read() as connection:
            found = connection.exec_driver_sql("SELECT state, count(*) FROM outbox GROUP BY state")
            states = {str(state): int(count) for state, count in found}
        assert set(states) <= {QUEUED, SENDING, ACKNOWLEDGED}
        waiting = states.get(QUEUED, 0) + states.get(SENDING, 0)
        truth = Truth(waiting, states.get(ACKNOWLEDGED, 0), self._held(), uptime())
        self.seen.append(truth)
        return truth

    def _held(self) -> int:
        """The claims that the insurer has signed for."""
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30) as connection:
            found: int = connection.execute("SELECT count(*) FROM claims WHERE receipt <> ''").fetchone()[0]
        connection.close()
        return found


def _number_in(said: str) -> int:
    if EMPTY in said:
        return 0
    found = _WAITING.search(said)
    assert found is not None, said
    return int(found[1])
