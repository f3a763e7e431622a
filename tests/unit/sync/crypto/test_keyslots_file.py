"""Keyslots: who opens what, and what a damaged or foreign file is called."""

import json
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.crypto import OpeningKey
from sync.crypto.keyslots import DeviceKeys, SlotInfo, create_keyslots, open_device_keys, shop_public, slots
from sync.crypto.shopslots import ShopSlots
from sync.crypto.stretching import Argon2Cost, calibrate
from sync.errors import KeyslotsInvalid, PinInvalid, PinSlotExists, PinWrong

SECRET = bytes(range(32))
OTHER_SECRET = bytes(range(1, 33))
CHEAP = Argon2Cost(memory_kib=64, passes=1, lanes=1)  # a real cost would make these tests minutes long


def shop_slots(path: Path, secret: bytes = SECRET, cost: Argon2Cost = CHEAP) -> ShopSlots:
    """The slots of a file."""
    return ShopSlots(path, secret, lambda: cost)


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, DeviceKeys]:
    """A new keyslots file and its device keys."""
    path = tmp_path / "keyslots.json"
    return path, create_keyslots(path, SECRET)


@pytest.fixture(scope="module")
def peopled(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Callable[[bytes], Path]]:
    """The bytes of a file with two people, and a function that puts such bytes into a file of their own."""
    folder = tmp_path_factory.mktemp("keyslots")
    path = folder / "keyslots.json"
    create_keyslots(path, SECRET)
    seed = shop_slots(path).add_pin("claire", "4321")
    shop_slots(path).add_pin("anne", "987654321012", seed, role="staff")

    def placed(content: bytes) -> Path:
        copy = folder / "changed.json"
        copy.write_bytes(content)
        return copy

    return path.read_bytes(), placed


def test_the_device_opens_its_keys(keys: tuple[Path, DeviceKeys]) -> None:
    """What was created is what opens, and the file is its owner's alone."""
    path, created = keys
    opened = open_device_keys(path, SECRET)
    assert (opened.store_key, opened.signing.kid, opened.tls) == (created.store_key, created.signing.kid, created.tls)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["keyslots.json"]


def test_keyslots_are_created_once(keys: tuple[Path, DeviceKeys]) -> None:
    """A second creation is refused and the first keys stay."""
    path, created = keys
    with pytest.raises(KeyslotsInvalid):
        create_keyslots(path, SECRET)
    assert open_device_keys(path, SECRET).signing.kid == created.signing.kid


def test_another_device_opens_nothing(peopled: tuple[bytes, Callable[[bytes], Path]]) -> None:
    """Without the device secret neither the device keys nor a right PIN help."""
    content, placed = peopled
    path = placed(content)
    with pytest.raises(KeyslotsInvalid):
        open_device_keys(path, OTHER_SECRET)
    with pytest.raises(KeyslotsInvalid):
        shop_slots(path, OTHER_SECRET).open_pin("claire", "4321")


def test_a_missing_file_has_a_name(tmp_path: Path) -> None:
    """No file is KeyslotsInvalid, not an OSError."""
    with pytest.raises(KeyslotsInvalid):
        open_device_keys(tmp_path / "keyslots.json", SECRET)


def test_each_person_opens_the_same_shop_key(peopled: tuple[bytes, Callable[[bytes], Path]]) -> None:
    """Two PINs, one key, and its public half stands in the file."""
    content, placed = peopled
    path = placed(content)
    seeds = {shop_slots(path).open_pin("claire", "4321"), shop_slots(path).open_pin("anne", "987654321012")}
    (seed,) = seeds
    assert seed is not None
    assert OpeningKey.from_seed(seed).public == shop_public(path, SECRET)
    assert slots(path) == (SlotInfo("claire", "pin", "responsible"), SlotInfo("anne", "pin", "staff"))


@given(pin=st.text(max_size=14) | st.from_regex(r"[0-9]{4,12}", fullmatch=True))
@settings(max_examples=50)
def test_another_pin_opens_nothing(peopled: tuple[bytes, Callable[[bytes], Path]], pin: str) -> None:
    """Any other text is PinWrong, whatever its form."""
    content, placed = peopled
    path = placed(content)
    if pin == "4321":
        assert shop_slots(path).open_pin("claire", pin)
    else:
        with pytest.raises(PinWrong):
            shop_slots(path).open_pin("claire", pin)


def test_an_unknown_person_opens_nothing(peopled: tuple[bytes, Callable[[bytes], Path]]) -> None:
    """A name without slot is told the same as a wrong PIN; a colleague's PIN is wrong too."""
    content, placed = peopled
    for slot_id, pin in (("nobody", "4321"), ("anne", "4321")):
        with pytest.raises(PinWrong):
            shop_slots(placed(content)).open_pin(slot_id, pin)


@pytest.mark.parametrize("pin", ["", "123", "1234567890123", "12a4", "١٢٣٤", " 1234", "1234\n"])
def test_only_4_to_12_digits_make_a_pin(keys: tuple[Path, DeviceKeys], pin: str) -> None:
    """Other PINs are refused when they are chosen, and nothing is written."""
    path, _ = keys
    before = path.read_bytes()
    with pytest.raises(PinInvalid):
        shop_slots(path).add_pin("claire", pin)
    assert path.read_bytes() == before


def test_a_second_person_needs_an_open_slot(keys: tuple[Path, DeviceKeys]) -> None:
    """No seed, another shop's seed and a name that is taken are refused by name."""
    path, _ = keys
    seed = shop_slots(path).add_pin("claire", "4321")
    with pytest.raises(KeyslotsInvalid):
        shop_slots(path).add_pin("anne", "1234")
    with pytest.raises(KeyslotsInvalid):
        shop_slots(path).add_pin("anne", "1234", bytes(32))
    with pytest.raises(PinSlotExists):
        shop_slots(path).add_pin("claire", "1234", seed)
    assert slots(path) == (SlotInfo("claire", "pin", "responsible"),)


def test_the_shop_has_no_key_before_its_first_person(keys: tuple[Path, DeviceKeys]) -> None:
    """Asking for it earlier is KeyslotsInvalid."""
    with pytest.raises(KeyslotsInvalid):
        shop_public(keys[0], SECRET)


def test_a_pin_changes_and_the_key_stays(keys: tuple[Path, DeviceKeys]) -> None:
    """The new PIN opens what the old one opened, and the old one nothing; a wrong old PIN changes nothing."""
    path, _ = keys
    seed = shop_slots(path).add_pin("claire", "4321")
    with pytest.raises(PinWrong):
        shop_slots(path).change_pin("claire", "0000", "1111")
    shop_slots(path).change_pin("claire", "4321", "1111")
    assert shop_slots(path).open_pin("claire", "1111") == seed
    with pytest.raises(PinWrong):
        shop_slots(path).open_pin("claire", "4321")
    with pytest.raises(PinInvalid):
        shop_slots(path).change_pin("claire", "1111", "1")


@given(data=st.data())
@settings(max_examples=200)
def test_any_flipped_bit_of_the_file_is_noticed(
    peopled: tuple[bytes, Callable[[bytes], Path]], data: st.DataObject
) -> None:
    """Keys, costs, names, structure: a file with one other bit opens nothing."""
    content, placed = peopled
    changed = bytearray(content)
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path = placed(bytes(changed))
    with pytest.raises(KeyslotsInvalid):
        open_device_keys(path, SECRET)
    with pytest.raises(KeyslotsInvalid):
        shop_slots(path).open_pin("claire", "4321")


def test_a_foreign_public_key_is_noticed(peopled: tuple[bytes, Callable[[bytes], Path]]) -> None:
    """Whoever writes the file without the device secret cannot have dossiers sealed to a key of his own."""
    content, placed = peopled
    found = json.loads(content)
    found["shop"]["public"] = found["shop"]["public"][::-1]
    with pytest.raises(KeyslotsInvalid):
        shop_public(placed(json.dumps(found, sort_keys=True, separators=(",", ":")).encode()), SECRET)


def test_the_cost_is_kept_in_the_slot(keys: tuple[Path, DeviceKeys]) -> None:
    """A slot opens with the cost it was made with, whatever the default is now."""
    path, _ = keys
    cost = Argon2Cost(memory_kib=128, passes=3, lanes=2)
    shop_slots(path, cost=cost).add_pin("claire", "4321")
    (slot,) = json.loads(path.read_bytes())["slots"]
    assert slot["cost"] == {"memory_kib": 128, "passes": 3, "lanes": 2}
    assert shop_slots(path).open_pin("claire", "4321")


def test_calibration_fits_the_passes_to_the_time() -> None:
    """A machine that needs 1/8 s for two passes at best gets eight for half a second; a slow one keeps the floor."""
    fast, slow = iter([0.0, 0.25, 1.0, 1.125, 2.0, 2.5]), iter([0.0, 9.0] * 3)
    floor = Argon2Cost(memory_kib=64, passes=2, lanes=1)
    assert calibrate(0.5, lambda: next(fast), floor).passes == 8
    assert calibrate(0.5, lambda: next(slow), floor) == floor


def test_the_default_cost_is_the_floor() -> None:
    """Nobody gets less than 64 MiB, two passes, four lanes without asking."""
    assert Argon2Cost() == Argon2Cost(memory_kib=65536, passes=2, lanes=4)


def test_two_writers_lose_no_slot(keys: tuple[Path, DeviceKeys]) -> None:
    """Slots that are added at the same time are all there."""
    path, _ = keys
    seed = shop_slots(path).add_pin("first", "4321")
    names = [f"person-{number}" for number in range(8)]
    threads = [threading.Thread(target=shop_slots(path).add_pin, args=(name, "4321", seed)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {slot.slot_id for slot in slots(path)} == {"first", *names}


def test_no_key_is_shown(keys: tuple[Path, DeviceKeys]) -> None:
    """The representation of the device keys holds neither store key nor TLS key."""
    _, created = keys
    shown = repr(created)
    assert repr(created.store_key) not in shown
    assert repr(created.tls) not in shown
    assert "store_key" not in shown
