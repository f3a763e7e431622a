"""A PKCS#11 module, and a session with one of its tokens.

Rules: each act first asks the slot whether the token is still the one that the session began with. A failed login
leaves the session as it was.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.exceptions import PKCS11Error

from hardware.cryptoki.objects import (
    ALGORITHMS,
    StoredCertificate,
    StoredKey,
    bytes_of,
    mechanism_for,
    reproduced,
    text_of,
    usages_of,
)
from hardware.cryptoki.refusals import told
from hardware.cryptoki.state import TokenState, refuse_a_bad_try, state_in
from hardware.errors import (
    TokenFault,
    TokenKeyMissing,
    TokenLoginRequired,
    TokenModuleMissing,
    TokenPinWrong,
    TokenRemoved,
)


class Module:
    """A PKCS#11 library of the system, by its path; TokenModuleMissing when it cannot be loaded."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise TokenModuleMissing("no PKCS#11 module at this path", reason="absent")
        try:
            self._library = pkcs11.lib(str(path))
        except PKCS11Error as error:
            raise TokenModuleMissing("the PKCS#11 module cannot be loaded", reason="unusable") from error

    def tokens(self) -> tuple[TokenState, ...]:
        """The tokens present now, in the order of their slots; those never initialised are left out."""
        with told():
            slots = self._library.get_slots(token_present=True)
        states = (state_in(slot) for slot in slots)
        return tuple(state for state in states if state is not None)

    def session(self, token: TokenState) -> "TokenSession":
        """A session with this token; TokenRemoved when it is no longer there."""
        with told():
            slots = [slot for slot in self._library.get_slots() if slot.slot_id == token.slot]
        if not slots:
            raise TokenRemoved("the slot is gone")
        return TokenSession(slots[0], token.serial)


class TokenSession:
    """A session with one token; closed by whoever opened it. Public objects need no login."""

    def __init__(self, slot: pkcs11.Slot, serial: str) -> None:
        self._slot = slot
        self._serial = serial
        self._entered = False
        self.state()
        with told():
            self._session = slot.get_token().open()

    def state(self) -> TokenState:
        """What the token says now; TokenRemoved when it left or another took its place."""
        state = state_in(self._slot)
        if state is None or state.serial != self._serial:
            raise TokenRemoved("the token left", reason="left" if state is None else "other")
        return state

    @property
    def present(self) -> bool:
        """Whether the token of this session is still there; to be polled."""
        with suppress(TokenRemoved):
            self.state()
            return True
        return False

    def login(self, pin: str | None, *, spend_last: bool = False, write: bool = False) -> None:
        """Log in; `pin` is None on a pin pad.

        TokenPinWrong with the attempts left; TokenPinLocked, TokenPinLastTry and TokenPinInvalid, with no attempt
        spent.
        """
        state = self.state()
        refuse_a_bad_try(state, pin, spend_last=spend_last)
        try:
            with told():
                entered = self._slot.get_token().open(rw=write, user_pin=pkcs11.PROTECTED_AUTH if pin is None else pin)
        except TokenPinWrong as error:
            raise TokenPinWrong("the PIN is wrong", attempts=self.state().attempts.value) from error
        self.close()
        self._session, self._entered = entered, True

    def certificates(self) -> tuple[StoredCertificate, ...]:
        """The X.509 certificates that can be read; one that is no certificate is left out."""
        with self._told():
            found = [
                (text_of(item, Attribute.LABEL), bytes_of(item, Attribute.ID), bytes_of(item, Attribute.VALUE))
                for item in self._session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE})
            ]
        return tuple(
            StoredCertificate(label, usages, der, pairing)
            for label, pairing, der in found
            if (usages := usages_of(der)) is not None
        )

    def keys(self) -> tuple[StoredKey, ...]:
        """The private keys that sign; TokenLoginRequired before `login`."""
        if not self._entered:
            raise TokenLoginRequired("private keys need a login")
        with self._told():
            found = [
                cast("pkcs11.PrivateKey", item)
                for item in self._session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})
            ]
            return tuple(
                StoredKey(text_of(key, Attribute.LABEL), ALGORITHMS[key.key_type], bytes_of(key, Attribute.ID), key)
                for key in found
                if key.key_type in ALGORITHMS
            )

    def sign(self, key: StoredKey, message: bytes) -> bytes:
        """The signature as JWS writes it (RFC 7518): r and s, 64 bytes, or PKCS#1 v1.5; over SHA-256."""
        with self._told():
            offered = self._slot.get_mechanisms()
            mechanism, data = mechanism_for(key.algorithm, offered, message)
            return bytes(key.handle.sign(data, mechanism=mechanism))  # type: ignore[attr-defined]  # a mix-in made at run time

    def reproduce(self, key: StoredKey, material: bytes) -> bytes:
        """The secret that this key makes of `material`; TokenKeyUnfit where the token does not allow that."""
        with self._told():
            return reproduced(key, self._slot.get_mechanisms(), material)

    def make_mac_key(self, label: str) -> None:
        """Make a 256-bit HMAC key that never leaves the token, unless it has one of this label."""
        if self._mac_keys(label):
            return
        hidden = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.SIGN: True}
        with self._told():
            self._session.generate_key(
                KeyType.GENERIC_SECRET,
                256,
                label=label,
                store=True,
                mechanism=Mechanism.GENERIC_SECRET_KEY_GEN,
                template=hidden,
            )

    def mac(self, label: str, message: bytes) -> bytes:
        """HMAC-SHA-256 by the token's key of this label; TokenKeyMissing unless there is exactly one."""
        keys = self._mac_keys(label)
        if len(keys) != 1:
            raise TokenKeyMissing("not one key of this label", role="mac", reason="none" if not keys else "several")
        with self._told():
            return bytes(keys[0].sign(message, mechanism=Mechanism.SHA256_HMAC))  # type: ignore[attr-defined]  # mix-in

    def close(self) -> None:
        """Log out and end the session. Never raises."""
        with suppress(PKCS11Error):
            self._session.close()

    def _mac_keys(self, label: str) -> list[pkcs11.SecretKey]:
        wanted = {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.LABEL: label}
        with self._told():
            return [cast("pkcs11.SecretKey", item) for item in self._session.get_objects(wanted)]

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Name what the module refuses; a token that is gone explains any refusal."""
        self.state()
        try:
            with told():
                yield
        except TokenFault:
            self.state()
            raise
