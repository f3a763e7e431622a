"""What a shop can touch becomes a record: cards, readers, the machine's secret and its clock.

Rules: this package imports neither `terminal` nor `sync`, and importing it loads no reader library; real readers are
`hardware.pcsc.PcscSource`, emulated ones `hardware.emulator.EmulatedSource`, and only a composition root picks one.
Whatever a card or a reader does ends in a record or in an error of one tree, never in half a record.

Reading a card (here an emulated one; with `PcscSource()` the rest is the same):

    >>> from hardware import CardRemoved, read_vitale
    >>> from hardware.emulator import EmulatedSource
    >>> source = EmulatedSource()
    >>> source.insert("famille")
    >>> reader = source.readers()[0]
    >>> record = source.read(reader, read_vitale)
    >>> [person.given_name for person in record.people]
    ['MAXIME ALEXANDRE', 'ELODIE', 'LOUISON']
    >>> record
    VitaleRecord()
    >>> source.insert("simple", fault="pulled:5")
    >>> source.read(reader, read_vitale)
    Traceback (most recent call last):
    hardware.errors.CardRemoved: the card left
"""

from hardware.atr import CardKind, identify_atr
from hardware.clock import Clock, SystemClock
from hardware.connection import CardConnection, CardSource, RedactedConnection, Watch
from hardware.egk import EgkRecord, read_egk
from hardware.errors import (
    CardAbsent,
    CardError,
    CardForeign,
    CardInvalid,
    CardMute,
    CardNotReadable,
    CardProfileInvalid,
    CardRemoved,
    CardSwapped,
    CardTooSlow,
    CardUnknown,
    CountsDiffer,
    DeviceSecretInvalid,
    DeviceSecretLocked,
    DeviceSecretMissing,
    DeviceSecretUnavailable,
    HardwareError,
    PrinterError,
    PrinterGone,
    PrinterMissing,
    PrinterProfileUnknown,
    ReaderBusy,
    ReaderError,
    ReaderFault,
    ReaderMissing,
    ScanInvalid,
    ScannerError,
    ScannerGone,
    ScannerMissing,
    ServiceDown,
    TimezoneMissing,
    TokenAbsent,
    TokenError,
    TokenFault,
    TokenKeyMissing,
    TokenKeyUnfit,
    TokenLoginRequired,
    TokenModuleMissing,
    TokenPinInvalid,
    TokenPinLastTry,
    TokenPinLocked,
    TokenPinWrong,
    TokenRemoved,
)
from hardware.events import (
    CardInserted,
    CardWithdrawn,
    ReaderAdded,
    ReaderEvent,
    ReaderGone,
    ServiceBack,
    ServiceLost,
)
from hardware.keystore import DeviceSecret, FileDeviceSecret, open_file_secret
from hardware.records import VitalePerson, VitaleRecord
from hardware.trusted_clock import Doubt, HighWaterMark, TrustedClock, open_home_clock
from hardware.vitale import read_vitale

__all__ = [
    "CardAbsent",
    "CardConnection",
    "CardError",
    "CardForeign",
    "CardInserted",
    "CardInvalid",
    "CardKind",
    "CardMute",
    "CardNotReadable",
    "CardProfileInvalid",
    "CardRemoved",
    "CardSource",
    "CardSwapped",
    "CardTooSlow",
    "CardUnknown",
    "CardWithdrawn",
    "Clock",
    "CountsDiffer",
    "DeviceSecret",
    "DeviceSecretInvalid",
    "DeviceSecretLocked",
    "DeviceSecretMissing",
    "DeviceSecretUnavailable",
    "Doubt",
    "EgkRecord",
    "FileDeviceSecret",
    "HardwareError",
    "HighWaterMark",
    "PrinterError",
    "PrinterGone",
    "PrinterMissing",
    "PrinterProfileUnknown",
    "ReaderAdded",
    "ReaderBusy",
    "ReaderError",
    "ReaderEvent",
    "ReaderFault",
    "ReaderGone",
    "ReaderMissing",
    "RedactedConnection",
    "ScanInvalid",
    "ScannerError",
    "ScannerGone",
    "ScannerMissing",
    "ServiceBack",
    "ServiceDown",
    "ServiceLost",
    "SystemClock",
    "TimezoneMissing",
    "TokenAbsent",
    "TokenError",
    "TokenFault",
    "TokenKeyMissing",
    "TokenKeyUnfit",
    "TokenLoginRequired",
    "TokenModuleMissing",
    "TokenPinInvalid",
    "TokenPinLastTry",
    "TokenPinLocked",
    "TokenPinWrong",
    "TokenRemoved",
    "TrustedClock",
    "VitalePerson",
    "VitaleRecord",
    "Watch",
    "identify_atr",
    "open_file_secret",
    "open_home_clock",
    "read_egk",
    "read_vitale",
]
