"""The keys of one terminal, wrapped in a file: what the device may use alone, and what only a person unlocks.

Rules: the *device keys* (store, signing, TLS) are wrapped under the device secret, so that the service can send while
nobody is logged in. The *shop key* is wrapped once for each person under KEK = HKDF(Argon2id(PIN), salt = device
secret): a stolen file without the device cannot be tried (design §6). Wrapping is AES-KW (RFC 3394); Argon2id
parameters (RFC 9106) are kept in each slot. The file is replaced whole (write, flush, rename, flush of the folder),
0600, under a lock between processes, and carries an HMAC under the device secret: a changed byte or an exchanged key
is seen. A PIN has 4 to 12 digits.
"""

import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import msgspec
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from sync.contract.envelope import Suite, decode, encode
from sync.crypto.certificates import new_tls_key
from sync.crypto.sealing import XWING, OpeningKey, SealingKey
from sync.crypto.signing import SigningKey
from sync.crypto.symmetric import KEY_BYTES, derive
from sync.durable import folder_lock, replace_file
from sync.errors import ContractError, KeyslotsInvalid, PinInvalid, PinSlotExists, PinWrong

_PIN: Final = re.compile(r"[0-9]{4,12}", re.ASCII)
_SALT_BYTES: Final = 16


class Argon2Cost(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Argon2id parameters: memory in KiB, passes, lanes. The default is the floor: about 0.2 s on a Raspberry Pi 4."""

    memory_kib: int = 64 * 1024
    passes: int = 2
    lanes: int = 4


@dataclass(frozen=True)
class DeviceKeys:
    """What the device opens alone: store key (32 bytes), signing key, TLS key (P-256 scalar)."""

    store_key: bytes = field(repr=False)
    signing: SigningKey
    tls: bytes = field(repr=False)


@dataclass(frozen=True)
class SlotInfo:
    """Who has a slot, and of which kind."""

    slot_id: str
    kind: str


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the file."""


class _Device(_Part, frozen=True, kw_only=True):
    salt: bytes
    store: bytes
    signing: bytes
    tls: bytes


class _Shop(_Part, frozen=True, kw_only=True):
    suite: Suite
    public: bytes


class _Slot(_Part, frozen=True, kw_only=True):
    id: str
    kind: Literal["pin"]
    salt: bytes
    cost: Argon2Cost
    wrapped: bytes


class _File(_Part, frozen=True, kw_only=True, omit_defaults=True):
    schema: Literal["comptoir/keyslots/v1"]
    device: _Device
    shop: _Shop | None = None
    slots: tuple[_Slot, ...] = ()
    mac: bytes = b""


def create_keyslots(path: Path, device_secret: bytes) -> DeviceKeys:
    """Make the device keys of a new terminal and write the file; KeyslotsInvalid when there is one already."""
    keys = DeviceKeys(secrets.token_bytes(KEY_BYTES), SigningKey.generate(), new_tls_key())
    with folder_lock(path.parent):
        if path.exists():
            raise KeyslotsInvalid("there are keyslots already")
        _write(path, _File(schema="comptoir/keyslots/v1", device=_wrapped_device(keys, device_secret)), device_secret)
    return keys


def open_device_keys(path: Path, device_secret: bytes) -> DeviceKeys:
    """The device keys; KeyslotsInvalid when the file is missing, damaged, or another device's."""
    device = _read_checked(path, device_secret).device
    kek = _device_kek(device_secret, device.salt)
    try:
        store, signing, tls = (aes_key_unwrap(kek, wrapped) for wrapped in (device.store, device.signing, device.tls))
    except InvalidUnwrap:
        raise KeyslotsInvalid("the keyslots are not this device's") from None
    return DeviceKeys(store, SigningKey.from_bytes(signing), tls)


def add_pin_slot(  # noqa: PLR0913 - the cost is a setting of the caller: tests and calibration
    path: Path,
    device_secret: bytes,
    slot_id: str,
    pin: str,
    shop_seed: bytes | None = None,
    *,
    cost: Argon2Cost | None = None,
) -> bytes:
    """Give a person a PIN for the shop key, and return its 32-byte seed.

    The first slot makes the shop key; each further one needs the seed, which an open slot yields. PinInvalid;
    PinSlotExists; KeyslotsInvalid when the seed is missing or another shop's.
    """
    _require_pin(pin)
    with folder_lock(path.parent):
        found = _read_checked(path, device_secret)
        if any(slot.id == slot_id for slot in found.slots):
            raise PinSlotExists("this person has a PIN already")
        shop_key = _shop_key(found, shop_seed)
        slot = _wrapped_slot(slot_id, pin, shop_key.seed, device_secret, cost or Argon2Cost())
        shop = _Shop(suite=shop_key.public.suite, public=shop_key.public.public)
        _write(path, msgspec.structs.replace(found, shop=shop, slots=(*found.slots, slot)), device_secret)
    return shop_key.seed


def open_pin_slot(path: Path, device_secret: bytes, slot_id: str, pin: str) -> bytes:
    """The seed of the shop key; PinWrong for a wrong PIN or an unknown person, KeyslotsInvalid as above."""
    found = _read_checked(path, device_secret)
    slot = next((slot for slot in found.slots if slot.id == slot_id), None)
    if slot is None or not _PIN.fullmatch(pin):
        raise PinWrong("the PIN does not open this slot")
    try:
        return aes_key_unwrap(_pin_kek(pin, slot.id, slot.salt, slot.cost, device_secret), slot.wrapped)
    except InvalidUnwrap:
        raise PinWrong("the PIN does not open this slot") from None


def change_pin(path: Path, device_secret: bytes, slot_id: str, pin: str, new_pin: str) -> None:
    """Wrap the shop key of one slot under a new PIN, at the cost the slot had; PinWrong, PinInvalid."""
    _require_pin(new_pin)
    seed = open_pin_slot(path, device_secret, slot_id, pin)
    with folder_lock(path.parent):
        found = _read_checked(path, device_secret)
        slots = tuple(
            _wrapped_slot(slot.id, new_pin, seed, device_secret, slot.cost) if slot.id == slot_id else slot
            for slot in found.slots
        )
        _write(path, msgspec.structs.replace(found, slots=slots), device_secret)


def slots(path: Path) -> tuple[SlotInfo, ...]:
    """Who has a slot, in the order of creation; read without the device secret, so it says nothing sure."""
    return tuple(SlotInfo(slot.id, slot.kind) for slot in _read(path).slots)


def shop_public(path: Path, device_secret: bytes) -> SealingKey:
    """The public shop key, to which dossiers and outcomes are sealed; KeyslotsInvalid while nobody has a slot."""
    shop = _read_checked(path, device_secret).shop
    if shop is None:
        raise KeyslotsInvalid("no shop key yet: nobody has a slot")
    return SealingKey(shop.suite, shop.public)


def calibrate(seconds: float, timer: Callable[[], float], floor: Argon2Cost | None = None) -> Argon2Cost:
    """The cost that takes about `seconds` here by `timer`: memory and lanes of the floor, as many passes as fit."""
    cost = floor or Argon2Cost()
    begun = timer()
    _stretched("0000", bytes(_SALT_BYTES), cost)
    passes = int(cost.passes * seconds / max(timer() - begun, 1e-6))
    return msgspec.structs.replace(cost, passes=max(cost.passes, passes))


def _require_pin(pin: str) -> None:
    if not _PIN.fullmatch(pin):
        raise PinInvalid("a PIN has 4 to 12 digits")


def _shop_key(found: _File, seed: bytes | None) -> OpeningKey:
    if found.shop is None:
        return OpeningKey.generate(XWING) if seed is None else OpeningKey.from_seed(seed, XWING)
    if seed is None:
        raise KeyslotsInvalid("another slot has to be opened first")
    key = OpeningKey.from_seed(seed, found.shop.suite)
    if key.public.public != found.shop.public:
        raise KeyslotsInvalid("this is not the shop's key")
    return key


def _wrapped_device(keys: DeviceKeys, device_secret: bytes) -> _Device:
    salt = secrets.token_bytes(_SALT_BYTES)
    kek = _device_kek(device_secret, salt)
    plain = keys.store_key, keys.signing.to_bytes(), keys.tls
    store, signing, tls = (aes_key_wrap(kek, key) for key in plain)
    return _Device(salt=salt, store=store, signing=signing, tls=tls)


def _wrapped_slot(slot_id: str, pin: str, seed: bytes, device_secret: bytes, cost: Argon2Cost) -> _Slot:
    salt = secrets.token_bytes(_SALT_BYTES)
    wrapped = aes_key_wrap(_pin_kek(pin, slot_id, salt, cost, device_secret), seed)
    return _Slot(id=slot_id, kind="pin", salt=salt, cost=cost, wrapped=wrapped)


def _device_kek(device_secret: bytes, salt: bytes) -> bytes:
    return derive(device_secret, "comptoir/keyslots/device/v1", salt)


def _pin_kek(pin: str, slot_id: str, salt: bytes, cost: Argon2Cost, device_secret: bytes) -> bytes:
    return derive(_stretched(pin, salt, cost), f"comptoir/keyslots/pin/v1/{slot_id}", device_secret)


def _stretched(pin: str, salt: bytes, cost: Argon2Cost) -> bytes:
    argon = Argon2id(salt=salt, length=KEY_BYTES, iterations=cost.passes, lanes=cost.lanes, memory_cost=cost.memory_kib)
    return argon.derive(pin.encode("ascii"))


def _mac(found: _File, device_secret: bytes) -> bytes:
    key = derive(device_secret, "comptoir/keyslots/mac/v1", found.device.salt)
    return hmac.digest(key, encode(msgspec.structs.replace(found, mac=b"")), "sha256")


def _write(path: Path, found: _File, device_secret: bytes) -> None:
    replace_file(path, encode(msgspec.structs.replace(found, mac=_mac(found, device_secret))))


def _read(path: Path) -> _File:
    try:
        return decode(path.read_bytes(), _File)
    except (OSError, ContractError, UnicodeDecodeError) as error:
        raise KeyslotsInvalid("the keyslots are missing or damaged") from error


def _read_checked(path: Path, device_secret: bytes) -> _File:
    found = _read(path)
    if not hmac.compare_digest(found.mac, _mac(found, device_secret)):
        raise KeyslotsInvalid("the keyslots are damaged, or not this device's")
    return found
