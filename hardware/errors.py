"""The tree of what can go wrong in `hardware`.

Rules: every error has a stable `code` (scripts and screens depend on it), carries only `facts` that hold no personal
data, and says in English what is wrong; the terminal turns the code into French. `environment` is true when
something outside the program is missing (exit status 3 of the command line).
"""

from typing import ClassVar


class HardwareError(Exception):
    """Base of the tree. `facts` are short, printable and free of personal data."""

    code: ClassVar[str] = "hardware"
    environment: ClassVar[bool] = False

    def __init__(self, message: str = "", **facts: str | int) -> None:
        super().__init__(message or self.code)
        self.facts: dict[str, str | int] = facts


class ReaderError(HardwareError):
    """Base of what concerns the reader or the service that drives it."""

    code = "reader"


class ServiceDown(ReaderError):
    """The PC/SC service (pcscd) does not answer, or refuses this user."""

    code = "pcsc_unavailable"
    environment = True


class ReaderMissing(ReaderError):
    """No reader of this name is plugged in."""

    code = "reader_missing"
    environment = True


class ReaderBusy(ReaderError):
    """Another session or another program holds the reader."""

    code = "reader_busy"


class ReaderFault(ReaderError):
    """The reader answered something unforeseen; `facts["result"]` is the PC/SC code in hexadecimal."""

    code = "reader_fault"


class CardError(HardwareError):
    """Base of what concerns the card. Whatever was read before is discarded."""

    code = "card"


class CardAbsent(CardError):
    """There is no card in the reader."""

    code = "card_absent"


class CardRemoved(CardError):
    """The card left its contacts during the session."""

    code = "card_removed"


class CardSwapped(CardError):
    """The card was reset or replaced during the session: what was read may mix two holders."""

    code = "card_swapped"


class CardMute(CardError):
    """The card gives no answer in time, or none at all when it is powered."""

    code = "card_mute"


class CardUnknown(CardError):
    """A card of a kind that this session does not read."""

    code = "card_unknown"


class CardNotReadable(CardError):
    """A first-generation Vitale: known, and not readable without the licensed interface."""

    code = "card_not_readable"


class CardInvalid(CardError):
    """The card says something that is not of its form: status word, TLV, text or number."""

    code = "card_invalid"


class CountsDiffer(CardError):
    """The card names a number of holders and numbers another: pairing them would be a guess."""

    code = "card_counts_differ"


class CardProfileInvalid(HardwareError):
    """An emulated card's profile, or the fault asked of it, is not of the documented form."""

    code = "card_profile_invalid"


class DeviceSecretMissing(HardwareError):
    """This machine has no device secret here."""

    code = "device_secret_missing"
    environment = True


class DeviceSecretInvalid(HardwareError):
    """The device secret is not 32 bytes, or others than its owner may read it."""

    code = "device_secret_invalid"
    environment = True


class TimezoneMissing(HardwareError):
    """The system has no time zone tables (Debian package tzdata): the shop's date is unknown."""

    code = "timezone_missing"
    environment = True
