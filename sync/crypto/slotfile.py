"""The keyslots file: its form, its MAC, and how it is read and replaced.

Rules: the file is replaced whole (write, flush, rename, flush of the folder), 0600, under a lock between processes. All
of it is under an HMAC whose key comes from the *binding*, 32 random bytes that are wrapped under the device secret
and that never change: the device secret can be exchanged while people keep their PINs, and for a while two device
secrets open the same file. A file of the first release (v1: one device, the binding is the device secret itself) is
read as the present form and becomes it at the next change. Wrapping is AES-KW (RFC 3394).
"""

import hmac
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import msgspec
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from sync.contract.envelope import Suite, decode, encode
from sync.crypto.stretching import SALT_BYTES, Argon2Cost
from sync.crypto.symmetric import KEY_BYTES, derive
from sync.durable import replace_file
from sync.errors import ContractError, KeyslotsInvalid

SCHEMA: Final = "comptoir/keyslots/v2"
FIRST_ROLE: Final = "responsible"
LATER_ROLE: Final = "staff"
"""The roles that a file of the first release gives: whoever came first made the shop key."""

SlotKind = Literal["pin", "card", "recovery"]


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of the file."""


class DevicePart(_Part, frozen=True, kw_only=True):
    """What one device secret opens. `next_store` is there while the store's key is being exchanged."""

    salt: bytes
    binding: bytes
    store: bytes
    signing: bytes
    tls: bytes
    next_store: bytes = b""


class ShopPart(_Part, frozen=True, kw_only=True):
    """The public half of the shop key."""

    suite: Suite
    public: bytes


class SlotPart(_Part, frozen=True, kw_only=True):
    """One way to open something.

    `holds`: the shop key, or nothing but the proof that it was opened (a technician's). `form` 1: a slot of the first
    release, whose role is not bound. `material`: what a card makes its secret of; the paper's public key.
    """

    id: str
    kind: SlotKind
    role: str
    salt: bytes
    wrapped: bytes
    holds: Literal["shop", "nothing"] = "shop"
    form: Literal[1, 2] = 2
    cost: Argon2Cost | None = None
    material: bytes = b""


class SlotFile(_Part, frozen=True, kw_only=True):
    """The whole. `generation` numbers the encrypted files: each exchange of the store's key makes the next one."""

    schema: Literal["comptoir/keyslots/v2"]
    devices: tuple[DevicePart, ...]
    shop: ShopPart | None = None
    slots: tuple[SlotPart, ...] = ()
    generation: int = 1
    mac: bytes = b""


class _FirstDevice(_Part, frozen=True, kw_only=True):
    salt: bytes
    store: bytes
    signing: bytes
    tls: bytes


class _FirstSlot(_Part, frozen=True, kw_only=True):
    id: str
    kind: Literal["pin"]
    salt: bytes
    cost: Argon2Cost
    wrapped: bytes


class _FirstFile(_Part, frozen=True, kw_only=True):
    schema: Literal["comptoir/keyslots/v1"]
    device: _FirstDevice
    shop: ShopPart | None = None
    slots: tuple[_FirstSlot, ...] = ()
    mac: bytes = b""


@dataclass(frozen=True)
class OpenedSlots:
    """A checked file, what opened it, and the binding that it is bound to."""

    file: SlotFile
    binding: bytes = field(repr=False)
    device: int
    kek: bytes = field(repr=False)

    @property
    def part(self) -> DevicePart:
        """What this device secret opens."""
        return self.file.devices[self.device]

    def unwrap(self, wrapped: bytes) -> bytes:
        """A key that lies under this device secret."""
        return unwrapped(self.kek, wrapped)


def read_slots(path: Path, device_secret: bytes) -> OpenedSlots:
    """The file, checked; KeyslotsInvalid when it is missing, damaged, or another device's."""
    found = _decode(path)
    if isinstance(found, _FirstFile):
        return _first(found, device_secret)
    for place, part in enumerate(found.devices):
        kek = device_kek(device_secret, part.salt)
        try:
            opened = OpenedSlots(found, aes_key_unwrap(kek, part.binding), place, kek)
        except InvalidUnwrap:
            continue
        if not hmac.compare_digest(found.mac, _mac(found, opened.binding)):
            break
        return opened
    raise KeyslotsInvalid("the keyslots are damaged, or not this device's")


def write_slots(path: Path, file: SlotFile, binding: bytes) -> None:
    """Replace the file, and read it back: the former content is gone only once this one is there."""
    content = encode(msgspec.structs.replace(file, mac=_mac(file, binding)))
    replace_file(path, content)
    if path.read_bytes() != content:
        raise KeyslotsInvalid("the medium did not keep the keyslots")


def glance(path: Path) -> SlotFile:
    """The file without the device secret, so it says nothing sure; KeyslotsInvalid."""
    found = _decode(path)
    return _present(found, b"") if isinstance(found, _FirstFile) else found


def device_kek(device_secret: bytes, salt: bytes) -> bytes:
    """What a device secret wraps its part under."""
    return derive(device_secret, "comptoir/keyslots/device/v1", salt)


def new_salt() -> bytes:
    """A salt."""
    return secrets.token_bytes(SALT_BYTES)


def unwrapped(kek: bytes, wrapped: bytes) -> bytes:
    """A key of 32 bytes; KeyslotsInvalid."""
    try:
        key = aes_key_unwrap(kek, wrapped)
    except InvalidUnwrap:
        raise KeyslotsInvalid("the keyslots are not this device's") from None
    if len(key) != KEY_BYTES:
        raise KeyslotsInvalid("a key of the keyslots has another length")
    return key


def _decode(path: Path) -> SlotFile | _FirstFile:
    try:
        content = path.read_bytes()
        return decode(content, _FirstFile) if b'"comptoir/keyslots/v1"' in content else decode(content, SlotFile)
    except (OSError, ContractError, UnicodeDecodeError) as error:
        raise KeyslotsInvalid("the keyslots are missing or damaged") from error


def _first(found: _FirstFile, device_secret: bytes) -> OpenedSlots:
    key = derive(device_secret, "comptoir/keyslots/mac/v1", found.device.salt)
    mac = hmac.digest(key, encode(msgspec.structs.replace(found, mac=b"")), "sha256")
    if not hmac.compare_digest(found.mac, mac):
        raise KeyslotsInvalid("the keyslots are damaged, or not this device's")
    kek = device_kek(device_secret, found.device.salt)
    return OpenedSlots(_present(found, aes_key_wrap(kek, device_secret)), device_secret, 0, kek)


def _present(found: _FirstFile, binding: bytes) -> SlotFile:
    """A file of the first release in the present form."""
    part = found.device
    slots = tuple(
        SlotPart(
            id=slot.id,
            kind="pin",
            role=LATER_ROLE if place else FIRST_ROLE,
            salt=slot.salt,
            wrapped=slot.wrapped,
            form=1,
            cost=slot.cost,
        )
        for place, slot in enumerate(found.slots)
    )
    device = DevicePart(salt=part.salt, binding=binding, store=part.store, signing=part.signing, tls=part.tls)
    return SlotFile(schema=SCHEMA, devices=(device,), shop=found.shop, slots=slots)


def _mac(file: SlotFile, binding: bytes) -> bytes:
    key = derive(binding, "comptoir/keyslots/mac/v2")
    return hmac.digest(key, encode(msgspec.structs.replace(file, mac=b"")), "sha256")
