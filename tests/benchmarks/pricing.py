"""One quote of three lines, beside one strict decoding of its JSON; and what ten thousand quotes need of memory.

Rules: the quote is priced from looked-up items, as the counter does at each keystroke; the decoding is the least that
any program must do with the same input. The best of several rounds counts: the machine is shared. Memory is the peak of
what Python allocates while quotes are priced one after the other and dropped.
"""

import json
import tracemalloc
from collections.abc import Callable
from datetime import date
from pathlib import Path
from time import perf_counter

import msgspec

from terminal.catalogue import load_catalogue
from terminal.domain.pricing import QuoteInput, price_quote
from terminal.workflow.quote import parse_quote
from terminal.workflow.shapes import QuoteShape

QUOTE = Path(__file__).parents[1] / "vectors" / "pricing" / "quotes" / "E10.quote.json"
TODAY = date(2026, 11, 21)


def measure(rounds: int = 5, quotes: int = 2_000, many: int = 10_000) -> dict[str, float]:
    """Seconds of one quote and one decoding, the one over the other, and the peaks in bytes of 10 and `many` quotes."""
    data = QUOTE.read_bytes()
    asked = parse_quote(json.loads(data), load_catalogue())
    decoder = msgspec.json.Decoder(QuoteShape)
    quote = min(_seconds(lambda: price_quote(asked, TODAY), quotes) for _ in range(rounds))
    decode = min(_seconds(lambda: decoder.decode(data), quotes) for _ in range(rounds))
    _peak(asked, 10)
    few, lot = _peak(asked, 10), _peak(asked, many)
    return {"quote_seconds": quote, "decode_seconds": decode, "ratio": quote / decode, "peak_10": few, "peak_many": lot}


def _seconds(act: Callable[[], object], times: int) -> float:
    """The mean of `times` in a row."""
    start = perf_counter()
    for _ in range(times):
        act()
    return (perf_counter() - start) / times


def _peak(asked: QuoteInput, count: int) -> int:
    tracemalloc.start()
    for _ in range(count):
        price_quote(asked, TODAY)
    _, highest = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return highest
