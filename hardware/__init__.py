"""What a shop can touch becomes a record: cards, readers, the machine's secret and its clock.

Rules: this package imports neither `terminal` nor `sync`, and importing it loads no reader library; real readers are
`hardware.pcsc.PcscSource`, emulated ones `hardware.emulator.EmulatedSource`, and only a composition root picks one.
Whatever a card or a reader does ends in a record or in an error of one tree, never in half a record.

Reading a card (here an emulated one; with `PcscSource()` the rest is the same):

    >>> from contextlib import closing
    >>> from hardware import CardRemoved, read_vitale
    >>> from hardware.emulator import EmulatedSource
    >>> source = EmulatedSource()
    >>> source.insert("famille")
    >>> reader = source.readers()[0]
    >>> with closing(source.open(reader)) as connection:
    ...     record = read_vitale(connection)
    >>> [person.given_name for person in record.people]
    ['MAXIME ALEXANDRE', 'ELODIE', 'LOUISON']
    >>> record
    VitaleRecord()
    >>> source.insert("simple", fault="pulled:5")
    >>> with closing(source.open(reader)) as connection:
    ...     read_vitale(connection)
    Traceback (most recent call last):
    hardware.errors.CardRemoved: the card left
"""

from hardware.atr import CardKind, identify_atr
from hardware.clock import Clock, SystemClock
from hardware.connection import CardConnection, CardSource, RedactedConnection, Watch
from hardware.errors import (
    CardAbsent,
    CardError,
    CardInvalid,
    CardMute,
    CardNotReadable,
    CardProfileInvalid,
    CardRemoved,
    CardSwapped,
    CardUnknown,
    CountsDiffer,
    DeviceSecretInvalid,
    DeviceSecretMissing,
    HardwareError,
    ReaderBusy,
    ReaderError,
    ReaderFault,
    ReaderMissing,
    ServiceDown,
    TimezoneMissing,
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
from hardware.vitale import read_vitale

__all__ = [
    "CardAbsent",
    "CardConnection",
    "CardError",
    "CardInserted",
    "CardInvalid",
    "CardKind",
    "CardMute",
    "CardNotReadable",
    "CardProfileInvalid",
    "CardRemoved",
    "CardSource",
    "CardSwapped",
    "CardUnknown",
    "CardWithdrawn",
    "Clock",
    "CountsDiffer",
    "DeviceSecret",
    "DeviceSecretInvalid",
    "DeviceSecretMissing",
    "FileDeviceSecret",
    "HardwareError",
    "ReaderAdded",
    "ReaderBusy",
    "ReaderError",
    "ReaderEvent",
    "ReaderFault",
    "ReaderGone",
    "ReaderMissing",
    "RedactedConnection",
    "ServiceBack",
    "ServiceDown",
    "ServiceLost",
    "SystemClock",
    "TimezoneMissing",
    "VitalePerson",
    "VitaleRecord",
    "Watch",
    "identify_atr",
    "open_file_secret",
    "read_vitale",
]
