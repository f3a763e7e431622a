"""The device keys on their way from one device secret to another: inside a sealed backup, and nowhere else.

Rules: the device secret itself is never carried. A new machine has one of its own, and the keyslots are bound to it:
people keep their PINs and the paper its code, because their slots hang on the binding, which is carried.
"""

from pathlib import Path

import msgspec

from sync.crypto.keyslots import DeviceKeys, device_part, open_device_keys
from sync.crypto.signing import SigningKey
from sync.crypto.slotfile import glance, read_slots, write_slots


class CarriedKeys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one device secret opens, in clear: a value that must stay inside an encrypted text."""

    store: bytes
    signing: bytes
    tls: bytes
    binding: bytes

    def __repr__(self) -> str:
        """Nothing of a key."""
        return "CarriedKeys(…)"


def carried_keys(keyslots: Path, device_secret: bytes) -> CarriedKeys:
    """The keys of a device; KeyslotsInvalid."""
    keys, opened = open_device_keys(keyslots, device_secret), read_slots(keyslots, device_secret)
    return CarriedKeys(store=keys.store_key, signing=keys.signing.to_bytes(), tls=keys.tls, binding=opened.binding)


def bind_to(keyslots: Path, carried: CarriedKeys, device_secret: bytes) -> DeviceKeys:
    """Give the file of another device this device secret, and no other; the device keys. KeyslotsInvalid."""
    keys = DeviceKeys(store_key=carried.store, signing=SigningKey.from_bytes(carried.signing), tls=carried.tls)
    part = device_part(keys, carried.binding, device_secret)
    write_slots(keyslots, msgspec.structs.replace(glance(keyslots), devices=(part,)), carried.binding)
    return open_device_keys(keyslots, device_secret)
