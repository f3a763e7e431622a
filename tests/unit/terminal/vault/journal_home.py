"""A home with a journal of many entries, one of them signed for an insurer, and somebody who has the store's key."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from sync.home import OpenHome, create_home
from sync.store import CheckLine
from terminal.vault.acts import Act
from terminal.vault.journal import Deed, Journal, person_mark
from terminal.vault.journal_check import check_journal
from tests.unit.sync.queue.envelopes import claim_id, entry

SEED = bytes(range(32))
START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
TRIGGERS = ("journal_at_its_end", "journal_unchanged", "journal_complete")


@dataclass(frozen=True)
class JournalHome:
    """An open home and its journal."""

    home: OpenHome
    journal: Journal

    @classmethod
    def make(cls, folder: Path, entries: int, anchored: int = 0) -> "JournalHome":
        """`entries` entries, after `anchored` of which a claim was dispatched; sealed from the first log-in on."""
        home = create_home(folder)
        made = cls(home, Journal(home.store))
        made.journal.record(Deed(Act.ACCOUNT_CHANGED, START, "command_line", subject="camille"))
        made.journal.begin_seal(SEED)
        for number in range(2, entries + 1):
            made.journal.record(deed(number))
            if number == anchored:
                made.dispatch(number)
        return made

    def dispatch(self, number: int) -> None:
        """Register and number a claim, which signs the journal's head."""
        registered = entry(number)
        self.home.outbox.enqueue(registered)
        signer, ids = self.home.signer, [registered.claim_id]
        self.home.outbox.dispatch(registered.insurer, ids, signer, registered.not_before + timedelta(days=1))

    def check(self, seed: bytes | None = SEED) -> CheckLine:
        """What `comptoir verify` says of the journal."""
        return check_journal(self.home.store, self.home.counterfoil, seed)

    def attack(self, *statements: str) -> None:
        """Change rows as somebody does who has the store's key: the triggers are taken away first."""
        self.attacked(lambda connection: [connection.exec_driver_sql(statement) for statement in statements])

    def attacked(self, work: Callable[[Connection], object]) -> None:
        """The same with whatever work."""
        with self.home.store.write() as connection:
            for trigger in TRIGGERS:
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {trigger}")
            work(connection)


def deed(number: int) -> Deed:
    """An act of its own for each number; the second is a log-in."""
    acts = tuple(Act)
    what = Act.UNLOCKED if number == 2 else acts[number % len(acts)]
    mark = person_mark(SEED, f"2840575999{number % 7:03d}", "19840523", 1)
    at = START + timedelta(seconds=37 * number)
    return Deed(what, at, "counter", who="camille", whom=mark, subject=claim_id(number))
