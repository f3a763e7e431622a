"""The calls of PC/SC: all but one through pyscard, and whatever they say as an error of our tree.

Rules: no call may stop other threads, however long the service takes. pyscard makes each call without Python's lock,
but it frees the list of SCardListReaders with it, and SCardFreeMemory waits for a lock that libpcsclite holds while any
thread is in SCardEstablishContext (measured: a service that keeps one context waiting for 8 s stops the whole process
for 8 s). So the readers are listed into memory of our own, by the same library in pyscard's context.
SCardDisconnect walks the library's list of contexts without its lock, before pcsc-lite 2.4.0, while another thread may
take one away (measured: one crash of the process in some forty runs of a service that freezes); so no two threads are
in it and in SCardReleaseContext at once.
Sources: PcscTypemaps.i of pyscard 2.3.1; winscard.h and winscard_clnt.c of pcsc-lite 1.9.9, its change fe6ca582.
"""

import ctypes
import threading
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from smartcard import scard
from smartcard.Exceptions import SmartcardException
from smartcard.pcsc.PCSCExceptions import BaseSCardException

from hardware.errors import (
    CardAbsent,
    CardMute,
    CardRemoved,
    CardSwapped,
    CardUnknown,
    HardwareError,
    ReaderBusy,
    ReaderFault,
    ReaderMissing,
    ServiceDown,
)

_CONTEXTS: Final = threading.Lock()
_LIST_SECONDS: Final = 1.0
_ALL_NAMES: Final = 4096
"""Bytes: more than the 16 readers of 128 bytes each that pcsc-lite can hold."""
_ERRORS: dict[int, type[HardwareError]] = {
    scard.SCARD_E_NO_SMARTCARD: CardAbsent,
    scard.SCARD_W_REMOVED_CARD: CardRemoved,
    scard.SCARD_E_NOT_TRANSACTED: CardRemoved,
    scard.SCARD_W_RESET_CARD: CardSwapped,
    scard.SCARD_W_UNRESPONSIVE_CARD: CardMute,
    scard.SCARD_W_UNPOWERED_CARD: CardMute,
    scard.SCARD_W_UNSUPPORTED_CARD: CardUnknown,
    scard.SCARD_E_PROTO_MISMATCH: CardUnknown,
    scard.SCARD_E_SHARING_VIOLATION: ReaderBusy,
    scard.SCARD_E_UNKNOWN_READER: ReaderMissing,
    scard.SCARD_E_READER_UNAVAILABLE: ReaderMissing,
    scard.SCARD_E_NO_READERS_AVAILABLE: ReaderMissing,
    scard.SCARD_E_NO_SERVICE: ServiceDown,
    scard.SCARD_E_SERVICE_STOPPED: ServiceDown,
    scard.SCARD_E_INVALID_HANDLE: ServiceDown,
    scard.SCARD_F_COMM_ERROR: ServiceDown,
    scard.SCARD_W_SECURITY_VIOLATION: ServiceDown,
}


def error_of(result: int) -> HardwareError:
    """The error that a PC/SC result code stands for, signed or unsigned; ReaderFault when it is none of ours."""
    code = result & 0xFFFFFFFF
    return _ERRORS.get(code, ReaderFault)("PC/SC refused", result=f"{code:08X}")


def call(function: Callable[..., Any], *arguments: object) -> list[Any]:
    """What a low-level call returns after its result code; the error of that code unless it is success."""
    try:
        answer = function(*arguments)
    except (SmartcardException, BaseSCardException, scard.error) as error:
        raise error_of(getattr(error, "hresult", 0)) from error
    result, *values = answer if isinstance(answer, list) else [answer]
    if result != scard.SCARD_S_SUCCESS:
        raise error_of(result)
    return values


def establish() -> int:
    """A new context with the service; whoever asks for it releases it.

    A disconnection that the service does not answer holds it up for a second, not for ever.
    """
    alone = _CONTEXTS.acquire(timeout=_LIST_SECONDS)
    try:
        (context,) = call(scard.SCardEstablishContext, scard.SCARD_SCOPE_SYSTEM)
    finally:
        if alone:
            _CONTEXTS.release()
    return int(context)


def release(context: int | None, card: int | None = None) -> None:
    """Give back a card, as it is, and a context, whichever there are; waits for the service."""
    with _CONTEXTS:
        if card is not None:
            scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)
        if context is not None:
            scard.SCardReleaseContext(context)


def reader_names(context: int) -> tuple[str, ...]:
    """The names of all readers, sorted; that there is none is no error."""
    names = ctypes.create_string_buffer(_ALL_NAMES)
    length = ctypes.c_ulong(_ALL_NAMES)
    try:
        call(_list_readers(), context, None, names, length)
    except ReaderMissing:
        return ()
    return tuple(sorted(name.decode("utf-8", "replace") for name in names.raw[: length.value].split(b"\0") if name))


@cache
def _list_readers() -> Callable[..., Any]:
    """SCardListReaders of the library that pyscard has loaded; ctypes calls it without Python's lock."""
    listing = ctypes.CDLL("libpcsclite.so.1").SCardListReaders
    listing.argtypes = (ctypes.c_long, ctypes.c_char_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_ulong))
    listing.restype = ctypes.c_long
    return listing
