"""A virtual card: commands in, answers out, no clock, no thread, no socket.

Rules: a card never raises; whatever it is sent has an answer, as on a real one. What a card does *not* do (stay silent,
leave, be exchanged) is a value too, and whoever carries the card acts on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

MASTER_FILE = b"\x3f\x00"
VITALE_AID = b"\xd2\x50\x00\x00\x02VITALE"
SFI = 2
_OK, _WRONG_LENGTH, _PROTECTED = b"\x90\x00", b"\x67\x00", b"\x69\x82"
_NO_CURRENT_FILE, _NOT_FOUND, _WRONG_OFFSET = b"\x69\x86", b"\x6a\x82", b"\x6b\x00"
_NO_INSTRUCTION, _NO_CLASS = b"\x6d\x00", b"\x6e\x00"


class Mishap(Enum):
    """What a card may do instead of answering."""

    SILENT = "silent"
    PULLED = "pulled"


@dataclass(frozen=True)
class Answer:
    """Data and status word, after `delay` seconds."""

    data: bytes = field(repr=False)
    delay: float = 0.0


@dataclass(frozen=True)
class Exchange:
    """Instead of an answer: the card leaves, and this one is in its place before anybody looks."""

    card: "VirtualCard"


Reply = Answer | Mishap | Exchange


class VirtualCard(Protocol):
    """Anything that can be put into an emulated reader."""

    @property
    def atr(self) -> bytes:
        """The answer to reset."""

    def reset(self) -> None:
        """Power on: the card forgets what was selected."""

    def respond(self, apdu: bytes) -> Reply:
        """What the card does with one command."""


class AtrOnlyCard:
    """A card that is recognised and refuses everything, as a Vitale 1 does (6E00; 6D00 in its own class BC)."""

    def __init__(self, atr: bytes) -> None:
        self.atr = atr

    def reset(self) -> None:
        """Nothing to forget."""

    def respond(self, apdu: bytes) -> Reply:
        """Refuse."""
        return Answer(_NO_INSTRUCTION if apdu[:1] == b"\xbc" else _NO_CLASS)


class FileCard:
    """A card of free files: for the root and each application, contents by short identifier.

    `procedure`: announce lengths by 61xx and 6Cxx as T=0 cards do. `end`: status word of a read that got less than it
    asked for.
    """

    def __init__(
        self, atr: bytes, files: Mapping[bytes, Mapping[int, bytes]], *, procedure: bool, end: bytes = _OK
    ) -> None:
        self.atr = atr
        self._files = files
        self._procedure = procedure
        self._end = end
        self.reset()

    def reset(self) -> None:
        """Back to the root, nothing selected."""
        self._application = MASTER_FILE
        self._current: bytes | None = None
        self._pending = b""

    def respond(self, apdu: bytes) -> Reply:
        """Answer one command; see `process`."""
        return Answer(self.process(apdu))

    def process(self, apdu: bytes) -> bytes:
        """Data and status word for SELECT, READ BINARY and GET RESPONSE; a refusal for the rest."""
        pending, self._pending = self._pending, b""
        if len(apdu) < 4:
            return _WRONG_LENGTH
        if apdu[0] != 0:
            return _NO_CLASS
        if apdu[1] == 0xC0:
            return self._get_response(apdu, pending)
        action = {0xA4: self._select, 0xB0: self._read}.get(apdu[1])
        return action(apdu) if action else _NO_INSTRUCTION

    def _select(self, apdu: bytes) -> bytes:
        name = apdu[5 : 5 + apdu[4]] if len(apdu) > 4 else MASTER_FILE
        by_name = apdu[2] == 0x04
        if name not in self._files or by_name != (name != MASTER_FILE):
            return _NOT_FOUND
        self._application, self._current = name, None
        if not by_name or not self._procedure:
            return _OK
        self._pending = bytes([0x6F, len(name) + 2, 0x84, len(name)]) + name
        return bytes([0x61, len(self._pending)])

    def _get_response(self, apdu: bytes, pending: bytes) -> bytes:
        if not pending:
            return _NO_CURRENT_FILE
        return pending[: _expected(apdu)] + _OK

    def _read(self, apdu: bytes) -> bytes:
        if apdu[2] & 0x80:
            content = self._files[self._application].get(apdu[2] & 0x1F)
            if content is None:
                return _NOT_FOUND if self._application == MASTER_FILE else _PROTECTED
            self._current, offset = content, apdu[3]
        else:
            offset = apdu[2] << 8 | apdu[3]
        if self._current is None:
            return _NO_CURRENT_FILE
        return self._slice(self._current, offset, _expected(apdu))

    def _slice(self, content: bytes, offset: int, length: int) -> bytes:
        left = len(content) - offset
        if left <= 0:
            return _WRONG_OFFSET
        if self._procedure and length > left:
            return bytes([0x6C, left])
        return content[offset : offset + length] + (_OK if length <= left else self._end)


class VirtualVitale(FileCard):
    """A Vitale 2 with its two readable files."""

    def __init__(self, atr: bytes, identity_file: bytes, nir_file: bytes, *, procedure: bool = True) -> None:
        super().__init__(atr, {MASTER_FILE: {SFI: identity_file}, VITALE_AID: {SFI: nir_file}}, procedure=procedure)


def _expected(apdu: bytes) -> int:
    return (apdu[4] or 256) if len(apdu) > 4 else 256
