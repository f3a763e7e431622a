"""A journal of a hundred entries, and whoever edits, removes, moves or cuts off some: `comptoir verify` says so.

Rules: the attacker has the store's key and takes the triggers away; every change is made in the store itself and judged
by the check of `comptoir verify`, then rolled back. An attacker who also mends digests and head is tried as well.
"""

import itertools
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import cast

import msgspec
import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from sync.contract.envelope import GENESIS
from sync.queue.journal_head import journal_head, set_journal_head, signed_anchors
from terminal.vault.journal import entry_digest
from terminal.vault.journal_check import Stored, broken, judge, rows_in
from tests.unit.terminal.vault.journal_home import SEED, JournalHome

ENTRIES, ANCHORED = 100, 60
COLUMNS = ("at", "who", "whom", "what", "subject", "origin", "outcome", "digest")


@pytest.fixture(scope="module")
def hundred(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JournalHome]:
    """A hundred entries; after the sixtieth a claim was dispatched."""
    made = JournalHome.make(tmp_path_factory.mktemp("journal") / "home", ENTRIES, ANCHORED)
    assert made.check().ok
    made.attack()
    yield made
    assert made.check().ok, "every change was rolled back"
    made.home.close()


class UndoneError(Exception):
    """Ends a transaction without keeping it."""


def found_in(connection: Connection, seed: bytes | None = None) -> bool:
    """Whether the check of `comptoir verify` finds something, in this very transaction."""
    return not judge(rows_in(connection), journal_head(connection), [], seed).ok


def found_entries(connection: Connection) -> set[int]:
    """The entries that the check names as changed or out of place."""
    return {int(number) for finding in broken(rows_in(connection)) for number in re.findall(r"entry (-?\d+)", finding)}


def changing(made: JournalHome) -> Iterator[Connection]:
    """A transaction on the journal's store that is rolled back at the end."""
    with suppress(UndoneError), made.home.store.write() as connection:
        yield connection
        raise UndoneError


def flip_number(value: int, place: int) -> int:
    """The number with one bit flipped in one of its 8 bytes."""
    return cast("int", flip(value, place))


def flip(value: int | str, place: int) -> int | bytes | None:
    """The value with one bit flipped in one of its bytes (a number has 8), None behind its end."""
    raw = value.to_bytes(8, "big", signed=True) if isinstance(value, int) else value.encode()
    if place >= len(raw):
        return None
    flipped = bytes([*raw[:place], raw[place] ^ (1 << place % 8), *raw[place + 1 :]])
    return int.from_bytes(flipped, "big", signed=True) if isinstance(value, int) else flipped


@pytest.mark.parametrize("column", COLUMNS)
def test_every_flipped_byte_is_found(hundred: JournalHome, column: str) -> None:
    """A bit flipped in each byte of this column of each entry, in the store: each is named, without any PIN.

    Every second entry is changed at a time, so that each has a whole one before it and answers for itself.
    """
    tried, longest = 0, 0
    for connection in changing(hundred):
        rows = list(rows_in(connection))
        values = {row.entry.entry: row.digest if column == "digest" else getattr(row.entry, column) for row in rows}
        longest = max(len(str(value).encode()) for value in values.values()) if column != "at" else 8
        for place, rest in itertools.product(range(longest), (0, 1)):
            changed = {number: flip(value, place) for number, value in values.items() if number % 2 == rest}
            told = {number: value for number, value in changed.items() if value is not None}
            savepoint = connection.begin_nested()
            set_values(connection, column, told)
            assert told.keys() <= found_entries(connection), (column, place)
            savepoint.rollback()
            tried += len(told)
    assert tried == sum(8 if column == "at" else len(str(value).encode()) for value in values.values())


def set_values(connection: Connection, column: str, values: dict[int, int | bytes]) -> None:
    """Write a value of one column into each of these entries; bytes go into the text as they are."""
    for number, value in values.items():
        given = "CAST(? AS TEXT)" if isinstance(value, bytes) else "?"
        connection.exec_driver_sql(f"UPDATE journal SET {column} = {given} WHERE entry = ?", (value, number))


def test_every_flipped_number_is_found(hundred: JournalHome) -> None:
    """A bit flipped in each byte of each entry's number: the entry is missing in its place."""
    tried = 0
    for connection in changing(hundred):
        for number, place in itertools.product(range(1, ENTRIES + 1), range(8)):
            savepoint = connection.begin_nested()
            with suppress(IntegrityError):  # a number that another entry has: the file cannot hold both
                set_values(connection, "entry", {number: flip_number(number, place)})
                assert found_in(connection), (number, place)
                tried += 1
            savepoint.rollback()
    assert tried > 7 * ENTRIES


def test_every_flipped_byte_of_the_head_is_found(hundred: JournalHome) -> None:
    """The head in the store, all of its members: number, digest, and the running seal with where it began."""
    for connection in changing(hundred):
        head = journal_head(connection)
        assert head.seal is not None
        assert head.sealed_from is not None
        bent = [replace(head, count=flip_number(head.count, place)) for place in range(8)]
        bent += [replace(head, head=flip_in(head.head.encode(), place).decode()) for place in range(64)]
        bent += [replace(head, sealed_from=flip_number(head.sealed_from, place)) for place in range(8)]
        bent += [replace(head, seal=flip_in(head.seal, place)) for place in range(len(head.seal))]
        assert len(bent) == 8 + 64 + 8 + 32
        for changed in bent:
            set_journal_head(connection, changed)
            assert found_in(connection, SEED), changed


def flip_in(raw: bytes, place: int) -> bytes:
    """`raw` with the lowest bit of one byte flipped."""
    return bytes([*raw[:place], raw[place] ^ 1, *raw[place + 1 :]])


def test_every_removed_entry_is_found(hundred: JournalHome) -> None:
    """Each entry taken away alone; and all from each on, which is cutting off the tail."""
    for connection in changing(hundred):
        for condition in ("entry = ?", "entry >= ?"):
            for number in range(1, ENTRIES + 1):
                savepoint = connection.begin_nested()
                connection.exec_driver_sql(f"DELETE FROM journal WHERE {condition}", (number,))
                assert found_in(connection), (condition, number)
                savepoint.rollback()


def test_every_exchange_of_neighbours_is_found(hundred: JournalHome) -> None:
    """Two entries that take each other's place, digests and all."""
    for connection in changing(hundred):
        for number in range(1, ENTRIES):
            savepoint = connection.begin_nested()
            for old, new in ((number, -1), (number + 1, number), (-1, number + 1)):
                connection.exec_driver_sql("UPDATE journal SET entry = ? WHERE entry = ?", (new, old))
            assert found_in(connection), number
            savepoint.rollback()


def mended(rows: list[Stored]) -> tuple[list[Stored], str]:
    """The same entries numbered and chained anew, and the digest of the last: what a careful attacker writes."""
    before, chained = GENESIS, []
    for number, row in enumerate(rows, start=1):
        entry = msgspec.structs.replace(row.entry, entry=number)
        before = entry_digest(before, entry)
        chained.append(Stored(entry, before))
    return chained, before


def verdict_on(made: JournalHome, rows: list[Stored], seed: bytes | None) -> str:
    """What the check says of mended rows whose attacker set the head as well; the running seal he has to leave."""
    chained, digest = mended(rows)
    with made.home.store.read() as connection:
        head = replace(journal_head(connection), count=len(chained), head=digest)
        line = judge(chained, head, signed_anchors(connection, made.home.counterfoil), seed)
    return "" if line.ok else line.detail


def rows_of(made: JournalHome) -> list[Stored]:
    """The entries as they were written."""
    with made.home.store.read() as connection:
        return list(rows_in(connection))


@pytest.mark.parametrize("last", [1, 30, ANCHORED - 1])
def test_a_mended_cut_before_a_dispatch_is_found_by_what_was_signed(hundred: JournalHome, last: int) -> None:
    """Whoever cuts the tail off and sets the head back as well is caught by the dispatch, without any PIN."""
    assert "signed for an insurer" in verdict_on(hundred, rows_of(hundred)[:last], None)


@pytest.mark.parametrize("last", [ANCHORED, ANCHORED + 1, ENTRIES - 1])
def test_a_mended_cut_after_the_last_dispatch_is_found_by_the_seal(hundred: JournalHome, last: int) -> None:
    """What nothing was signed for since is caught by the running seal, as soon as somebody is logged in."""
    assert verdict_on(hundred, rows_of(hundred)[:last], None) == ""
    assert "seal" in verdict_on(hundred, rows_of(hundred)[:last], SEED)


@pytest.mark.parametrize(
    ("number", "seed", "word"), [(30, None, "signed"), (ANCHORED, None, "signed"), (99, SEED, "seal")]
)
def test_a_mended_edit_is_found(hundred: JournalHome, number: int, seed: bytes | None, word: str) -> None:
    """An entry edited, and all digests behind it computed anew: caught by what was signed, or by the seal."""
    rows = rows_of(hundred)
    rows[number - 1] = replace(rows[number - 1], entry=msgspec.structs.replace(rows[number - 1].entry, who="nadia"))
    assert word in verdict_on(hundred, rows, seed)


def test_a_forged_entry_is_not_taken_for_a_written_one(hundred: JournalHome) -> None:
    """An entry put in between, all mended, is found; what is put at the end by somebody with a PIN is an entry."""
    rows = rows_of(hundred)
    forged = Stored(msgspec.structs.replace(rows[5].entry, who="nadia"), "")
    assert "signed" in verdict_on(hundred, [*rows[:20], forged, *rows[20:]], None)
    assert "seal" in verdict_on(hundred, [*rows[:80], forged, *rows[80:]], SEED)
    assert verdict_on(hundred, rows, SEED) == ""


def test_the_counterfoil_alone_still_tells(tmp_path: Path) -> None:
    """With the dispatch taken out of the store too, the counterfoil has it: the cut is found all the same."""
    made = JournalHome.make(tmp_path / "home", 12, 8)
    made.attack("DELETE FROM journal WHERE entry > 5", "UPDATE outbox SET dispatch = NULL, seq = NULL")
    digest = rows_of(made)[-1].digest
    made.attack(f"UPDATE journal_head SET count = 5, head = '{digest}'")
    assert "signed for an insurer" in made.check(None).detail
    made.home.close()
