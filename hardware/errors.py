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


class CardTooSlow(CardError):
    """Each answer came in time and the whole session did not: the card is given up."""

    code = "card_too_slow"


class CardUnknown(CardError):
    """A card of a kind that this session does not read."""

    code = "card_unknown"


class CardForeign(CardError):
    """A health card of another country, `facts["country"]` (ISO 3166): known, and no Vitale card."""

    code = "card_foreign"


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


class DeviceSecretUnavailable(HardwareError):
    """What keeps the device secret does not answer; `facts`: provider and reason (tool, device, refused, timeout)."""

    code = "device_secret_unavailable"
    environment = True


class DeviceSecretLocked(HardwareError):
    """What keeps the device secret refuses every code for now: too many wrong ones were tried."""

    code = "device_secret_locked"
    environment = True


class TokenError(HardwareError):
    """Base of what concerns a PKCS#11 token: a professional card, or a security module."""

    code = "token"


class TokenModuleMissing(TokenError):
    """The PKCS#11 library is not installed or cannot be loaded; `facts["reason"]` says which."""

    code = "token_module_missing"
    environment = True


class TokenAbsent(TokenError):
    """No token is there that fits."""

    code = "token_absent"


class TokenRemoved(TokenError):
    """The token left, or another took its place, during the session."""

    code = "token_removed"


class TokenPinWrong(TokenError):
    """A wrong PIN; `facts["attempts"]`: few, last or none are left (all when the token does not tell)."""

    code = "token_pin_wrong"


class TokenPinInvalid(TokenError):
    """A PIN of a form that the token does not have; it was not tried."""

    code = "token_pin_invalid"


class TokenPinLastTry(TokenError):
    """One attempt is left and nobody agreed to spend it; the PIN was not tried."""

    code = "token_pin_last_try"


class TokenPinLocked(TokenError):
    """The PIN is locked; only its issuer can help."""

    code = "token_pin_locked"


class TokenLoginRequired(TokenError):
    """The private keys are out of reach before a login."""

    code = "token_login_required"


class TokenKeyMissing(TokenError):
    """No key of this role, or several and no way to choose; `facts`: role and reason."""

    code = "token_key_missing"


class TokenKeyUnfit(TokenError):
    """No secret can be had of this key; `facts["reason"]`: certificate (none), usage or mechanism (not allowed)."""

    code = "token_key_unfit"


class TokenFault(TokenError):
    """The token refused for another reason; `facts["result"]` is its name in PKCS#11."""

    code = "token_fault"


class ScannerError(HardwareError):
    """Base of what concerns the barcode scanner."""

    code = "scanner"


class ScannerMissing(ScannerError):
    """The scanner's port is not there or cannot be opened; `facts["reason"]` says why."""

    code = "scanner_missing"
    environment = True


class ScannerGone(ScannerError):
    """The scanner was unplugged while it was listened to."""

    code = "scanner_gone"


class ScanInvalid(ScannerError):
    """What was scanned is not of its form; `facts["reason"]` says where."""

    code = "scan_invalid"


class PrinterError(HardwareError):
    """Base of what concerns the ticket printer."""

    code = "printer"


class PrinterMissing(PrinterError):
    """The printer cannot be reached; `facts["reason"]` says why."""

    code = "printer_missing"
    environment = True


class PrinterGone(PrinterError):
    """The printer stopped taking data; part of the ticket may have been printed."""

    code = "printer_gone"


class PrinterProfileUnknown(PrinterError):
    """No printer profile has this name."""

    code = "printer_profile_unknown"


class TimezoneMissing(HardwareError):
    """The system has no time zone tables (Debian package tzdata): the shop's date is unknown."""

    code = "timezone_missing"
    environment = True
