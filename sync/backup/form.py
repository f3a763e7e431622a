"""The form of a backup file: a sealed key, then encrypted pieces; nothing in clear but that it is one.

Format (integers big-endian):

    file  = F5 "comptoir backup 1" 0A | n: u16 | kid: 43 | sealed key: n-43 bytes | piece…
    piece = n: u32 | AES-256-GCM of up to 1 MiB (key: the content key; aad: number of the piece, and whether it is last)

Rules: the content key is random, for one file, and sealed (HPKE) to the public half of the paper recovery code, so
that making a backup needs no person. A piece that is missing, changed, moved or added opens nothing, and a file that
was cut has no last piece.
"""

import secrets
import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from sync.crypto.sealing import OpeningKey, SealingKey
from sync.crypto.symmetric import KEY_BYTES, decrypt, encrypt
from sync.errors import BackupInvalid, SealInvalid

PIECE_BYTES: Final = 1 << 20
_MAGIC: Final = b"\xf5comptoir backup 1\n"
_INFO: Final = b"comptoir/backup/v1\x00"
_KID_CHARS: Final = 43
_SEALED_LENGTH: Final = struct.Struct(">H")
_PIECE_LENGTH: Final = struct.Struct(">I")
_AAD: Final = struct.Struct(">QB")
_LONGEST: Final = PIECE_BYTES + 64


def new_content_key() -> bytes:
    """A key for one backup."""
    return secrets.token_bytes(KEY_BYTES)


def write_pieces(file: BinaryIO, recipient: SealingKey, key: bytes, content: Iterable[bytes]) -> None:
    """Write a backup of `content`, given in parts of any length."""
    sealed = recipient.kid.encode("ascii") + recipient.seal(key, _INFO)
    file.write(_MAGIC + _SEALED_LENGTH.pack(len(sealed)) + sealed)
    number, pending = 0, bytearray()
    for part in content:
        pending += part
        while len(pending) > PIECE_BYTES:
            _write_piece(file, key, bytes(pending[:PIECE_BYTES]), number, last=False)
            del pending[:PIECE_BYTES]
            number += 1
    _write_piece(file, key, bytes(pending), number, last=True)


def content_key(file: BinaryIO, opening: OpeningKey) -> bytes:
    """The key of the backup in `file`, which is read up to its pieces; BackupInvalid.

    `reason`: form, or key (another shop's backup, or another paper).
    """
    sealed = _sealed_key(file)
    if sealed[:_KID_CHARS] != opening.public.kid.encode("ascii"):
        raise BackupInvalid("this backup is sealed to another key", reason="key")
    try:
        return opening.open(sealed[_KID_CHARS:], _INFO)
    except SealInvalid:
        raise BackupInvalid("this backup does not open", reason="key") from None


def skip_to_pieces(file: BinaryIO) -> None:
    """Read a backup up to its pieces; BackupInvalid."""
    _sealed_key(file)


def read_pieces(file: BinaryIO, key: bytes) -> Iterator[bytes]:
    """The content, piece by piece, up to the last one; BackupInvalid (`reason`: damaged)."""
    number, last = 0, False
    while not last:
        piece = _read_piece(file)
        clear = _opened(key, piece, number, last=False)
        if clear is None:
            clear, last = _opened(key, piece, number, last=True), True
        if clear is None:
            raise BackupInvalid("a piece of the backup is damaged", reason="damaged", piece=number)
        number += 1
        yield clear
    if file.read(1):
        raise BackupInvalid("something follows the last piece", reason="damaged", piece=number)


def _sealed_key(file: BinaryIO) -> bytes:
    if file.read(len(_MAGIC)) != _MAGIC:
        raise BackupInvalid("this file is no backup", reason="form")
    (length,) = _SEALED_LENGTH.unpack(_exactly(file, _SEALED_LENGTH.size))
    return _exactly(file, length)


def _write_piece(file: BinaryIO, key: bytes, clear: bytes, number: int, *, last: bool) -> None:
    piece = encrypt(key, clear, _AAD.pack(number, last))
    file.write(_PIECE_LENGTH.pack(len(piece)) + piece)


def _read_piece(file: BinaryIO) -> bytes:
    (length,) = _PIECE_LENGTH.unpack(_exactly(file, _PIECE_LENGTH.size))
    if length > _LONGEST:
        raise BackupInvalid("a piece of the backup is damaged", reason="damaged")
    return _exactly(file, length)


def _opened(key: bytes, piece: bytes, number: int, *, last: bool) -> bytes | None:
    try:
        return decrypt(key, piece, _AAD.pack(number, last))
    except SealInvalid:
        return None


def _exactly(file: BinaryIO, length: int) -> bytes:
    found = file.read(length)
    if len(found) < length:
        raise BackupInvalid("the backup ends too early", reason="damaged")
    return found
