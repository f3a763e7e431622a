"""What a slot says of its token: who it is, how many PIN attempts it leaves, and whether one may be spent.

Rules: a slot that cannot tell has no token; the gravest of the token's flags counts; judging spends nothing.
"""

from dataclasses import dataclass, field
from enum import StrEnum

import pkcs11
from pkcs11 import TokenFlag
from pkcs11.exceptions import PKCS11Error

from hardware.errors import TokenPinInvalid, TokenPinLastTry, TokenPinLocked


class Attempts(StrEnum):
    """What a token tells of the PIN attempts left; it gives no number."""

    ALL = "all"
    FEW = "few"
    LAST = "last"
    NONE = "none"


@dataclass(frozen=True)
class TokenState:
    """What a slot says now.

    `pin_pad`: the PIN is typed on the reader and never passes through this program. `software`: the token is files.
    """

    slot: int
    label: str
    serial: str = field(repr=False)
    attempts: Attempts
    pin_pad: bool
    software: bool


def state_in(slot: pkcs11.Slot) -> TokenState | None:
    """None when there is no usable token in the slot; a slot that cannot tell has none."""
    try:
        token = slot.get_token()
    except PKCS11Error:
        return None
    if not token.flags & TokenFlag.TOKEN_INITIALIZED:
        return None
    serial = token.serial.decode("latin-1").strip()
    pad = bool(token.flags & TokenFlag.PROTECTED_AUTHENTICATION_PATH)
    software = "softhsm" in token.manufacturer_id.lower()
    return TokenState(slot.slot_id, token.label.strip(), serial, attempts_in(token.flags), pad, software)


def attempts_in(flags: TokenFlag) -> Attempts:
    """What the flags of CK_TOKEN_INFO say of the user's PIN (PKCS#11 v2.40, 3.2); the gravest counts."""
    if flags & TokenFlag.USER_PIN_LOCKED:
        return Attempts.NONE
    if flags & TokenFlag.USER_PIN_FINAL_TRY:
        return Attempts.LAST
    return Attempts.FEW if flags & TokenFlag.USER_PIN_COUNT_LOW else Attempts.ALL


def refuse_a_bad_try(state: TokenState, pin: str | None, *, spend_last: bool) -> None:
    """Raise TokenPinLocked, TokenPinLastTry or TokenPinInvalid where this PIN must not be tried."""
    if state.attempts is Attempts.NONE:
        raise TokenPinLocked("the PIN is locked")
    if state.attempts is Attempts.LAST and not spend_last:
        raise TokenPinLastTry("one attempt is left")
    if pin is None and not state.pin_pad:
        raise TokenPinInvalid("this reader has no pin pad", reason="no_pin_pad")
    if pin is not None and not pin.isascii():
        raise TokenPinInvalid("a PIN is ASCII", reason="characters")
    if pin == "":
        raise TokenPinInvalid("the PIN is empty", reason="empty")
