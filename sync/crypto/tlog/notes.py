"""Signed notes (c2sp.org/signed-note): a text, and lines in which named Ed25519 keys sign it.

Rules: two kinds of signature, the log's own (type 0x01) and a witness's cosignature over a checkpoint with its time
(type 0x04, c2sp.org/tlog-cosignature: `cosignature/v1`); Ed25519 because witnesses and other implementations ask for
it. Key id and name together name a key. base64 is RFC 4648 §4 with padding, one spelling only. A private key is a
32-byte seed and appears in no representation.
"""

import base64
import binascii
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from typing import Final, Literal, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sync.errors import ContractError, KeyInvalid, SignatureInvalid

LOG_KEY: Final = 1
WITNESS_KEY: Final = 4
KEY_BYTES: Final = 32
_ID_BYTES: Final = 4
_TIME_BYTES: Final = 8
_SIGNATURE_BYTES: Final = 64
MAX_NOTE: Final = 16_384
"""Characters of a note: more than a checkpoint with 64 Ed25519 signatures has."""
_NAME: Final = re.compile(r"[!-*,-~]{1,100}", re.ASCII)
_VKEY: Final = re.compile(r"([!-*,-~]{1,100})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})", re.ASCII)
_LINE: Final = re.compile(r"— ([^ \n+]+) ([A-Za-z0-9+/]+={0,2})\n")

Kind = Literal[1, 4]


@dataclass(frozen=True)
class NoteKey:
    """The public half of a key: its name, its 32 bytes, and what its signatures are (`LOG_KEY` or `WITNESS_KEY`)."""

    name: str
    kind: Kind
    public: bytes

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """The key of a vkey text; KeyInvalid unless it is one of the two kinds and its id follows from it."""
        found = _VKEY.fullmatch(vkey)
        if found is None:
            raise KeyInvalid("not a verifier key of a note")
        material = base64.b64decode(found[3])
        if material[0] == LOG_KEY:
            key = cls(found[1], LOG_KEY, material[1:])
        elif material[0] == WITNESS_KEY:
            key = cls(found[1], WITNESS_KEY, material[1:])
        else:
            raise KeyInvalid("a verifier key of an unknown kind")
        if key.vkey != vkey:
            raise KeyInvalid("the id of a verifier key does not follow from it")
        return key

    @property
    def id(self) -> bytes:
        """Four bytes that, with the name, say whose line it is."""
        return hashlib.sha256(self.name.encode("ascii") + b"\n" + bytes((self.kind,)) + self.public).digest()[
            :_ID_BYTES
        ]

    @property
    def vkey(self) -> str:
        """The key as text: name, id, kind and bytes."""
        return f"{self.name}+{self.id.hex()}+{to_base64(bytes((self.kind,)) + self.public)}"

    def verify(self, text: str, signature: bytes) -> None:
        """Return when this key made `signature` (with its time, if a witness's) over `text`; else SignatureInvalid."""
        timed, message = b"", text
        if self.kind == WITNESS_KEY:
            timed, signature = signature[:_TIME_BYTES], signature[_TIME_BYTES:]
            message = _timed(text, int.from_bytes(timed, "big"))
        if len(signature) != _SIGNATURE_BYTES or (self.kind == WITNESS_KEY and not any(timed)):
            raise SignatureInvalid("a signature of another length, or without its time")
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message.encode("utf-8"))
        except (InvalidSignature, ValueError) as error:
            raise SignatureInvalid("the note's signature does not verify") from error


class NoteSigner:
    """A private key that signs notes under `name`; `kind` as in NoteKey."""

    def __init__(self, name: str, kind: Kind, seed: bytes) -> None:
        if len(seed) != KEY_BYTES or not _NAME.fullmatch(name):
            raise KeyInvalid("a note's key has a 32-byte seed, and a name in ASCII without spaces and plus signs")
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = NoteKey(name, kind, self._private.public_key().public_bytes_raw())

    @staticmethod
    def new_seed() -> bytes:
        """A random seed: secret."""
        return secrets.token_bytes(KEY_BYTES)

    def line(self, text: str, at: int = 0) -> str:
        """The signature line over `text`; a witness's states the time `at` (POSIX seconds, positive)."""
        timed = at.to_bytes(_TIME_BYTES, "big") if self.public.kind == WITNESS_KEY else b""
        signature = self._private.sign((_timed(text, at) if timed else text).encode("utf-8"))
        return f"— {self.public.name} {to_base64(self.public.id + timed + signature)}\n"

    def __repr__(self) -> str:
        return f"NoteSigner({self.public.vkey!r})"


@dataclass(frozen=True)
class Signature:
    """One signature line: whose it says it is, and the bytes after the key id."""

    name: str
    key_id: bytes
    signature: bytes = field(repr=False)


@dataclass(frozen=True)
class Note:
    """A text (with its last line end) and its signature lines, nothing verified."""

    text: str
    signatures: tuple[Signature, ...]

    def signed_by(self, key: NoteKey) -> bool:
        """Whether `key` signed; SignatureInvalid when a line that names it does not verify, or there are two."""
        own = [line.signature for line in self.signatures if (line.name, line.key_id) == (key.name, key.id)]
        if len(own) > 1:
            raise SignatureInvalid("a key signed twice")
        for signature in own:
            key.verify(self.text, signature)
        return bool(own)


def read_note(note: str) -> Note:
    """The parts of a signed note; ContractError when it is none."""
    text, blank, lines = note.rpartition("\n\n")
    found = [(match[0], match[1], match[2]) for match in _LINE.finditer(lines)]
    if not blank or not found or "".join(line for line, _, _ in found) != lines or len(note) > MAX_NOTE:
        raise ContractError("not a signed note")
    if any(ord(letter) < ord(" ") and letter != "\n" for letter in note):
        raise ContractError("a signed note holds a control character")
    return Note(text + "\n", tuple(_signature(name, signature) for _, name, signature in found))


def _signature(name: str, encoded: str) -> Signature:
    data = from_base64(encoded)
    if len(data) <= _ID_BYTES:
        raise ContractError("a signature line without a signature")
    return Signature(name, data[:_ID_BYTES], data[_ID_BYTES:])


def _timed(text: str, at: int) -> str:
    return f"cosignature/v1\ntime {at}\n{text}"


def to_base64(data: bytes) -> str:
    """`data` in base64 with padding (RFC 4648 §4)."""
    return base64.b64encode(data).decode("ascii")


def from_base64(text: str) -> bytes:
    """The bytes of a base64 text; ContractError unless it is their only spelling."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ContractError("not base64") from error
    if to_base64(data) != text:
        raise ContractError("not canonical base64")
    return data
