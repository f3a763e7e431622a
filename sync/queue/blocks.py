"""The counterfoil's format: what one append writes, and how a reader tells a torn tail from damage.

Format (all integers big-endian):

    file   = header, block…            header = F5 "comptoir counterfoil 2" 0A
    block  = F5 "blk" | n: u32 | prev: 32 | payload: n bytes | digest: 32
    prev   = digest of the block before; SHA-256 of the header for the first
    digest = SHA-256 of all that precedes it in the block
    payload = frame… in the raw form of DEFLATE (RFC 1951)
    frame  = kind: u8 (1 envelope, 2 dispatch, 3 void) | at: i64, ms since 1970 UTC
             | len(claim id): u8 | len(insurer): u8 | len(body): u32 | claim id | insurer | body

Rules: one append is one block, so its frames are there together or not at all, in whatever order the sectors of the
write reached the medium. An invalid block with no valid block behind it is a torn tail (an append that was never
acknowledged); one with a valid block behind it is damage: a search for blocks believes a digest, never a magic alone.
A payload is deflated because a sealed envelope is base64 in JSON: on the medium it takes a quarter less, and shows no
text.
"""

import hashlib
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from sync.errors import CounterfoilCorrupt

Kind = Literal["envelope", "dispatch", "void"]

HEADER: Final = b"\xf5comptoir counterfoil 2\n"
_MAGIC: Final = b"\xf5blk"
_HEAD: Final = struct.Struct(">4sI32s")
_FRAME: Final = struct.Struct(">BqBBI")
_DIGEST_BYTES: Final = 32
_KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_MAX_PAYLOAD: Final = 1 << 26
_RAW: Final = -zlib.MAX_WBITS
_FAST: Final = 1
"""Nothing repeats in a sealed text: a longer search takes twice the time and saves nothing."""

Read = Callable[[int, int], bytes]
"""`read(offset, length)`: the bytes there, fewer at the end of the file."""


@dataclass(frozen=True)
class Frame:
    """One entry: `at` is milliseconds since 1970 UTC; `body` is ciphertext, a dispatch JWS, or the record of a void."""

    kind: Kind
    claim_id: str
    insurer: str
    at: int
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Mark:
    """A place between two blocks: its offset, and the digest of the block that ends there (so of all before it)."""

    offset: int
    digest: bytes


START: Final = Mark(len(HEADER), hashlib.sha256(HEADER).digest())
"""The place of the first block."""


class BlockInvalid(Exception):
    """The bytes at `offset` are not a whole block: the reader judges whether that is a torn tail or damage."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


def encode_block(frames: Sequence[Frame], prev: bytes) -> bytes:
    """The bytes of one append that follows the block with digest `prev`."""
    payload = zlib.compress(b"".join(_encode_frame(frame) for frame in frames), _FAST, wbits=_RAW)
    signed = _HEAD.pack(_MAGIC, len(payload), prev) + payload
    return signed + hashlib.sha256(signed).digest()


def mark_after(start: Mark, block: bytes) -> Mark:
    """The place where `block`, written at `start`, ends."""
    return Mark(start.offset + len(block), block[-_DIGEST_BYTES:])


def read_blocks(read: Read, start: Mark, size: int) -> Iterator[tuple[tuple[Frame, ...], Mark]]:
    """The frames of each block from `start` to `size`, with the place where it ends.

    BlockInvalid where the bytes are no whole block; CounterfoilCorrupt where a whole block does not continue the
    chain.
    """
    place = start
    while place.offset < size:
        block = _read_block(read, place.offset)
        if _HEAD.unpack_from(block)[2] != place.digest:
            raise CounterfoilCorrupt("a block does not continue the chain", offset=place.offset)
        frames = tuple(_decode_frames(block, place.offset))
        place = mark_after(place, block)
        yield frames, place


def whole_block(read: Read, place: Mark) -> bytes | None:
    """The whole block at `place`, when there is one and it continues the chain."""
    try:
        block = _read_block(read, place.offset)
    except BlockInvalid:
        return None
    return block if _HEAD.unpack_from(block)[2] == place.digest else None


def salvage(data: bytes) -> tuple[list[Frame], int]:
    """The frames of every whole block anywhere in `data`, in order, and the bytes that belong to none."""
    frames: list[Frame] = []
    kept, place = len(HEADER) if data.startswith(HEADER) else 0, data.find(_MAGIC)
    while place >= 0:
        if _is_whole_block(data, place):
            length = _HEAD.size + int(_HEAD.unpack_from(data, place)[1]) + _DIGEST_BYTES
            frames += _decode_frames(data[place : place + length], place)
            kept += length
            place = data.find(_MAGIC, place + length)
        else:
            place = data.find(_MAGIC, place + 1)
    return frames, len(data) - kept


def digest_before(read: Read, offset: int) -> bytes:
    """What the chain says just before `offset`: the digest that a mark there must have."""
    if offset == START.offset:
        return START.digest
    return read(max(offset - _DIGEST_BYTES, 0), _DIGEST_BYTES)


def holds_block(data: bytes) -> bool:
    """Whether a whole block stands anywhere in `data`."""
    place = data.find(_MAGIC)
    while place >= 0:
        if _is_whole_block(data, place):
            return True
        place = data.find(_MAGIC, place + 1)
    return False


def _encode_frame(frame: Frame) -> bytes:
    claim_id, insurer = frame.claim_id.encode("ascii"), frame.insurer.encode("ascii")
    kind = _KINDS.index(frame.kind) + 1
    return _FRAME.pack(kind, frame.at, len(claim_id), len(insurer), len(frame.body)) + claim_id + insurer + frame.body


def _read_block(read: Read, offset: int) -> bytes:
    head = read(offset, _HEAD.size)
    if len(head) < _HEAD.size or not head.startswith(_MAGIC):
        raise BlockInvalid(offset)
    length = _HEAD.unpack(head)[1]
    if length > _MAX_PAYLOAD:
        raise BlockInvalid(offset)
    block = head + read(offset + _HEAD.size, length + _DIGEST_BYTES)
    if not _is_whole_block(block, 0):
        raise BlockInvalid(offset)
    return block


def _is_whole_block(data: bytes, place: int) -> bool:
    if len(data) - place < _HEAD.size:
        return False
    end = place + _HEAD.size + int(_HEAD.unpack_from(data, place)[1])
    return hashlib.sha256(data[place:end]).digest() == data[end : end + _DIGEST_BYTES]


def _decode_frames(block: bytes, offset: int) -> Iterator[Frame]:
    try:
        yield from _frames_in(_inflate(block[_HEAD.size : -_DIGEST_BYTES]))
    except (zlib.error, struct.error, ValueError, IndexError) as error:
        raise CounterfoilCorrupt("a whole block holds something else than frames", offset=offset) from error


def _inflate(payload: bytes) -> bytes:
    """What was deflated; ValueError when it is too long, cut short, or followed by something."""
    stream = zlib.decompressobj(_RAW)
    data = stream.decompress(payload, _MAX_PAYLOAD)
    if not stream.eof or stream.unused_data:
        raise ValueError("not one whole stream")
    return data


def _frames_in(data: bytes) -> Iterator[Frame]:
    """The frames one after the other; struct.error, UnicodeDecodeError, IndexError, ValueError when they are none."""
    place = 0
    while place < len(data):
        kind, at, id_length, insurer_length, body_length = _FRAME.unpack_from(data, place)
        named = place + _FRAME.size
        cuts = named, named + id_length, named + id_length + insurer_length
        claim_id, insurer = data[cuts[0] : cuts[1]].decode("ascii"), data[cuts[1] : cuts[2]].decode("ascii")
        place = cuts[2] + body_length
        yield Frame(_KINDS[kind - 1], claim_id, insurer, at, data[cuts[2] : place])
    if place != len(data):
        raise ValueError("the last frame is cut short")
