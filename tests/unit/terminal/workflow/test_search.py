"""Finding claims in a long history of a real shop: each kind of word, page by page, and nothing kept in memory."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from terminal.cli import main
from terminal.domain.search import Search, read_search
from terminal.vault.acts import Act
from terminal.wording import state_words
from terminal.workflow import search
from terminal.workflow.desk import PARIS
from terminal.workflow.followed import WorkItem
from terminal.workflow.search import find
from tests.benchmarks.long_list import NAMES, fill
from tests.tui.real_shop import PIN, USER, Shop, open_shop

COUNT = 300


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop with a history, somebody logged in."""
    with open_shop(tmp_path_factory.mktemp("long")) as shop:
        fill(shop.desk, COUNT)
        shop.counter.unlock(USER, PIN)
        yield shop


def typed(shop: Shop, words: str) -> Search:
    """A search of today."""
    return read_search(words, shop.desk.today(), state_words())


def found(shop: Shop, words: str, limit: int = 50) -> list[WorkItem]:
    """All that a search finds, page after page."""
    items, before = list[WorkItem](), None
    while True:
        page = find(shop.desk, typed(shop, words), before, limit)
        assert len(page.items) <= limit
        items += page.items
        before = page.before
        if before is None:
            return items


def numbers(items: list[WorkItem]) -> list[int]:
    """Their ordinals."""
    return [int(item.number.rpartition("-")[2]) for item in items]


def every(shop: Shop) -> list[WorkItem]:
    """The whole history, newest first."""
    return found(shop, "")


def test_an_empty_field_finds_everything_newest_first(long: Shop) -> None:
    """Also what is gone; no page repeats or leaves out a claim."""
    assert numbers(every(long)) == list(range(COUNT, 0, -1))
    assert numbers(found(long, "", limit=7)) == list(range(COUNT, 0, -1))


def test_a_number_finds_its_claim_in_any_year(long: Shop) -> None:
    """And a year narrows it."""
    (item,) = found(long, "0042")
    assert item.number.endswith("-0042")
    assert found(long, item.number) == [item]
    assert found(long, "1999-0042") == []
    assert found(long, "999999") == []


def test_names_are_found_in_the_dossiers_alone(long: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """By any beginning, without accents, in steps that each open few dossiers; none is kept that is not shown."""
    monkeypatch.setattr(search, "SPAN", 20)
    long.counter.lock()
    long.counter.unlock(USER, PIN)
    name = NAMES[3]
    wanted = [number for number in range(COUNT, 0, -1) if number % len(NAMES) == 3]
    assert numbers(found(long, name[:4].lower())) == wanted
    assert len(long.desk.vault.dossiers._known) == len(wanted)
    assert numbers(found(long, f"{name} zoe13")) == [number for number in wanted if str(number).startswith("13")]
    assert found(long, "personne") == []


def test_amounts_states_days_and_insurers_are_found(long: Shop) -> None:
    """Each alone and together."""
    whole = every(long)
    (item,) = found(long, "96,23")
    assert numbers([item]) == [123]
    assert found(long, "rejet") == [one for one in whole if one.state == "rejected"]
    assert found(long, "payée", limit=9) == [one for one in whole if one.state == "paid"]
    days = {one.claim_id: one.created_at.astimezone(PARIS).date() for one in whole}
    day = days[whole[100].claim_id]
    of_day = [claim_id for claim_id, one in days.items() if one == day]
    assert [one.claim_id for one in found(long, day.strftime("%d/%m/%Y"))] == of_day
    of_month = [claim_id for claim_id, one in days.items() if (one.year, one.month) == (day.year, day.month)]
    assert [one.claim_id for one in found(long, day.strftime("%m/%Y"))] == of_month
    assert found(long, "mutuelle essai") == whole
    assert found(long, f"rejet {NAMES[1]}") == [
        one for one in whole if one.state == "rejected" and one.name.startswith(NAMES[1])
    ]
    assert found(long, "autre") == []


def test_what_is_shown_is_noted_once(long: Shop) -> None:
    """A search that shows nothing notes nothing; the same claim again is no new entry."""
    long.counter.lock()
    long.counter.unlock(USER, PIN)
    before = len(long.desk.vault.journal.entries())
    found(long, "personne")
    assert len(long.desk.vault.journal.entries()) == before
    (item,) = found(long, "0042")
    found(long, "0042")
    listed = long.desk.vault.journal.entries()[before:]
    assert [(entry.what, entry.subject) for entry in listed] == [(Act.DOSSIER_LISTED, item.claim_id)]


def test_the_command_line_finds_the_same(long: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In parts, with where to go on; a day that is none is refused; no NIR is shown."""
    pin = tmp_path / "pin"
    pin.write_text(PIN + "\n", encoding="utf-8")
    login = ["--home", str(long.desk.home.path), "--pin-file", str(pin)]
    assert main(["claim", "find", "payée", "--limit", "3", "--json", *login]) == 0
    said = json.loads(capsys.readouterr().out)
    whole = [item.claim_id for item in found(long, "payée")]
    assert [one["claim_id"] for one in said["claims"]] == whole[:3]
    assert main(["claim", "find", "payée", "--limit", "3", "--before", str(said["before"]), "--json", *login]) == 0
    assert [one["claim_id"] for one in json.loads(capsys.readouterr().out)["claims"]] == whole[3:6]
    assert main(["claim", "find", "0042", *login]) == 0
    shown = capsys.readouterr().out
    assert "1 trouvée(s)" in shown
    assert "2840575" not in shown
    assert main(["claim", "find", "31/02/2026", *login]) == 1
    assert "n'existe pas" in capsys.readouterr().err
