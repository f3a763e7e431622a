"""The access journal grows at its end and nowhere else, and its entries are what the page says they are."""

import hashlib
import hmac
import json
from pathlib import Path
from typing import get_args

import pytest
from sqlalchemy.exc import IntegrityError

from sync.contract.envelope import GENESIS, encode
from sync.crypto.symmetric import derive
from sync.queue.journal_head import journal_head
from terminal.i18n import sentences
from terminal.vault.acts import Act
from terminal.vault.journal import Deed, Entry, entry_digest, first_seal, next_seal, person_mark
from terminal.vault.journal_check import rows_in
from terminal.workflow.desk import Origin
from tests.unit.terminal.vault.journal_home import SEED, JournalHome, deed


@pytest.fixture
def journal_home(tmp_path: Path) -> JournalHome:
    """A journal of ten entries."""
    return JournalHome.make(tmp_path / "home", 10)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET who = 'nadia' WHERE entry = 3",
        "UPDATE journal SET entry = 40 WHERE entry = 3",
        "DELETE FROM journal WHERE entry = 10",
        "DELETE FROM journal",
        "INSERT OR REPLACE INTO journal SELECT 3, at, who, whom, what, subject, origin, outcome, digest FROM journal"
        " WHERE entry = 4",
        "INSERT INTO journal SELECT -1, at, who, whom, what, subject, origin, outcome, digest FROM journal"
        " WHERE entry = 4",
    ],
)
def test_the_store_refuses_all_but_a_new_entry(journal_home: JournalHome, statement: str) -> None:
    """UPDATE, DELETE, REPLACE and an INSERT before the end are refused by the file itself."""
    with pytest.raises(IntegrityError, match="only grows"), journal_home.home.store.write() as connection:
        connection.exec_driver_sql(statement)
    assert journal_home.check().ok


def test_the_digest_is_what_the_page_says(journal_home: JournalHome) -> None:
    """Digests and running seal, computed here from the written rule with other tools, are those of the store."""
    with journal_home.home.store.read() as connection:
        rows, head = list(rows_in(connection)), journal_head(connection)
    before = bytes(32)
    key = derive(SEED, "comptoir/journal/seal/v1")
    seal = hmac.digest(key, b"1\x00" + rows[0].digest.encode(), "sha256")
    for number, row in enumerate(rows, start=1):
        members = {name: getattr(row.entry, name) for name in Entry.__struct_fields__}
        text = json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        before = hashlib.sha256(b"comptoir/journal/v1\x00" + before + text).digest()
        assert (row.entry.entry, row.digest) == (number, before.hex())
        if number > 1:
            seal = hmac.digest(seal, row.digest.encode(), "sha256")
    assert (head.count, head.head, head.sealed_from, head.seal) == (10, before.hex(), 1, seal)


def test_an_entry_comes_with_its_act_or_not_at_all(journal_home: JournalHome) -> None:
    """When the transaction of the act fails, its entry is not there, and the next one continues the chain."""

    class ActFailed(Exception):
        pass

    def act() -> None:
        with journal_home.home.store.write() as connection:
            journal_home.journal.writing(deed(11))(connection)
            raise ActFailed

    with pytest.raises(ActFailed):
        act()
    assert [found.entry for found in journal_home.journal.entries()] == list(range(1, 11))
    journal_home.journal.record(deed(11), deed(12))
    assert journal_home.journal.entries()[-1].entry == 12
    assert journal_home.check().ok


def test_a_person_is_a_pseudonym_that_needs_the_shop_key() -> None:
    """The mark is that of one person at one shop; another key, rank or birth date gives another one."""
    mine = person_mark(SEED, "2840575999123", "19840523", 1)
    others = {
        person_mark(bytes(32), "2840575999123", "19840523", 1),
        person_mark(SEED, "2840575999123", "19840523", 2),
        person_mark(SEED, "2840575999123", "20100101", 1),
        person_mark(SEED, "2840575999124", "19840523", 1),
    }
    assert mine not in others
    assert len(others) == 4
    assert mine == person_mark(SEED, "2840575999123", "19840523", 1)


def test_entries_of_one_person_are_found(journal_home: JournalHome) -> None:
    """Who looked at somebody's data can be told: by the mark of a claim, and only the entries about that person."""
    subject = journal_home.journal.entries()[4].subject
    whom = journal_home.journal.whom_of(subject)
    found = journal_home.journal.entries(whom=whom)
    assert [entry.subject for entry in found] == [deed(5).subject]
    assert journal_home.journal.whom_of("nothing") == ""


def test_the_seal_begins_once(journal_home: JournalHome) -> None:
    """A seal taken away after somebody was logged in does not come back: that would hide a cut."""
    journal_home.attack("UPDATE journal_head SET seal = NULL, sealed_from = NULL")
    journal_home.journal.begin_seal(SEED)
    journal_home.journal.record(deed(11))
    assert journal_home.check(None).detail == "the running seal is missing"


def test_an_empty_journal_is_whole(tmp_path: Path) -> None:
    """Before the first act there is nothing to find."""
    made = JournalHome.make(tmp_path / "home", 1)
    assert made.check().ok
    assert entry_digest(GENESIS, made.journal.entries()[0]) == _head(made)


def _head(made: JournalHome) -> str:
    with made.home.store.read() as connection:
        return journal_head(connection).head


def test_a_long_outcome_or_an_odd_name_is_kept_as_it_is(journal_home: JournalHome) -> None:
    """Text of any kind is chained as it stands: accents, quotes, zero bytes."""
    odd = deed(11)
    texts = 'é"\\\x00\U0001f600'
    journal_home.journal.record(Deed(odd.what, odd.at, odd.origin, who=texts, subject=texts))
    assert journal_home.check().ok
    assert journal_home.journal.entries()[-1].who == texts


def test_every_act_and_origin_has_a_label() -> None:
    """What the journal can say is said in French on the screen."""
    words = [f"cli.journal.act_{act}" for act in Act] + [f"cli.journal.from_{origin}" for origin in get_args(Origin)]
    assert [word for word in words if word not in sentences()] == []


def test_the_vectors_hold() -> None:
    """Written once: canonical bytes, digests and seals of four entries do not change from one version to the next."""
    vectors = json.loads((Path(__file__).parents[3] / "vectors" / "journal" / "entries.json").read_text("utf-8"))
    before, seal = GENESIS, b""
    for written in vectors["entries"]:
        entry = Entry(**{name: written[name] for name in Entry.__struct_fields__})
        before = entry_digest(before, entry)
        first = written["entry"] == vectors["sealed_from"]
        seed = bytes.fromhex(vectors["shop_seed"])
        seal = first_seal(seed, written["entry"], before) if first else next_seal(seal, before)
        found = encode(entry).decode(), before, seal.hex()
        assert found == (written["canonical"], written["digest"], written["seal"])
