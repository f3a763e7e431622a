"""The keys of one terminal, wrapped in a file: what the device may use alone.

Rules: the *device keys* (store, signing, TLS) are wrapped under the device secret, so that the service can send while
nobody is logged in. What only a person unlocks, the shop key, is in `sync.crypto.shopslots`, which the service does
not import. Form of the file: `sync.crypto.slotfile`.
"""

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.keywrap import aes_key_wrap

from sync.crypto.certificates import new_tls_key
from sync.crypto.sealing import XWING, SealingKey
from sync.crypto.signing import SigningKey
from sync.crypto.slotfile import (
    SCHEMA,
    DevicePart,
    OpenedSlots,
    SlotFile,
    SlotKind,
    device_kek,
    glance,
    new_salt,
    read_slots,
    write_slots,
)
from sync.crypto.symmetric import KEY_BYTES
from sync.durable import folder_lock
from sync.errors import KeyslotsInvalid, RecoveryMissing


@dataclass(frozen=True)
class DeviceKeys:
    """What the device opens alone: store key (32 bytes), signing key, TLS key (P-256 scalar).

    `generation` numbers the encrypted file that the store key opens; `next_store_key` is there while it is exchanged,
    and opens the next one. `former`: the device secret is being exchanged, and this is the former one.
    `devices`: how many device secrets open the file now.
    """

    store_key: bytes = field(repr=False)
    signing: SigningKey
    tls: bytes = field(repr=False)
    generation: int = 1
    next_store_key: bytes | None = field(default=None, repr=False)
    former: bool = False
    devices: int = 1


@dataclass(frozen=True)
class SlotInfo:
    """Who has a slot, of which kind, in which role; `opens_shop` is false for a technician's."""

    slot_id: str
    kind: SlotKind
    role: str = ""
    opens_shop: bool = True


def create_keyslots(path: Path, device_secret: bytes) -> DeviceKeys:
    """Make the device keys of a new terminal and write the file; KeyslotsInvalid when there is one already."""
    keys = DeviceKeys(secrets.token_bytes(KEY_BYTES), SigningKey.generate(), new_tls_key())
    binding = secrets.token_bytes(KEY_BYTES)
    with folder_lock(path.parent):
        if path.exists():
            raise KeyslotsInvalid("there are keyslots already")
        write_slots(path, SlotFile(schema=SCHEMA, devices=(device_part(keys, binding, device_secret),)), binding)
    return keys


def open_device_keys(path: Path, device_secret: bytes) -> DeviceKeys:
    """The device keys; KeyslotsInvalid when the file is missing, damaged, or another device's."""
    return device_keys(read_slots(path, device_secret))


def device_keys(opened: OpenedSlots) -> DeviceKeys:
    """The device keys of an opened file; KeyslotsInvalid."""
    part = opened.part
    store, signing, tls = (opened.unwrap(wrapped) for wrapped in (part.store, part.signing, part.tls))
    return DeviceKeys(
        store_key=store,
        signing=SigningKey.from_bytes(signing),
        tls=tls,
        generation=opened.file.generation,
        next_store_key=opened.unwrap(part.next_store) if part.next_store else None,
        former=opened.device + 1 < len(opened.file.devices),
        devices=len(opened.file.devices),
    )


def slots(path: Path) -> tuple[SlotInfo, ...]:
    """Who has a slot, in the order of creation; read without the device secret, so it says nothing sure."""
    return tuple(SlotInfo(slot.id, slot.kind, slot.role, slot.holds == "shop") for slot in glance(path).slots)


def shop_public(path: Path, device_secret: bytes) -> SealingKey:
    """The public shop key, to which dossiers and outcomes are sealed; KeyslotsInvalid while nobody has a slot."""
    shop = read_slots(path, device_secret).file.shop
    if shop is None:
        raise KeyslotsInvalid("no shop key yet: nobody has a slot")
    return SealingKey(shop.suite, shop.public)


def recovery_public(path: Path, device_secret: bytes) -> SealingKey:
    """The key to which only the paper recovery code has the other half; RecoveryMissing, KeyslotsInvalid."""
    slots = read_slots(path, device_secret).file.slots
    found = next((slot.material for slot in slots if slot.kind == "recovery"), None)
    if found is None:
        raise RecoveryMissing("no recovery code was made")
    return SealingKey(XWING, found)


def device_part(keys: DeviceKeys, binding: bytes, device_secret: bytes) -> DevicePart:
    """The device keys under a device secret."""
    salt = new_salt()
    kek = device_kek(device_secret, salt)
    plain = binding, keys.store_key, keys.signing.to_bytes(), keys.tls
    bound, store, signing, tls = (aes_key_wrap(kek, key) for key in plain)
    return DevicePart(salt=salt, binding=bound, store=store, signing=signing, tls=tls)
