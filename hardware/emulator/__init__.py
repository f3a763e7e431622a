"""Cards of invented holders, for readers in this process and for the virtual reader of a real pcscd.

Rules: an emulated card obeys the Protocols of `hardware.connection` and proves nothing about real cards; whatever it
imitates is listed in this folder's README.md with how sure we are of it.
"""

from hardware.emulator.faults import FAULTS, make_card, parse_fault
from hardware.emulator.profiles import Profile, load_profile, parse_profile, profile_names
from hardware.emulator.source import EmulatedSource
from hardware.emulator.vpcd import VirtualReader

__all__ = [
    "FAULTS",
    "EmulatedSource",
    "Profile",
    "VirtualReader",
    "load_profile",
    "make_card",
    "parse_fault",
    "parse_profile",
    "profile_names",
]
