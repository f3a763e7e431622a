"""What a scan says: GS1 whole or refused, plain text as it is, digits of another keyboard put right."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hardware import ScanInvalid
from hardware.scanner import Scan, azerty_digits, parse_scan
from hardware.scanner.codes import GS, LONGEST, check_digit
from hardware.scanner.listening import judged

GTIN = "03700000000013"
digits = st.text("0123456789", min_size=1)


def number(body: str) -> str:
    """Fourteen digits with a right check digit."""
    return body + str(check_digit(body))


gtins = st.text("0123456789", min_size=13, max_size=13).map(number)
values = st.text(st.characters(codec="ascii", exclude_categories=("Cc", "Cs")), min_size=1, max_size=20)
elements = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(("01", "02")), gtins),
        st.tuples(st.sampled_from(("11", "15", "17")), st.text("0123456789", min_size=6, max_size=6)),
        st.tuples(st.sampled_from(("3103", "3203")), st.text("0123456789", min_size=6, max_size=6)),
        st.tuples(st.sampled_from(("10", "21", "240", "710", "8008", "99")), values),
    ),
    min_size=1,
    max_size=6,
)
REASONS = {"empty", "too_long", "characters", "identifier", "length", "digits", "check_digit"}
VARIABLE = ("10", "21", "240", "710", "8008", "99")


@given(elements, st.sampled_from(("]C1", "]d2", "]Q3", GS)))
def test_what_was_encoded_is_parsed(found: list[tuple[str, str]], mark: str) -> None:
    """Elements written as GS1 writes them, separators only where they are needed, come back whole."""
    parts = [key + value + (GS if key in VARIABLE else "") for key, value in found]
    scan = parse_scan(mark + "".join(parts).removesuffix(GS))
    assert scan.elements == tuple(found)
    assert all(scan.element(key) == next(value for other, value in found if other == key) for key, _ in found)


@given(st.binary(max_size=300))
@example(b"")
@example(b"]d2")
@example(b"]d2" + GS.encode())
@example(b"]d2\x1d\x1d")
@example(b"]d201")
@example(b"]d2\xc2\xb2\xc2\xb2123")
@example("]d201٠٣٧٠٠٠٠٠٠٠٠٠١٣".encode())
@example(b"\xff\xfe\x00")
def test_any_bytes_are_a_scan_or_a_coded_error(raw: bytes) -> None:
    """Nothing that a scanner sends raises anything else, and what was scanned is in no repr."""
    heard = judged(raw)
    if isinstance(heard, Scan):
        assert heard.text
        assert repr(heard) == "Scan()"
    else:
        assert heard.facts["reason"] in REASONS


@given(st.binary(max_size=60))
def test_any_bytes_after_a_gs1_mark_too(raw: bytes) -> None:
    """A code that claims to be GS1 is parsed whole: its elements are its text again, but for separators."""
    scan = judged(b"]d2" + raw)
    if isinstance(scan, Scan):
        assert "".join(key + value for key, value in scan.elements) == scan.text.replace(GS, "")
    else:
        assert scan.facts["reason"] in REASONS


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("]C1", "empty"),
        ("x" * (LONGEST + 1), "too_long"),
        ("ab\x00c", "characters"),
        ("]d2X1234", "identifier"),
        ("]d2" + "01" + GTIN[:-1] + "9", "check_digit"),
        ("]d2" + "01" + GTIN[:-1], "length"),
        ("]d2" + "17" + "26A231", "digits"),
        ("]d2" + "10" + GS + "21X", "length"),
        ("]d2" + "10" + "L" * 91, "length"),
    ],
)
def test_a_code_that_is_misread_is_refused_with_the_reason(text: str, reason: str) -> None:
    """Half a code is no code."""
    with pytest.raises(ScanInvalid) as caught:
        parse_scan(text)
    assert caught.value.facts["reason"] == reason


def test_a_frame_is_read() -> None:
    """Article, lot and serial number of an invented frame, as a DataMatrix gives them."""
    scan = parse_scan(f"]d201{GTIN}1728123110LOT7{GS}21SERIE42".encode())
    assert scan.elements == (("01", GTIN), ("17", "281231"), ("10", "LOT7"), ("21", "SERIE42"))
    assert (scan.element("01"), scan.element("99")) == (GTIN, None)


def test_digits_that_only_look_like_gs1_stay_plain() -> None:
    """Without FNC1 or symbology mark a code is text; another symbology's mark is taken off."""
    assert parse_scan(f"01{GTIN}") == Scan(f"01{GTIN}")
    assert parse_scan("]E03760000000016") == Scan("3760000000016")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("&é\"'(-è_çà", "1234567890"), ("3760", "3760"), ("réf-12", "réf-12"), ("", ""), ("é&", "21")],
)
def test_digits_typed_on_a_french_keyboard_are_digits(typed: str, expected: str) -> None:
    """Only a text made of shifted digits alone is turned back."""
    assert azerty_digits(typed) == expected


@given(digits)
def test_digits_survive_a_french_keyboard(text: str) -> None:
    """Whatever number an American scanner types on a French keyboard is read as that number."""
    typed = text.translate(dict(zip(map(ord, "1234567890"), "&é\"'(-è_çà", strict=True)))
    assert parse_scan(typed).text == text


def test_bytes_that_are_not_utf_8_are_latin_1() -> None:
    """A scanner that sends Latin-1 is understood."""
    assert parse_scan("référence".encode("latin-1")).text == "référence"
