"""Home and queue beside a long history: what they show, and that no statement reads all of it.

The plans are asked of SQLite itself for every statement that home and queue run, so that time plays no part.
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from sync.store import Store
from terminal.domain.claim import NEEDS_A_PERSON
from terminal.tui.state import Snapshot
from terminal.vault.listing import NEWEST, Listing
from terminal.vault.outcomes import Heard
from tests.benchmarks.long_list import NEWEST as OPEN
from tests.benchmarks.long_list import claim_id, fill
from tests.tui.real_shop import PIN, USER, Shop, open_shop

COUNT = 400
GROWING = ("outbox", "dossier", "heard", "handled", "link", "journal", "event", "log_proof", "delivery", "sent_field")
"""Tables that have a row for each claim there ever was."""
SMALL = ("outbox_waiting", "outbox_attention", "outbox_sent_elsewhere", "log_proof_missing", "heard_waiting")
"""Indexes of what is open alone."""


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop with a history, somebody logged in."""
    with open_shop(tmp_path_factory.mktemp("long")) as shop:
        fill(shop.desk, COUNT)
        shop.counter.unlock(USER, PIN)
        yield shop


def _statements(store: Store, work: Any) -> list[str]:
    """Every statement that `work` gives to the database, with its values."""
    engine, seen = store._engine, list[str]()

    def watch(connection: Any, *_: object) -> None:
        connection.set_trace_callback(seen.append)

    event.listen(engine, "checkout", watch)
    try:
        work()
    finally:
        event.remove(engine, "checkout", watch)
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.set_trace_callback(None)
    return [one for one in dict.fromkeys(seen) if one.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE"))]


def _reads_all(store: Store, statement: str) -> list[str]:
    """The steps of a plan that go through a whole table of claims."""
    with store.read() as connection:
        plan = [row[3] for row in connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement.replace("%", "%%"))]
    if re.search(r"FROM outbox ORDER BY outbox.entry\s+LIMIT 1\b", statement):
        return []  # one row, where the table begins
    tables = "|".join(GROWING)
    return [step for step in plan if re.match(rf"SCAN ({tables})\b", step) and not any(one in step for one in SMALL)]


def test_home_and_queue_read_no_table_of_claims_from_end_to_end(long: Shop) -> None:
    """Neither the status lines nor the list, the day's figures or the requests."""
    store = long.desk.home.store
    statements = _statements(store, lambda: Snapshot.take(long.counter))
    assert len(statements) > 20
    assert any("outbox_attention" in one for one in statements)
    assert {one: steps for one in statements if (steps := _reads_all(store, one))} == {}


def test_the_judge_of_plans_sees_a_scan(long: Shop) -> None:
    """A query without an index is named."""
    store = long.desk.home.store
    assert _reads_all(store, "SELECT claim_id FROM outbox WHERE reason = 'x'")
    assert not _reads_all(store, "SELECT claim_id FROM outbox WHERE claim_id = 'x'")


def test_pages_follow_each_other_without_gap_or_repeat(long: Shop) -> None:
    """Each from the last entry of the one before; all claims but those that are gone, the newest first."""
    listing, found, before = Listing(long.desk.home.store), list[str](), NEWEST
    while page := listing.others(before, 7):
        found += [claim for _, claim in page]
        before = page[-1][0]
    states = {row.claim_id: row.state for row in long.desk.home.outbox.rows(newest_first=True)}
    gone = (*NEEDS_A_PERSON, "superseded", "cancelled")
    assert found == [claim for claim, state in states.items() if state not in gone]


def test_only_refusals_that_nobody_dealt_with_need_a_person(long: Shop) -> None:
    """The count of the status line and the top of the list agree."""
    listing = Listing(long.desk.home.store)
    urgent = [claim for _, claim in listing.urgent(NEWEST, COUNT)]
    handled = Heard(long.desk.home.store).handled()
    assert handled
    assert not handled & set(urgent)
    assert [claim_id(number) for number in range(COUNT - OPEN + 1, COUNT + 1)][::-1] != urgent
    refused = [claim for claim in urgent if long.desk.home.outbox.get(claim).state == "refused"]
    assert listing.refusals() == len(refused) > 0
    items = long.counter.worklist(10)
    assert [item.claim_id for item in items[: len(urgent)]] == urgent
    assert all(item.name for item in items)


def test_a_glance_is_the_summary_without_its_counts(long: Shop) -> None:
    """The same figures for the status line."""
    outbox = long.desk.home.outbox
    glance, summary = outbox.glance(), outbox.summary()
    assert (glance.waiting, glance.oldest, glance.rejected, glance.last_receipt_at, glance.line_failed) == (
        summary.waiting, summary.oldest, summary.rejected, summary.last_receipt_at, summary.line_failed,
    )  # fmt: skip
    assert glance.waiting > 0
    assert glance.oldest is not None
    assert long.counter.now() - glance.oldest > timedelta(hours=1)


def test_an_empty_home_has_empty_lists(tmp_path: Path) -> None:
    """No page, no count."""
    with open_shop(tmp_path) as shop:
        listing = Listing(shop.desk.home.store)
        assert (listing.urgent(NEWEST, 5), listing.others(NEWEST, 5), listing.refusals()) == ([], [], 0)
        assert listing.agreements_used() == []
