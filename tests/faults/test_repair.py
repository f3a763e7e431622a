"""A damaged home is brought back to work: the four ways in which store and counterfoil can disagree, and `rebuild`."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sync.errors import CounterfoilCorrupt, StoreCorrupt
from sync.home import OpenHome, create_home, open_home
from sync.marker import keep_second_copy
from sync.repair import rebuild
from terminal.cli import main
from terminal.config import Config, write_config
from tests.unit.sync.queue.envelopes import INSURER, LATER, claim_id, entry

TOLD = 8


def flip(path: Path, place: int) -> None:
    """Turn one bit of a file over."""
    content = bytearray(path.read_bytes())
    content[place] ^= 4
    path.write_bytes(content)


def states(home: Path) -> dict[str, str]:
    """State by claim, after a start; all checks of the product must hold."""
    with open_home(home) as opened:
        opened.outbox.reconcile()
        assert all(line.ok for line in opened.check())
        return {row.claim_id: row.state for row in opened.outbox.rows()}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with eight claims of which the first three left."""
    with create_home(tmp_path / "home") as made:
        for number in range(TOLD):
            made.outbox.enqueue(entry(number))
        made.outbox.dispatch(INSURER, [claim_id(number) for number in range(3)], made.signer, LATER)
    return tmp_path / "home"


EXPECTED = {claim_id(number): "sending" if number < 3 else "queued" for number in range(TOLD)}


def store_behind(home: Path) -> None:
    """An old copy of the store is put back after more was registered."""
    shutil.copy(home / "store.db", home.parent / "old.db")
    with open_home(home) as opened:
        opened.outbox.enqueue(entry(TOLD))
    shutil.copy(home.parent / "old.db", home / "store.db")


def store_lost(home: Path) -> None:
    """There is no store any more."""
    (home / "store.db").unlink()


def counterfoil_torn(home: Path) -> None:
    """The last append is there in part."""
    path = home / "counterfoil.log"
    path.write_bytes(path.read_bytes()[:-40])


def both_disagree(home: Path) -> None:
    """The store lost its newest claim, the counterfoil an old one in its middle."""
    store_behind(home)
    flip(home / "counterfoil.log", 2000)


@pytest.mark.parametrize("harm", [store_behind, store_lost, counterfoil_torn, both_disagree])
def test_each_disagreement_ends_with_every_claim(home: Path, harm: Callable[[Path], None]) -> None:
    """After a start, or `rebuild` where the start says what is damaged: all claims are there, those that left too."""
    harm(home)
    try:
        found = states(home)
    except (StoreCorrupt, CounterfoilCorrupt):
        rebuild(home)
        found = states(home)
    assert EXPECTED.keys() <= found.keys()
    for claim, state in EXPECTED.items():
        assert found[claim] == state or (found[claim] == "blocked" and state == "queued")
    assert set(found) - set(EXPECTED) <= {claim_id(TOLD)}


def test_a_store_damaged_in_one_page_keeps_what_the_others_hold(home: Path) -> None:
    """Whichever page of the store is spoilt: `rebuild` sets it aside, keeps the rest, and no claim is missing."""
    with open_home(home) as opened, opened.store.write() as connection:
        connection.exec_driver_sql("CREATE TABLE kept (n INTEGER PRIMARY KEY) STRICT")
        connection.exec_driver_sql("INSERT INTO kept VALUES (7)")
    size = (home / "store.db").stat().st_size
    incomplete = [rebuilt_after(home, page) for page in range(1, size // 4096)]
    assert sum("kept" in tables for tables in incomplete) == 1
    assert sum("*" in tables for tables in incomplete) <= 3, (
        "only what says which tables there are may cost all of them"
    )


def rebuilt_after(home: Path, page: int) -> tuple[str, ...]:
    """Spoil one page of a copy and rebuild it: every claim is there; the tables that lost rows."""
    copy = home.parent / f"copy-{page}"
    shutil.copytree(home, copy)
    flip(copy / "store.db", page * 4096 + 100)
    done = rebuild(copy)
    assert done.store
    assert (copy / "store.db.damaged-1").exists()
    assert states(copy).keys() == EXPECTED.keys()
    shutil.rmtree(copy)
    return done.incomplete


def test_a_whole_home_is_left_as_it_is(home: Path) -> None:
    """Nothing is set aside, nothing written, nothing blocked."""
    before = (home / "counterfoil.log").read_bytes()
    done = rebuild(home)
    assert (done.store, done.counterfoil, done.recovered, done.repaired) == (False, False, (), ())
    assert (home / "counterfoil.log").read_bytes() == before
    assert states(home) == EXPECTED
    assert not list(home.glob("*.damaged-*"))


def test_rebuilding_twice_changes_nothing_more(home: Path) -> None:
    """What was rebuilt is whole."""
    both_disagree(home)
    rebuild(home)
    found = states(home)
    assert not rebuild(home).store
    assert states(home) == found


@pytest.fixture
def copied(home: Path) -> tuple[Path, Path]:
    """The same home with a second copy of its counterfoil on another medium, and four more claims."""
    stick = home.parent / "stick"
    stick.mkdir()
    keep_second_copy(home, stick / "counterfoil.log")
    with open_home(home) as opened:
        for number in range(TOLD, TOLD + 4):
            opened.outbox.enqueue(entry(number))
    return home, stick


def test_the_second_copy_is_the_same_file(copied: tuple[Path, Path]) -> None:
    """What was there before is copied at the start, each append with its act."""
    home, stick = copied
    assert (stick / "counterfoil.log").read_bytes() == (home / "counterfoil.log").read_bytes()


@pytest.mark.parametrize("harm", ["middle", "tail", "gone"])
def test_the_second_copy_restores_the_first(copied: tuple[Path, Path], harm: str) -> None:
    """A spoilt block, a torn tail, a lost file: written back from the copy, byte by byte the same."""
    home, _ = copied
    path = home / "counterfoil.log"
    whole = path.read_bytes()
    if harm == "middle":
        flip(path, len(whole) // 2)
    elif harm == "tail":
        path.write_bytes(whole[:-5000])
    else:
        path.unlink()
    with open_home(home) as opened:
        assert opened.counterfoil.restored_blocks
        assert opened.outbox.reconcile().recovered == ()
    assert path.read_bytes() == whole


def test_both_lost_but_the_copy_gives_every_claim_back(copied: tuple[Path, Path]) -> None:
    """Store and counterfoil are gone: the stick alone names every claim, and what left is on its way."""
    home, _ = copied
    (home / "store.db").unlink()
    (home / "counterfoil.log").unlink()
    rebuild(home)
    assert states(home).keys() == {claim_id(number) for number in range(TOLD + 4)}


def test_a_stick_that_is_not_there_stops_nobody(copied: tuple[Path, Path]) -> None:
    """Claims are registered without it and `behind` says so; when it is back it catches up."""
    home, stick = copied
    stick.rename(home.parent / "pocket")
    with open_home(home) as opened:
        opened.outbox.enqueue(entry(20))
        assert behind(opened)
    (home.parent / "pocket").rename(stick)
    with open_home(home) as opened:
        assert not behind(opened)
    assert (stick / "counterfoil.log").read_bytes() == (home / "counterfoil.log").read_bytes()


def test_a_copy_that_says_something_else_is_left_alone(copied: tuple[Path, Path]) -> None:
    """Another terminal's stick, or a damaged one, is never overwritten."""
    home, stick = copied
    flip(stick / "counterfoil.log", 900)
    other = (stick / "counterfoil.log").read_bytes()
    with open_home(home) as opened:
        opened.outbox.enqueue(entry(21))
        assert behind(opened)
    assert (stick / "counterfoil.log").read_bytes() == other


def behind(home: OpenHome) -> bool:
    """Whether the second copy lacks something."""
    assert home.counterfoil.second is not None
    return home.counterfoil.second.behind


def test_the_technician_rebuilds_from_the_command_line(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`comptoir verify` refuses a damaged home by its code, `comptoir rebuild` says what came back, then all holds."""
    write_config(home, Config(shop_am_id="991000019", shop_name="Optique Exemple"))
    flip(home / "counterfoil.log", 2000)
    assert main(["verify", "--home", str(home), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "counterfoil_corrupt"
    assert main(["rebuild", "--home", str(home), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["repaired"] == [claim_id(1)]
    assert main(["verify", "--home", str(home), "--json"]) == 0
    assert main(["second-copy", str(home.parent / "copy.log"), "--home", str(home), "--json"]) == 0
    capsys.readouterr()
    assert main(["second-copy", "--home", str(home)]) == 0
    assert "copy.log" in capsys.readouterr().out
