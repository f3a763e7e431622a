"""BER-TLV as cards use it (ISO/IEC 7816-4 §6.3, ISO/IEC 8825-1). Pure.

Rules: definite lengths only, up to three length bytes; tags up to three bytes; 00 and FF between objects are padding
(erased or never written memory). Whatever the bytes are, the answer is objects or CardInvalid.
"""

from dataclasses import dataclass, field

from hardware.errors import CardInvalid

PADDING = b"\x00\xff"
MAX_TAG_BYTES = 3
MAX_LENGTH_BYTES = 3


@dataclass(frozen=True)
class Tlv:
    """One object. `tag` is the number its bytes spell (0x5F37 for 5F 37)."""

    tag: int
    value: bytes = field(repr=False)


def parse(data: bytes) -> tuple[Tlv, ...]:
    """The objects in `data`, in order; CardInvalid when one is cut or not of the form."""
    objects = []
    at = 0
    while at < len(data):
        if data[at] in PADDING:
            at += 1
            continue
        found, at = _read_one(data, at)
        objects.append(found)
    return tuple(objects)


def encode(tag: int, value: bytes, *, long_form: bool = False) -> bytes:
    """The bytes of one object; `long_form` spends a length byte more than needed, as some cards do."""
    head = tag.to_bytes((tag.bit_length() + 7) // 8, "big")
    return head + _length(len(value), long_form=long_form) + value


def values(objects: tuple[Tlv, ...], tag: int) -> tuple[bytes, ...]:
    """The values of every object with this tag, in order."""
    return tuple(found.value for found in objects if found.tag == tag)


def _read_one(data: bytes, at: int) -> tuple[Tlv, int]:
    tag, at = _read_tag(data, at)
    length, at = _read_length(data, at)
    end = at + length
    if end > len(data):
        raise CardInvalid("an object runs past the end of its file", reason="tlv_truncated")
    return Tlv(tag, data[at:end]), end


def _read_tag(data: bytes, at: int) -> tuple[int, int]:
    start = at
    more = data[at] & 0x1F == 0x1F
    at += 1
    while more:
        if at == len(data) or at - start == MAX_TAG_BYTES:
            raise CardInvalid("a tag is cut or too long", reason="tlv_tag")
        more = bool(data[at] & 0x80)
        at += 1
    return int.from_bytes(data[start:at], "big"), at


def _read_length(data: bytes, at: int) -> tuple[int, int]:
    if at == len(data):
        raise CardInvalid("an object has no length", reason="tlv_truncated")
    first = data[at]
    if first < 0x80:
        return first, at + 1
    end = at + 1 + (first & 0x7F)
    if first == 0x80 or end - at - 1 > MAX_LENGTH_BYTES:
        raise CardInvalid("a length is indefinite or too long", reason="tlv_length")
    if end > len(data):
        raise CardInvalid("a length is cut", reason="tlv_truncated")
    return int.from_bytes(data[at + 1 : end], "big"), end


def _length(length: int, *, long_form: bool) -> bytes:
    size = (length.bit_length() + 7) // 8 if length >= 0x80 else 0
    size = max(size, 1) if long_form else size
    return bytes([0x80 | size]) + length.to_bytes(size, "big") if size else bytes([length])
