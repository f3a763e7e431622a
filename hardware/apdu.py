"""Command and response APDUs (ISO/IEC 7816-3 and 7816-4), short form only. Pure.

Rules: bytes in, bytes out; nothing is sent here. Data fields may name a person, so they stay out of reprs.
"""

from dataclasses import dataclass, field
from typing import Self

from hardware.errors import CardInvalid

MASTER_FILE = 0x3F00
SW_OK = 0x9000
SW_END_OF_FILE = 0x6282
SW_WRONG_OFFSET = 0x6B00
BLOCK = 256
"""What one short READ BINARY can bring at most, in bytes."""


@dataclass(frozen=True)
class Command:
    """One command. `data` is at most 255 bytes; `le`, 1 to 256, is what is expected back (None: nothing)."""

    ins: int
    p1: int = 0
    p2: int = 0
    data: bytes = field(default=b"", repr=False)
    le: int | None = None
    cla: int = 0

    def encode(self) -> bytes:
        """The bytes to send."""
        body = bytes([len(self.data)]) + self.data if self.data else b""
        tail = b"" if self.le is None else bytes([self.le % 256])
        return bytes([self.cla, self.ins, self.p1, self.p2]) + body + tail


@dataclass(frozen=True)
class Response:
    """The data a card sent and its status word."""

    data: bytes = field(repr=False)
    sw: int

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Split data and status word; CardInvalid when there are not even two bytes."""
        if len(raw) < 2:
            raise CardInvalid("an answer without a status word", reason="answer_too_short")
        return cls(raw[:-2], int.from_bytes(raw[-2:], "big"))

    @property
    def sw1(self) -> int:
        """First byte of the status word."""
        return self.sw >> 8

    @property
    def sw2(self) -> int:
        """Second byte of the status word."""
        return self.sw & 0xFF


def select_master_file() -> Command:
    """SELECT the root (7816-4 §11.2.2)."""
    return Command(0xA4, data=MASTER_FILE.to_bytes(2, "big"))


def select_application(aid: bytes) -> Command:
    """SELECT an application by its identifier (P1 = 04)."""
    return Command(0xA4, 0x04, data=aid)


def read_first_block(sfi: int) -> Command:
    """READ BINARY from the start of the file with this short identifier (1 to 30), which becomes current."""
    return Command(0xB0, 0x80 | sfi, le=BLOCK)


def read_next_block(offset: int) -> Command:
    """READ BINARY of the current file from `offset` (15 bits)."""
    return Command(0xB0, offset >> 8, offset & 0xFF, le=BLOCK)


def get_response(length: int) -> Command:
    """GET RESPONSE: fetch what status 61xx announced (T=0)."""
    return Command(0xC0, le=length or BLOCK)
