"""Cards are recognised by their whole answer to reset."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware import CardKind, identify_atr

KNOWN = {
    CardKind.VITALE_2: [
        *(f"3B 75 13 00 00 {mask:02X} 09 EA 90 00" for mask in (*range(0x43, 0x4A), 0x4B, 0x4C)),
        "3B 75 13 00 00 45 09 FA 90 00",
    ],
    CardKind.VITALE_1: [
        "3F 65 25 00 22 09 F9 90 00",
        "3F 65 25 00 2C 09 69 90 00",
        "3F 65 25 00 52 09 6A 90 00",
        "3F 65 25 00 A3 09 6A 90 00",
        "3F 65 25 00 A4 09 6A 90 00",
    ],
    CardKind.CPS: [
        "3B AC 00 40 2A 00 12 25 00 64 80 00 03 10 00 90 00",
        "3B AC 00 40 2A 00 12 25 00 64 80 82 02 12 00 90 00",
        "3B 8F 80 01 00 31 B8 64 04 B0 EC C1 73 94 01 80 82 90 00 0E",
        "3B DC 18 FF 00 00 12 25 00 64 80 00 04 01 00 90 00",
    ],
    CardKind.UNKNOWN: [
        "",
        "3F 65 25 00 2B 09 69 90 00",
        "3F 65 25 00 24 09 69 90 00",
        "3F 65 25 08 33 04 6C 90 00",
        "3B 98 95 40 FF D0 00 48 01 01 AD 13 21",
    ],
}
CASES = [(kind, text) for kind, texts in KNOWN.items() for text in texts]


@pytest.mark.parametrize(("kind", "text"), CASES)
def test_known_answers(kind: CardKind, text: str) -> None:
    """Every published answer has its kind; parking, bank and foreign cards are unknown."""
    assert identify_atr(bytes.fromhex(text)) is kind


@given(st.binary(max_size=33))
def test_any_answer_has_a_kind(atr: bytes) -> None:
    """Arbitrary bytes are of some kind, and unknown when they are not of a known length."""
    kind = identify_atr(atr)
    assert kind is CardKind.UNKNOWN or len(atr) in (9, 10, 17, 20)


@given(st.sampled_from([bytes.fromhex(text) for kind, text in CASES if kind is CardKind.VITALE_2]), st.data())
def test_a_longer_or_shorter_answer_is_unknown(atr: bytes, data: st.DataObject) -> None:
    """Neither a beginning nor a continuation of a known answer is taken for it."""
    assert identify_atr(atr[: data.draw(st.integers(0, len(atr) - 1))]) is CardKind.UNKNOWN
    assert identify_atr(atr + data.draw(st.binary(min_size=1, max_size=4))) is CardKind.UNKNOWN
