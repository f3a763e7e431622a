"""Whatever pyscard says, by result code or by either family of exceptions, is an error of our tree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smartcard import scard
from smartcard.Exceptions import CardConnectionException, NoCardException
from smartcard.pcsc.PCSCExceptions import EstablishContextException, ListReadersException

from hardware import (
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
from hardware.pcsc.calls import call, error_of

CODES = {
    0x8010000C: CardAbsent,
    0x80100069: CardRemoved,
    0x80100016: CardRemoved,
    0x80100068: CardSwapped,
    0x80100066: CardMute,
    0x80100067: CardMute,
    0x80100065: CardUnknown,
    0x8010000F: CardUnknown,
    0x8010000B: ReaderBusy,
    0x80100009: ReaderMissing,
    0x80100017: ReaderMissing,
    0x8010002E: ReaderMissing,
    0x8010001D: ServiceDown,
    0x8010001E: ServiceDown,
    0x80100013: ServiceDown,
    0x80100003: ServiceDown,
    0x8010006A: ServiceDown,
}


@pytest.mark.parametrize(("code", "error"), CODES.items())
def test_each_measured_code_has_its_error(code: int, error: type[HardwareError]) -> None:
    """A result code means the same as a signed and as an unsigned number."""
    for result in (code, code - 2**32):
        assert type(error_of(result)) is error
        assert error_of(result).facts == {"result": f"{code:08X}"}


@given(st.integers(-(2**31), 2**32 - 1))
def test_any_code_has_an_error(code: int) -> None:
    """A code that nobody has foreseen is a fault of the reader, with its number."""
    error = error_of(code)
    assert isinstance(error, CODES.get(code & 0xFFFFFFFF, ReaderFault))


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (EstablishContextException(scard.SCARD_E_NO_SERVICE), ServiceDown),
        (ListReadersException(scard.SCARD_E_NO_READERS_AVAILABLE), ReaderMissing),
        (NoCardException("no card", hresult=scard.SCARD_E_NO_SMARTCARD), CardAbsent),
        (CardConnectionException("silence", hresult=0), ReaderFault),
        (scard.error("no code"), ReaderFault),
    ],
)
def test_each_family_of_exceptions_is_caught(raised: Exception, error: type[HardwareError]) -> None:
    """Exceptions of both families and of the low-level module become errors of the tree."""

    def fail() -> None:
        raise raised

    with pytest.raises(error):
        call(fail)


def test_an_answer_is_what_follows_the_code() -> None:
    """Success gives the values after the result code, which may be none."""
    assert call(lambda: [scard.SCARD_S_SUCCESS, 7, "x"]) == [7, "x"]
    assert call(lambda: scard.SCARD_S_SUCCESS) == []
    with pytest.raises(ReaderBusy):
        call(lambda: [scard.SCARD_E_SHARING_VIOLATION, 0, 0])
