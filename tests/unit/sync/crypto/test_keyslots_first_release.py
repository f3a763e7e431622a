"""A keyslots file as the first release wrote it, with that release's own code: it opens, changes, and is exchanged.

`keyslots_v1.json`: device secret 00 01 … 1f; claire 4321, anne 1234; Argon2id at 64 KiB, one pass, one lane.
"""

import json
from pathlib import Path

import pytest

from sync.crypto.exchanges import admit_device, keep_device
from sync.crypto.keyslots import SlotInfo, open_device_keys, shop_public, slots
from sync.crypto.recovery import RecoveryCode
from sync.crypto.shopslots import ShopSlots
from sync.crypto.stretching import Argon2Cost
from sync.errors import KeyslotsInvalid, PinWrong

SECRET, OTHER = bytes(range(32)), bytes(range(1, 33))
RELEASED = Path(__file__).with_name("keyslots_v1.json").read_bytes()
KID = "GoWAr82HCKrfmSnG1j94WkGkYqzBupODB7nlb2q6NGU"
STORE_KEY = "41b53058ec4065afb573485af020223807233187e1c94b4f9e59c578c2588b25"
SEED = bytes.fromhex("1d7399ebeff10c59ef4fb5666484f3abc35c12cc804d6f11b765d0197f73f0ec")
CHEAP = Argon2Cost(memory_kib=64, passes=1, lanes=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A copy of the file."""
    copy = tmp_path / "keyslots.json"
    copy.write_bytes(RELEASED)
    return copy


def people(path: Path, secret: bytes = SECRET) -> ShopSlots:
    """Its slots."""
    return ShopSlots(path, secret, lambda: CHEAP)


def test_it_opens_as_it_is(path: Path) -> None:
    """Device keys, shop key and people; the first of them is the responsible one. Reading changes nothing."""
    keys = open_device_keys(path, SECRET)
    assert (keys.signing.kid, keys.store_key.hex(), keys.generation) == (KID, STORE_KEY, 1)
    assert [people(path).open_pin(*who) for who in (("claire", "4321"), ("anne", "1234"))] == [SEED, SEED]
    assert slots(path) == (SlotInfo("claire", "pin", "responsible"), SlotInfo("anne", "pin", "staff"))
    assert path.read_bytes() == RELEASED


def test_the_first_change_writes_the_present_form(path: Path) -> None:
    """A new PIN for one person: the other's slot of the first release still opens, and the MAC holds."""
    people(path).change_pin("claire", "4321", "9999")
    assert json.loads(path.read_bytes())["schema"] == "comptoir/keyslots/v2"
    assert people(path).open_pin("claire", "9999") == SEED
    assert people(path).open_pin("anne", "1234") == SEED
    assert open_device_keys(path, SECRET).signing.kid == KID
    assert shop_public(path, SECRET)


def test_its_device_secret_can_be_exchanged(path: Path) -> None:
    """PINs that were made under the old secret go on under the new one."""
    admit_device(path, SECRET, OTHER)
    assert open_device_keys(path, SECRET).former
    assert not open_device_keys(path, OTHER).former
    keep_device(path, OTHER)
    assert people(path, OTHER).open_pin("anne", "1234") == SEED
    with pytest.raises(KeyslotsInvalid):
        open_device_keys(path, SECRET)


def test_a_paper_code_is_added(path: Path) -> None:
    """It opens the shop key without a device, and another code does not."""
    code = RecoveryCode.generate()
    people(path).set_recovery(code, SEED)
    assert people(path).open_recovery(RecoveryCode.parse(code.grouped())) == SEED
    assert len(code.grouped().replace("-", "")) == 25


@pytest.mark.parametrize("flip", range(0, len(RELEASED), 97))
def test_a_flipped_bit_of_it_is_noticed(path: Path, flip: int) -> None:
    """The old MAC still guards the old form."""
    changed = bytearray(RELEASED)
    changed[flip] ^= 1
    path.write_bytes(bytes(changed))
    with pytest.raises(KeyslotsInvalid):
        open_device_keys(path, SECRET)


def test_a_wrong_pin_opens_nothing_of_it(path: Path) -> None:
    """Neither another's PIN nor another's name."""
    for who in (("claire", "1234"), ("anne", "4321"), ("nobody", "1234")):
        with pytest.raises(PinWrong):
            people(path).open_pin(*who)
