"""A kernel of forty bytes for the emulated Pi 3: it says its name on the serial line, and waits.

Rules: an arm64 Image as U-Boot's booti wants it (Documentation/arch/arm64/booting.rst), compressed like the card's.
"""

import gzip
import struct
from typing import Final

_SERIAL: Final = 0x3F21_5040
"""The mini UART's data register on a BCM2837."""


def kernel(name: str) -> bytes:
    """The compressed image of a kernel that says `name`."""
    code = _program(f"MARKER {name}.\r\n".encode())
    size = -(-(64 + len(code)) // 4096) * 4096
    jump, anywhere = 0x1400_0010, 0xA
    head = struct.pack("<IIQQQQQQ4sI", jump, 0, 0, size, anywhere, 0, 0, 0, b"ARM\x64", 0)
    return gzip.compress((head + code).ljust(size, b"\0"), mtime=0)


def _program(words: bytes) -> bytes:
    """x1 the register, x2 the next letter, w3 the letter; at the end sleep for ever."""
    code = [
        0xD280_0001 | (_SERIAL & 0xFFFF) << 5,  # movz x1, low half
        0xF2A0_0001 | (_SERIAL >> 16) << 5,  # movk x1, high half
        0x1000_0002 | 7 << 5,  # adr x2, words
        0x3840_1443,  # next: ldrb w3, [x2], #1
        0x3400_0003 | 3 << 5,  # cbz w3, sleep
        0xB900_0023,  # str w3, [x1]
        0x1400_0000 | (-3 & 0x3FF_FFFF),  # b next
        0xD503_207F,  # sleep: wfi
        0x1400_0000 | (-1 & 0x3FF_FFFF),  # b sleep
    ]
    return struct.pack(f"<{len(code)}I", *code) + words + b"\0"
