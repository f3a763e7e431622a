"""Exchanging keys: cut at every step, with others at work, and nothing that was acknowledged is missing.

Each cut is made twice: the process dies there and the terminal starts again; and what lay on the medium at that moment
is copied and started elsewhere, as after a power cut that came then.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hardware.keystore import FILE_NAME, FileDeviceSecret
from sync import home as home_module
from sync.crypto.keyslots import open_device_keys
from sync.crypto.shopslots import ShopSlots
from sync.crypto.stretching import Argon2Cost
from sync.errors import HomeInUse, KeyslotsInvalid, StoreCorrupt, StoreMoved
from sync.home import OpenHome, create_home, exchange_device_secret, exchange_store_key, home_lock, open_home
from sync.rotation import is_unsettled
from sync.store import encrypted, exchange
from sync.store.encrypted import Store
from tests.faults.exchange_worker import Registering
from tests.unit.sync.queue.envelopes import claim_id, entry

STORE_STEPS = ("begin", "export", "check", "flush", "mark", "end", "forget")
DEVICE_STEPS = ("make", "admit", "place", "name", "check", "keep", "forget")
AFTER_THE_MARK = ("end", "forget")
AFTER_THE_NAME = ("name", "check", "keep", "forget")
CHEAP = Argon2Cost(memory_kib=64, passes=1, lanes=1)


class TokenSecret(FileDeviceSecret):
    """A device secret of another provider."""

    name = "other"


def other_provider(home: Path, *, create: bool = False) -> TokenSecret:
    """Another provider, whose file has another name."""
    secret = TokenSecret(home / "device.other")
    if create:
        secret.create()
    return secret


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with three claims and a person, closed; a second provider is installed."""
    known = home_module._provider

    def provider(named: object) -> object:
        return other_provider if named == "other" else known(named)  # type: ignore[arg-type]  # as the function itself

    monkeypatch.setattr(home_module, "_provider", provider)
    with create_home(tmp_path / "home") as home:
        for number in range(3):
            home.outbox.enqueue(entry(number))
        people(home).add_pin("camille", "2468")
    return tmp_path / "home"


def people(home: OpenHome) -> ShopSlots:
    """The slots of a home, at a cost for tests."""
    return ShopSlots(home.keyslots, home.device_secret, lambda: CHEAP, home.ask_device_secret)


def cut_at(step: str, then: Callable[[], None] = lambda: None) -> Callable[[str], None]:
    """A step listener at which the process dies, after `then`."""

    def listen(reached: str) -> None:
        if reached == step:
            then()
            raise KeyboardInterrupt

    return listen


def photograph(path: Path, copy: Path) -> None:
    """What is on the medium now."""
    shutil.copytree(path, copy)


def require_whole(path: Path, claims: int = 3) -> OpenHome:
    """The home opens, settled, with these claims, its person, and clean checks."""
    home = open_home(path)
    assert all(line.ok for line in home.check())
    assert {row.claim_id for row in home.outbox.rows()} == {claim_id(number) for number in range(claims)}
    assert people(home).open_pin("camille", "2468")
    assert not is_unsettled(path)
    stores = [file.name for file in path.glob("store*.db")]
    assert stores == [home.store.path.name]
    return home


def keys_of(path: Path) -> tuple[int, bytes]:
    """Generation and key of the store, by the device secret of now."""
    keys = open_device_keys(path / "keyslots.json", home_module.device_secret_of(path).secret())
    return keys.generation, keys.store_key


def test_the_store_comes_under_a_new_key(path: Path) -> None:
    """The content is the same, the former key opens nothing any more, and it can be done again."""
    former = keys_of(path)
    for generation in (2, 3):
        with open_home(path) as home:
            exchange_store_key(home)
        require_whole(path).close()
        assert keys_of(path)[0] == generation
    assert keys_of(path)[1] != former[1]
    with pytest.raises(StoreCorrupt):
        Store.open(path / "store-3.db", former[1], create=False)


@pytest.mark.parametrize("step", STORE_STEPS)
def test_an_exchange_of_the_store_key_that_dies_is_ended_or_taken_back(path: Path, step: str) -> None:
    """Killed there: the next start has every claim, under the new key exactly when the old file was marked."""
    with open_home(path) as home, pytest.raises(KeyboardInterrupt):
        exchange_store_key(home, cut_at(step))
    require_whole(path).close()
    assert keys_of(path)[0] == (2 if step in AFTER_THE_MARK else 1)
    with open_home(path) as home:
        exchange_store_key(home)
        home.outbox.enqueue(entry(3))
    require_whole(path, 4).close()


@pytest.mark.parametrize("step", STORE_STEPS)
def test_what_lies_on_the_medium_at_each_step_is_whole(path: Path, tmp_path: Path, step: str) -> None:
    """A copy of the files as they are at that moment starts with every claim."""
    copy = tmp_path / "copy"
    with open_home(path) as home, pytest.raises(KeyboardInterrupt):
        exchange_store_key(home, cut_at(step, lambda: photograph(path, copy)))
    require_whole(copy).close()


@pytest.mark.parametrize("step", AFTER_THE_MARK)
def test_others_follow_even_when_the_exchange_dies_after_the_mark(path: Path, step: str) -> None:
    """A process that had the old file open registers into the new one, though nobody ended the exchange."""
    with open_home(path) as other:
        assert len(other.outbox.rows()) == 3
        with open_home(path) as home, pytest.raises(KeyboardInterrupt):
            exchange_store_key(home, cut_at(step))
        other.outbox.enqueue(entry(3))
        assert other.store.path.name == "store-2.db"
    require_whole(path, 4).close()


def test_others_follow_when_the_old_file_is_gone(path: Path) -> None:
    """A process without an open connection finds no file where it was, and asks where it is."""
    with open_home(path) as other:
        other.store.close()
        with open_home(path) as home:
            exchange_store_key(home)
        assert not (path / "store.db").exists()
        other.outbox.enqueue(entry(3))
        assert other.store.path.name == "store-2.db"
    require_whole(path, 4).close()


@pytest.mark.parametrize("step", ["begin", "export", "check", "flush", "mark"])
def test_others_stay_when_the_exchange_dies_before_the_mark(path: Path, step: str) -> None:
    """What they registered afterwards is in the old file, and the copy is forgotten."""
    with open_home(path) as other:
        with open_home(path) as home, pytest.raises(KeyboardInterrupt):
            exchange_store_key(home, cut_at(step))
        other.outbox.enqueue(entry(3))
        assert other.store.path.name == "store.db"
    require_whole(path, 4).close()


def test_a_process_at_work_loses_no_claim_while_the_key_changes_under_it(path: Path) -> None:
    """It registers without a pause while the store's key is exchanged five times and the device secret twice."""
    worker = Registering(path, 3)
    worker.hear(1)
    with open_home(path) as home:
        for _ in range(5):
            exchange_store_key(home)
            worker.hear(1)
    for _ in range(2):
        exchange_device_secret(path)
        worker.hear(1)
    with open_home(path) as home:
        exchange_store_key(home)
    said = worker.stop()
    assert said == list(range(3, 3 + len(said)))
    require_whole(path, 3 + len(said)).close()
    assert keys_of(path)[0] == 7


def test_a_copy_that_is_not_the_same_is_thrown_away(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row less in the copy: the exchange is refused, and the former file counts."""
    attached = exchange._tables

    def spoiled(connection: object) -> list[str]:
        connection.execute("DELETE FROM next.outbox WHERE rowid = 1")  # type: ignore[attr-defined]  # a driver connection
        return attached(connection)

    monkeypatch.setattr(exchange, "_tables", spoiled)
    with open_home(path) as home, pytest.raises(StoreCorrupt):
        exchange_store_key(home)
    require_whole(path).close()
    assert keys_of(path)[0] == 1


def test_nothing_is_forgotten_when_the_file_that_counts_is_missing(path: Path) -> None:
    """Old keyslots put back beside a newer store: nothing opens, and the newer store is still there."""
    old = (path / "keyslots.json").read_bytes()
    with open_home(path) as home:
        exchange_store_key(home)
    (path / "keyslots.json").write_bytes(old)
    with pytest.raises(StoreCorrupt):
        open_home(path)
    assert (path / "store-2.db").stat().st_size > 0


@pytest.mark.parametrize("provider", [None, "other"])
def test_another_device_secret_comes_under_the_keys(path: Path, provider: str | None) -> None:
    """Everybody keeps their PIN; the former secret opens nothing any more, and its file is gone."""
    former = (path / FILE_NAME).read_bytes()
    assert exchange_device_secret(path, provider) == (provider or "file")
    with require_whole(path) as home:
        assert home.device_secret != former
        assert home.device_secret_name == (provider or "file")
    with pytest.raises(KeyslotsInvalid):
        open_device_keys(path / "keyslots.json", former)
    assert [file.name for file in path.glob("device.*")] == ["device.other" if provider else FILE_NAME]


@pytest.mark.parametrize("provider", [None, "other"])
@pytest.mark.parametrize("step", DEVICE_STEPS)
def test_an_exchange_of_the_device_secret_cut_anywhere_opens(
    path: Path, tmp_path: Path, step: str, provider: str | None
) -> None:
    """Killed there, and as the medium was there: the home opens, by one secret alone, and can be exchanged again."""
    former, copy = (path / FILE_NAME).read_bytes(), tmp_path / "copy"
    with pytest.raises(KeyboardInterrupt):
        exchange_device_secret(path, provider, cut_at(step, lambda: photograph(path, copy)))
    for place in (path, copy):
        with require_whole(place) as home:
            new = step in (AFTER_THE_NAME if provider is None else AFTER_THE_NAME[1:])
            assert (home.device_secret != former) is new
        exchange_device_secret(place, provider)
        require_whole(place).close()


def test_an_open_counter_goes_on_with_another_device_secret(path: Path) -> None:
    """It opens slots, changes PINs, and asks the provider only when the secret it holds no longer serves."""
    with open_home(path) as counter:
        slots = people(counter)
        seed = slots.open_pin("camille", "2468")
        exchange_device_secret(path)
        assert slots.open_pin("camille", "2468") == seed
        slots.change_pin("camille", "2468", "1111")
        assert slots.open_pin("camille", "1111") == seed


def test_one_exchange_at_a_time(path: Path) -> None:
    """Another one is refused while its lock is held, and opening beside it disturbs nothing."""
    with home_lock(path, "rotation"), open_home(path) as home:
        with pytest.raises(HomeInUse):
            exchange_store_key(home)
        with pytest.raises(HomeInUse):
            exchange_device_secret(path)


def test_opening_beside_an_exchange_disturbs_nothing(path: Path) -> None:
    """A terminal that starts in the middle of another process's exchange takes nothing back."""

    def start_another(_step: str) -> None:
        with open_home(path) as other:
            assert len(other.outbox.rows()) == 3

    with open_home(path) as home:
        exchange_store_key(home, start_another)
    exchange_device_secret(path, None, start_another)
    require_whole(path).close()
    assert keys_of(path)[0] == 2


@pytest.mark.parametrize("moment", ["open_device_keys", "_open_parts"])
def test_a_start_that_an_exchange_overtakes_reads_again(
    path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Between reading a key and using it, another process exchanged it and forgot the former one."""
    genuine = getattr(home_module, moment)

    def overtaken(*given: object, **named: object) -> object:
        monkeypatch.undo()
        exchange_device_secret(path)
        with open_home(path) as other:
            exchange_store_key(other)
        return genuine(*given, **named)

    monkeypatch.setattr(home_module, moment, overtaken)
    with open_home(path) as home:
        assert len(home.outbox.rows()) == 3
    require_whole(path).close()


@pytest.mark.parametrize("opened_first", [False, True])
def test_a_file_that_is_forgotten_while_it_is_opened_takes_no_claim(
    path: Path, monkeypatch: pytest.MonkeyPatch, *, opened_first: bool
) -> None:
    """Another process exchanges the key as the driver opens the old file, while a third one is reading there.

    Just before, no empty file takes its place; just after, the log with the mark has lost its name with the file.
    """
    genuine = encrypted._opened

    def overtaken(place: Path) -> object:
        monkeypatch.undo()
        early = genuine(place) if opened_first else None
        with reader.store.read(), open_home(path) as home:
            exchange_store_key(home)
        return early or genuine(place)

    with open_home(path) as other, open_home(path) as reader:
        reader.outbox.rows()
        other.store.close()
        monkeypatch.setattr(encrypted, "_opened", overtaken)
        other.outbox.enqueue(entry(3))
    require_whole(path, 4).close()


def test_a_process_that_sleeps_through_many_exchanges_finds_its_way(path: Path) -> None:
    """However often the file moved meanwhile, and while it follows."""
    with open_home(path) as other, open_home(path) as home:
        whereto = other.store._whereto
        assert whereto is not None
        left = 7

        def late() -> tuple[Path, bytes]:
            nonlocal left
            found = whereto()
            if left:
                left -= 1
                exchange_store_key(home)
            return found

        other.store._whereto = late
        exchange_store_key(home)
        other.outbox.enqueue(entry(3))
    assert left == 0
    require_whole(path, 4).close()


def test_a_file_that_was_left_for_nowhere_is_named(path: Path) -> None:
    """The mark is there and the keyslots name the same file: said at once, not asked for ever."""
    with open_home(path) as home:
        home.store._whereto = lambda: (home.store.path, b"")
        with home.store.write() as connection:
            connection.exec_driver_sql(f"PRAGMA user_version = {encrypted.MOVED}")
        with pytest.raises(StoreMoved):
            home.outbox.rows()
