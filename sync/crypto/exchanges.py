"""Exchanging the device secret or the store's key, as far as the keyslots file goes.

Rules: each function replaces the file once, whole. While the device secret is exchanged, the former and the new one
open the same file; while the store's key is, both keys are in it. Nothing of the former is dropped before the new was
seen to work, which is the caller's to look at. Only one exchange at a time.
"""

import secrets
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.keywrap import aes_key_wrap

from sync.crypto.keyslots import device_keys, device_part
from sync.crypto.slotfile import OpenedSlots, read_slots, write_slots
from sync.crypto.symmetric import KEY_BYTES
from sync.durable import folder_lock
from sync.errors import RotationUnderWay


def admit_device(path: Path, device_secret: bytes, new_secret: bytes) -> None:
    """Let `new_secret` open the file too; RotationUnderWay, KeyslotsInvalid."""
    with folder_lock(path.parent):
        opened = _settled(path, device_secret)
        part = device_part(device_keys(opened), opened.binding, new_secret)
        write_slots(path, msgspec.structs.replace(opened.file, devices=(opened.part, part)), opened.binding)


def keep_device(path: Path, device_secret: bytes) -> None:
    """Let this device secret alone open the file."""
    with folder_lock(path.parent):
        opened = read_slots(path, device_secret)
        if opened.file.devices != (opened.part,):
            write_slots(path, msgspec.structs.replace(opened.file, devices=(opened.part,)), opened.binding)


def begin_store_key(path: Path, device_secret: bytes) -> bytes:
    """A new key for the store, kept beside the present one; RotationUnderWay, KeyslotsInvalid."""
    key = secrets.token_bytes(KEY_BYTES)
    with folder_lock(path.parent):
        opened = _settled(path, device_secret)
        part = msgspec.structs.replace(opened.part, next_store=aes_key_wrap(opened.kek, key))
        write_slots(path, msgspec.structs.replace(opened.file, devices=(part,)), opened.binding)
    return key


def end_store_key(path: Path, device_secret: bytes, *, moved: bool) -> None:
    """The store has moved to the new key, or it has not and stays: the other key is forgotten."""
    with folder_lock(path.parent):
        opened = read_slots(path, device_secret)
        if not opened.part.next_store:
            return
        store = opened.part.next_store if moved else opened.part.store
        part = msgspec.structs.replace(opened.part, store=store, next_store=b"")
        generation = opened.file.generation + moved
        file = msgspec.structs.replace(opened.file, devices=(part,), generation=generation)
        write_slots(path, file, opened.binding)


def _settled(path: Path, device_secret: bytes) -> OpenedSlots:
    opened = read_slots(path, device_secret)
    if len(opened.file.devices) != 1 or opened.part.next_store:
        raise RotationUnderWay("another exchange is not over")
    return opened
