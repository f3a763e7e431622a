"""What a PKCS#11 module refuses, in the tree of `hardware.errors`.

Rule: nothing of python-pkcs11 leaves the room; a refusal that has no name of ours keeps its name in PKCS#11.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pkcs11
from pkcs11.exceptions import PKCS11Error

from hardware.errors import (
    HardwareError,
    TokenAbsent,
    TokenFault,
    TokenKeyMissing,
    TokenLoginRequired,
    TokenPinInvalid,
    TokenPinLocked,
    TokenPinWrong,
    TokenRemoved,
)

_ERRORS: Final[dict[type[Exception], type[HardwareError]]] = {
    pkcs11.TokenNotPresent: TokenRemoved,
    pkcs11.TokenNotRecognised: TokenAbsent,
    pkcs11.NoSuchToken: TokenAbsent,
    pkcs11.DeviceRemoved: TokenRemoved,
    pkcs11.SessionHandleInvalid: TokenRemoved,
    pkcs11.SessionClosed: TokenRemoved,
    pkcs11.PinIncorrect: TokenPinWrong,
    pkcs11.PinInvalid: TokenPinInvalid,
    pkcs11.PinLenRange: TokenPinInvalid,
    pkcs11.PinLocked: TokenPinLocked,
    pkcs11.UserNotLoggedIn: TokenLoginRequired,
    pkcs11.NoSuchKey: TokenKeyMissing,
}


@contextmanager
def told() -> Iterator[None]:
    """Turn what python-pkcs11 raises into the tree of `hardware.errors`."""
    try:
        yield
    except PKCS11Error as error:
        name = type(error).__name__
        raise _ERRORS.get(type(error), TokenFault)("the token refused", result=name) from error
