"""Scanners that are keyboards: bursts told from typing, and kernel key events decoded."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware import ScannerMissing
from hardware.scanner import Scanned, Typed, WedgeAssembler
from hardware.scanner.grabbed import listen_grabbed
from hardware.scanner.keyboard import PRESSED, RELEASED, KeyDecoder
from hardware.scanner.wedge import ENTER, GAP

keys = st.lists(st.tuples(st.sampled_from([*"0123ab", ENTER]), st.floats(0, 2 * GAP)))
SHIFT, CTRL, KEY_ENTER, BRACKET = 42, 29, 28, 27


@given(keys)
def test_no_key_is_lost_doubled_or_moved(pressed: list[tuple[str, float]]) -> None:
    """What comes out, messages with their Enter, is what went in."""
    wedge = WedgeAssembler()
    times = list(accumulate(gap for _, gap in pressed))
    out = [piece for (key, _), at in zip(pressed, times, strict=True) for piece in wedge.press(key, at)]
    out += wedge.due((times or [0.0])[-1] + 1)
    told = [key for piece in out for key in (*piece.keys, *([ENTER] if isinstance(piece, Scanned) else []))]
    assert told == [key for key, _ in pressed]


@given(st.text("0123456789", min_size=4, max_size=60), st.floats(0.0001, GAP * 0.9))
def test_a_burst_is_one_message(text: str, gap: float) -> None:
    """Keys in a scanner's rhythm, ended by Enter, are one message, also right after a person's key."""
    wedge = WedgeAssembler()
    assert wedge.press("x", 0.0) == ()
    pieces = [piece for i, key in enumerate(text + ENTER) for piece in wedge.press(key, 1.0 + i * gap)]
    assert pieces == [Typed(("x",)), Scanned(tuple(text))]
    assert isinstance(pieces[1], Scanned)
    assert pieces[1].text == text


@given(st.text("0123456789", min_size=1, max_size=20), st.floats(GAP * 1.01, 1))
def test_a_person_types(text: str, gap: float) -> None:
    """Keys in a person's rhythm come back one by one, Enter included."""
    wedge = WedgeAssembler()
    pieces = [piece for i, key in enumerate(text + ENTER) for piece in wedge.press(key, i * gap)]
    assert pieces == [Typed((key,)) for key in text + ENTER]


def test_short_bursts_and_clocks_that_go_back_are_typing() -> None:
    """Three quick keys and Enter are a person's; time that runs backwards makes no burst."""
    wedge = WedgeAssembler()
    assert [piece for key in ("1", "2", "3", ENTER) for piece in wedge.press(key, 5.0)] == [
        Typed(("1", "2", "3", ENTER))
    ]
    assert wedge.press("a", 5.0) == ()
    assert wedge.press("b", 4.0) == (Typed(("a",)),)


def typed(decoder: KeyDecoder, *codes: int) -> str | None:
    """Press and release keys in turn; the last message."""
    said = None
    for code in codes:
        said = decoder.feed(code, PRESSED)
        decoder.feed(code, RELEASED)
    return said


def test_recorded_events_of_a_scanner_are_its_code() -> None:
    """The events of a scan as the kernel gives them: digits, a shifted letter, a separator, the keypad, Enter."""
    decoder = KeyDecoder()
    typed(decoder, 4, 8)
    decoder.feed(SHIFT, PRESSED)
    typed(decoder, 30)
    decoder.feed(SHIFT, RELEASED)
    decoder.feed(CTRL, PRESSED)
    typed(decoder, BRACKET)
    decoder.feed(CTRL, RELEASED)
    assert typed(decoder, 79, 82, KEY_ENTER) == "37A\x1d10"
    assert typed(decoder, KEY_ENTER) is None


def test_a_held_key_says_its_character_once() -> None:
    """Key repeats (value 2) and unknown keys add nothing."""
    decoder = KeyDecoder()
    decoder.feed(2, PRESSED)
    decoder.feed(2, 2)
    typed(decoder, 240)
    assert typed(decoder, KEY_ENTER) == "1"


@given(st.lists(st.tuples(st.integers(0, 767), st.integers(0, 2)), max_size=80))
def test_any_key_events_are_decoded(events: list[tuple[int, int]]) -> None:
    """Nothing a keyboard sends raises; a message has characters."""
    decoder = KeyDecoder()
    assert all(message is None or message for message in (decoder.feed(*event) for event in events))


def test_a_scanner_that_is_not_there_is_missing() -> None:
    """No device at this path, or no evdev on this machine, is an error of the environment."""
    with pytest.raises(ScannerMissing) as caught:
        listen_grabbed("/dev/input/by-id/none", print)
    assert caught.value.facts["reason"] in {"device", "library"}
    assert caught.value.environment
