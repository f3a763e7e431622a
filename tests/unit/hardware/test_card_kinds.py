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
    CardKind.EGK: [
        "3B D0 96 FF 81 B1 FE 45 1F 03 2E",
        "3B D0 96 FF 81 B1 FE 45 1F 07 2A",
        "3B D0 96 FF 81 B1 FE 45 1F C7 EA",
        "3B D0 97 FF 81 B1 FE 45 1F 07 2B",
        "3B D3 96 FF 81 B1 FE 45 1F 03 80 81 05 29",
        "3B D3 96 FF 81 B1 FE 45 1F 07 80 81 05 2D",
        "3B D8 18 FF 81 B1 FE 45 1F 03 80 64 04 1A B4 03 81 05 61",
        "3B DD 96 FF 81 B1 FE 45 1F 03 00 64 04 05 08 03 73 96 21 D0 00 90 00 C9",
        "3B DD 97 FF 81 B1 FE 45 1F 03 00 64 04 05 0A 02 73 96 21 D0 00 90 00 CB",
        "3B DD 96 FF 81 B1 FE 45 1F 03 00 64 05 73 10 A6 73 D6 21 C0 00 90 00 53",
        "3B 85 80 01 30 01 01 30 30 34",
    ],
    CardKind.UNKNOWN: [
        "",
        *(f"3F 65 25 08 {bank} 04 6C 90 00" for bank in ("43", "63", "65")),
        "3F 65 25 00 2B 09 62 90 00",
        "3F 65 25 00 24 09 6B 90 00",
        "3F 65 25 00 24 09 6E 90 00",
        "3F 65 25 00 53 43 68 90 00",
        "3B 75 13 00 00 9C 02 02 01 02",
        "3B D0 97 FF 81 B1 FE 45 1F C7 EB",
        "3B DD 96 FF 81 B1 FE 45 1F 03 80 31 B0 52 02 03 64 04 1B B4 22 81 05 18",
        "3F 65 25 00 2B 09 69 90 00",
        "3F 65 25 00 24 09 69 90 00",
        "3F 65 25 08 33 04 6C 90 00",
        "3B 98 95 40 FF D0 00 48 01 01 AD 13 21",
    ],
}
LENGTHS = {len(bytes.fromhex(text)) for kind, texts in KNOWN.items() if kind is not CardKind.UNKNOWN for text in texts}
CASES = [(kind, text) for kind, texts in KNOWN.items() for text in texts]


@pytest.mark.parametrize(("kind", "text"), CASES)
def test_known_answers(kind: CardKind, text: str) -> None:
    """Every published answer has its kind; bank, parking, telephone and unread foreign cards are unknown."""
    assert identify_atr(bytes.fromhex(text)) is kind


@given(st.binary(max_size=33))
def test_any_answer_has_a_kind(atr: bytes) -> None:
    """Arbitrary bytes are of some kind, and unknown when they are not of a known length."""
    kind = identify_atr(atr)
    assert kind is CardKind.UNKNOWN or len(atr) in LENGTHS


@given(st.sampled_from([bytes.fromhex(text) for kind, text in CASES if kind is CardKind.VITALE_2]), st.data())
def test_a_longer_or_shorter_answer_is_unknown(atr: bytes, data: st.DataObject) -> None:
    """Neither a beginning nor a continuation of a known answer is taken for it."""
    assert identify_atr(atr[: data.draw(st.integers(0, len(atr) - 1))]) is CardKind.UNKNOWN
    assert identify_atr(atr + data.draw(st.binary(min_size=1, max_size=4))) is CardKind.UNKNOWN
