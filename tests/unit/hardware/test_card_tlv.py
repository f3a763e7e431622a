"""TLV: what is written is read again, and no bytes lead outside the error tree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.errors import CardInvalid
from hardware.tlv import Tlv, encode, parse, values

TAGS = st.one_of(
    st.integers(0x01, 0xFE).filter(lambda tag: tag & 0x1F != 0x1F),
    st.builds(lambda first, last: first << 8 | last, st.sampled_from([0x1F, 0x5F, 0x7F, 0xBF]), st.integers(0, 0x7F)),
    st.builds(lambda middle, last: 0x7F << 16 | middle << 8 | last, st.integers(0x80, 0xFF), st.integers(0, 0x7F)),
)
VALUES = st.one_of(st.binary(max_size=40), st.integers(120, 300).map(bytes), st.just(bytes(70_000)))
OBJECTS = st.lists(st.tuples(TAGS, VALUES, st.booleans()), max_size=6)
PADDING = st.lists(st.sampled_from([0x00, 0xFF]), max_size=5).map(bytes)


@given(OBJECTS, st.data())
def test_what_is_written_is_read_again(objects: list[tuple[int, bytes, bool]], data: st.DataObject) -> None:
    """Any objects, with either form of length and padding before, between and after, come back in order."""
    content = data.draw(PADDING)
    for tag, value, long_form in objects:
        content += encode(tag, value, long_form=long_form) + data.draw(PADDING)
    assert parse(content) == tuple(Tlv(tag, value) for tag, value, _ in objects)


@given(st.binary(max_size=300))
def test_any_bytes_are_objects_or_an_error_of_the_tree(content: bytes) -> None:
    """Arbitrary bytes are parsed or refused; what is parsed is not longer than what was given."""
    try:
        outcome: tuple[Tlv, ...] | str = parse(content)
    except CardInvalid as error:
        outcome = str(error.facts["reason"])
    if isinstance(outcome, str):
        assert outcome in ("tlv_tag", "tlv_length", "tlv_truncated")
    else:
        assert sum(2 + len(found.value) for found in outcome) <= len(content)


@given(TAGS, VALUES, st.booleans(), st.data())
def test_a_cut_object_is_refused(tag: int, value: bytes, long_form: bool, data: st.DataObject) -> None:
    """No proper beginning of an object is taken for an object."""
    whole = encode(tag, value, long_form=long_form)
    with pytest.raises(CardInvalid):
        parse(whole[: data.draw(st.integers(1, len(whole) - 1))])


@pytest.mark.parametrize(
    ("written", "tag", "length"),
    [("8003414243", 0x80, 3), ("5F370100", 0x5F37, 1), ("93810141", 0x93, 1), ("7F21820001AA", 0x7F21, 1)],
)
def test_known_spellings(written: str, tag: int, length: int) -> None:
    """Short, two-byte tags and long lengths are read as ISO/IEC 7816-4 spells them."""
    (found,) = parse(bytes.fromhex(written))
    assert (found.tag, len(found.value)) == (tag, length)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("80", "tlv_truncated"),
        ("800541", "tlv_truncated"),
        ("8081", "tlv_truncated"),
        ("8080AA0000", "tlv_length"),
        ("8084000000010A", "tlv_length"),
        ("1F", "tlv_tag"),
        ("1F81828300", "tlv_tag"),
    ],
)
def test_what_is_not_of_the_form_is_named(written: str, reason: str) -> None:
    """Each way to be wrong has its reason."""
    with pytest.raises(CardInvalid) as caught:
        parse(bytes.fromhex(written))
    assert caught.value.facts == {"reason": reason}


def test_long_lengths_take_as_many_bytes_as_they_need() -> None:
    """127 is the last length on one byte, 255 the last on two, 65 535 the last on three."""
    heads = {length: encode(0x80, bytes(length))[1:-length].hex() for length in (127, 128, 255, 256, 65_535, 65_536)}
    expected = {127: "7f", 128: "8180", 255: "81ff", 256: "820100", 65_535: "82ffff", 65_536: "83010000"}
    assert heads == expected


def test_values_keep_the_order_of_the_file() -> None:
    """Objects of one tag are found in order, others are left out."""
    objects = parse(bytes.fromhex("800141 810142 800143"))
    assert values(objects, 0x80) == (b"A", b"C")
    assert values(objects, 0x99) == ()


def test_a_value_stays_out_of_the_repr() -> None:
    """An object in a log shows its tag only."""
    assert repr(Tlv(0x80, b"VERDIERE")) == "Tlv(tag=128)"
