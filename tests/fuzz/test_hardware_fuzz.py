"""Whatever a card or a scanner sends ends in a value or an error of the tree: a short run, and all that was found."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, seeds

CORPUS: dict[str, list[str]] = json.loads(Path(__file__).with_name("corpus.json").read_text("ascii"))
SEEDS = seeds()


@pytest.mark.parametrize("name", TARGETS)
def test_what_was_found_stays_harmless(name: str) -> None:
    """Inputs that once reached new code, or did harm, are replayed one by one."""
    assert CORPUS[name]
    for text in CORPUS[name]:
        TARGETS[name](bytes.fromhex(text))


@pytest.mark.parametrize("name", TARGETS)
@settings(derandomize=True, max_examples=150)
@given(content=st.binary(max_size=600))
def test_any_bytes_are_harmless(name: str, content: bytes) -> None:
    """Bytes out of nowhere."""
    TARGETS[name](content)


@pytest.mark.parametrize("name", TARGETS)
@settings(derandomize=True, max_examples=150)
@given(data=st.data())
def test_spoilt_good_bytes_are_harmless(name: str, data: st.DataObject) -> None:
    """Good bytes with a piece of them replaced, removed or repeated."""
    good = data.draw(st.sampled_from(SEEDS[name]))
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, len(good)))
    piece = data.draw(st.sampled_from([b"", good[start:end] * 2]) | st.binary(max_size=8))
    TARGETS[name](good[:start] + piece + good[end:])
