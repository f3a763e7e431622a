"""The slots of the shop key: one for each way a person has to open it.

Rules: a *PIN* slot is wrapped under HKDF(Argon2id(PIN), salt = binding), so that a stolen file without the device
cannot be tried (design §6); the cost is kept in the slot. A slot's kind, role and owner are in the derivation: written
differently in the file, it opens nothing. A technician's slot holds nothing: its PIN proves who types it, and no PIN
of his reaches a dossier, whatever a screen would allow. What a slot yields is compared with the shop's public key. A
PIN has 4 to 12 digits; wrong tries are counted by whoever calls.
"""

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

import msgspec
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from sync.crypto.cards import challenge_for
from sync.crypto.recovery import RecoveryCode
from sync.crypto.sealing import XWING, OpeningKey
from sync.crypto.slotfile import (
    FIRST_ROLE,
    OpenedSlots,
    ShopPart,
    SlotFile,
    SlotPart,
    new_salt,
    read_slots,
    write_slots,
)
from sync.crypto.stretching import Argon2Cost, stretched
from sync.crypto.symmetric import KEY_BYTES, derive
from sync.durable import folder_lock
from sync.errors import (
    CardWrong,
    KeyInvalid,
    KeyslotsInvalid,
    PinInvalid,
    PinSlotExists,
    PinWrong,
    RecoveryCodeInvalid,
    RecoveryMissing,
    SlotUnknown,
)

RECOVERY: Final = "recovery"
"""Whose slot the paper is."""
Reproduce = Callable[[bytes], bytes]
"""Asks a card for the secret that it makes of the material it is given."""
_PIN: Final = re.compile(r"[0-9]{4,12}", re.ASCII)


def require_pin(pin: str) -> None:
    """PinInvalid unless it is a PIN."""
    if not _PIN.fullmatch(pin):
        raise PinInvalid("a PIN has 4 to 12 digits")


class ShopSlots:
    """The slots of one keyslots file. Every act may raise KeyslotsInvalid: missing, damaged, or another device's.

    `cost`: what a new PIN costs to try. `again` asks for the device secret, which may have been exchanged meanwhile.
    """

    def __init__(
        self,
        path: Path,
        device_secret: bytes,
        cost: Callable[[], Argon2Cost] = Argon2Cost,
        again: Callable[[], bytes] | None = None,
    ) -> None:
        self._path = path
        self._device_secret = device_secret
        self._cost = cost
        self._again = again

    def add_pin(self, slot_id: str, pin: str, shop_seed: bytes | None = None, *, role: str = FIRST_ROLE) -> bytes:
        """Give a person a PIN for the shop key, and return its 32-byte seed.

        The first slot makes the shop key; each further one needs the seed, which an open slot yields. PinInvalid;
        PinSlotExists; KeyslotsInvalid also when the seed is missing or another shop's.
        """
        require_pin(pin)
        with self._changing() as opened:
            _require_new(opened.file, slot_id)
            key = _shop_key(opened.file, shop_seed)
            blank = _blank(slot_id, role, "shop")
            shop = ShopPart(suite=key.public.suite, public=key.public.public)
            self._keep(opened, (*opened.file.slots, self._under_pin(blank, pin, key.seed, opened)), shop)
        return key.seed

    def add_technician(self, slot_id: str, pin: str, role: str) -> None:
        """Give a person a PIN that opens nothing: it only proves who types it. PinInvalid, PinSlotExists."""
        require_pin(pin)
        with self._changing() as opened:
            _require_new(opened.file, slot_id)
            blank = _blank(slot_id, role, "nothing")
            slot = self._under_pin(blank, pin, secrets.token_bytes(KEY_BYTES), opened)
            self._keep(opened, (*opened.file.slots, slot), opened.file.shop)

    def open_pin(self, slot_id: str, pin: str) -> bytes | None:
        """The seed of the shop key, None for a technician; PinWrong for a wrong PIN or an unknown person."""
        opened = self._read()
        slot = _pin_slot_of(opened.file, slot_id)
        if slot is None or not _PIN.fullmatch(pin):
            raise PinWrong("the PIN does not open this slot")
        try:
            return held(opened.file, slot, _pin_kek(slot, pin, opened.binding))
        except InvalidUnwrap:
            raise PinWrong("the PIN does not open this slot") from None

    def change_pin(self, slot_id: str, pin: str, new_pin: str) -> None:
        """Wrap one slot under a new PIN, at today's cost; PinWrong, PinInvalid."""
        require_pin(new_pin)
        seed = self.open_pin(slot_id, pin)
        self._replace_pin(slot_id, new_pin, seed)

    def give_pin(self, slot_id: str, new_pin: str, shop_seed: bytes) -> None:
        """A new PIN for somebody who forgot theirs, from whoever holds the shop key; SlotUnknown, PinInvalid."""
        require_pin(new_pin)
        self._replace_pin(slot_id, new_pin, shop_seed)

    def add_card(self, slot_id: str, role: str, public: bytes, shop_seed: bytes, reproduce: Reproduce) -> None:
        """Let a person's professional card open the shop key, in the place of a former card.

        `public` is the card's key (DER), `reproduce` asks the card: it is tried before anything is kept. KeyInvalid.
        """
        challenge = challenge_for(public)
        if reproduce(challenge.material) != challenge.secret:
            raise KeyInvalid("the card does not make its secret again")
        with self._changing() as opened:
            kek = derive(challenge.secret, f"comptoir/keyslots/card/v2/{role}/{slot_id}", opened.binding)
            wrapped = aes_key_wrap(kek, _shop_key(opened.file, shop_seed).seed)
            slot = SlotPart(id=slot_id, kind="card", role=role, salt=b"", material=challenge.material, wrapped=wrapped)
            others = tuple(found for found in opened.file.slots if (found.id, found.kind) != (slot_id, "card"))
            self._keep(opened, (*others, slot), opened.file.shop)

    def open_card(self, slot_id: str, reproduce: Reproduce) -> bytes | None:
        """The seed of the shop key, by the person's card; SlotUnknown, CardWrong, and what the card refuses."""
        opened = self._read()
        slot = next((slot for slot in opened.file.slots if (slot.id, slot.kind) == (slot_id, "card")), None)
        if slot is None:
            raise SlotUnknown("this person has no card here")
        secret = reproduce(slot.material)
        try:
            kek = derive(secret, f"comptoir/keyslots/card/v2/{slot.role}/{slot_id}", opened.binding)
            return held(opened.file, slot, kek)
        except InvalidUnwrap:
            raise CardWrong("another card") from None

    def set_recovery(self, code: RecoveryCode, shop_seed: bytes) -> None:
        """Make `code` the shop's recovery code; a former one opens nothing any more. KeyslotsInvalid."""
        with self._changing() as opened:
            seed = _shop_key(opened.file, shop_seed).seed
            slot = SlotPart(
                id=RECOVERY,
                kind="recovery",
                role=RECOVERY,
                salt=b"",
                material=code.opening().public.public,
                wrapped=aes_key_wrap(code.kek(), seed),
            )
            others = tuple(found for found in opened.file.slots if found.kind != "recovery")
            self._keep(opened, (*others, slot), opened.file.shop)

    def open_recovery(self, code: RecoveryCode) -> bytes:
        """The seed of the shop key; RecoveryMissing, RecoveryCodeInvalid (`reason`: wrong)."""
        return recovered_seed(self._read().file, code)

    def remove(self, slot_id: str) -> None:
        """Forget every way in that a person has; SlotUnknown when there is none."""
        with self._changing() as opened:
            kept = tuple(slot for slot in opened.file.slots if slot.id != slot_id or slot.kind == "recovery")
            if kept == opened.file.slots:
                raise SlotUnknown("nobody has such a slot")
            self._keep(opened, kept, opened.file.shop)

    def _replace_pin(self, slot_id: str, new_pin: str, seed: bytes | None) -> None:
        with self._changing() as opened:
            before = _pin_slot_of(opened.file, slot_id)
            if before is None:
                raise SlotUnknown("nobody has such a slot")
            opens_shop = before.holds == "shop"
            inside = _shop_key(opened.file, seed).seed if opens_shop else secrets.token_bytes(KEY_BYTES)
            slot = self._under_pin(before, new_pin, inside, opened)
            slots = tuple(slot if found is before else found for found in opened.file.slots)
            self._keep(opened, slots, opened.file.shop)

    def _under_pin(self, blank: SlotPart, pin: str, inside: bytes, opened: OpenedSlots) -> SlotPart:
        fresh = msgspec.structs.replace(blank, form=2, salt=new_salt(), cost=self._cost())
        kek = _pin_kek(fresh, pin, opened.binding)
        return msgspec.structs.replace(fresh, wrapped=aes_key_wrap(kek, inside))

    def _read(self) -> OpenedSlots:
        try:
            return read_slots(self._path, self._device_secret)
        except KeyslotsInvalid:
            if self._again is None:
                raise
            self._device_secret = self._again()
            return read_slots(self._path, self._device_secret)

    @contextmanager
    def _changing(self) -> Iterator[OpenedSlots]:
        with folder_lock(self._path.parent):
            yield self._read()

    def _keep(self, opened: OpenedSlots, slots: tuple[SlotPart, ...], shop: ShopPart | None) -> None:
        write_slots(self._path, msgspec.structs.replace(opened.file, slots=slots, shop=shop), opened.binding)


def recovered_seed(file: SlotFile, code: RecoveryCode) -> bytes:
    """What the paper opens, in any copy of the file; RecoveryMissing, RecoveryCodeInvalid, KeyslotsInvalid."""
    slot = next((slot for slot in file.slots if slot.kind == "recovery"), None)
    if slot is None:
        raise RecoveryMissing("no recovery code was made")
    try:
        seed = held(file, slot, code.kek())
    except InvalidUnwrap:
        seed = None
    if seed is None:
        raise RecoveryCodeInvalid("not this shop's recovery code", reason="wrong")
    return seed


def held(file: SlotFile, slot: SlotPart, kek: bytes) -> bytes | None:
    """What a slot yields under its key: the shop seed, or None; InvalidUnwrap, KeyslotsInvalid."""
    inside = aes_key_unwrap(kek, slot.wrapped)
    if slot.holds == "nothing":
        return None
    if file.shop is None or OpeningKey.from_seed(inside, file.shop.suite).public.public != file.shop.public:
        raise KeyslotsInvalid("this slot is not the shop's")
    return inside


def _blank(slot_id: str, role: str, holds: Literal["shop", "nothing"]) -> SlotPart:
    return SlotPart(id=slot_id, kind="pin", role=role, holds=holds, salt=b"", wrapped=b"")


def _pin_slot_of(file: SlotFile, slot_id: str) -> SlotPart | None:
    return next((slot for slot in file.slots if (slot.id, slot.kind) == (slot_id, "pin")), None)


def _require_new(file: SlotFile, slot_id: str) -> None:
    if _pin_slot_of(file, slot_id) is not None:
        raise PinSlotExists("this person has a PIN already")


def _shop_key(found: SlotFile, seed: bytes | None) -> OpeningKey:
    if found.shop is None:
        return OpeningKey.generate(XWING) if seed is None else OpeningKey.from_seed(seed, XWING)
    if seed is None:
        raise KeyslotsInvalid("another slot has to be opened first")
    key = OpeningKey.from_seed(seed, found.shop.suite)
    if key.public.public != found.shop.public:
        raise KeyslotsInvalid("this is not the shop's key")
    return key


def _pin_kek(slot: SlotPart, pin: str, binding: bytes) -> bytes:
    owner = f"v1/{slot.id}" if slot.form == 1 else f"v2/{slot.role}/{slot.id}"
    return derive(stretched(pin, slot.salt, slot.cost or Argon2Cost()), f"comptoir/keyslots/pin/{owner}", binding)
