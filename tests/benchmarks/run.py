"""`make bench`: four measures as ratios, both sides taken in one run on one machine. Nothing is asserted.

Rules: a ratio says how far the real path is from the least that the same machine needs for the same thing; seconds say
nothing about another machine. Files are written under `.benchmarks/`, on the medium the project lies on.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import backlog, card, durable, flushes, keys, paint, pipeline, pricing

SCRATCH = Path(__file__).resolve().parents[2] / ".benchmarks"
Figures = dict[str, float]


def main() -> None:
    """Measure and print, as a table or as one JSON object."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--backlog", type=int, metavar="N", help="also start, check and drain a home with N claims")
    parser.add_argument("--quick", action="store_true", help="few rounds: shows that it works, not how fast")
    asked = parser.parse_args()
    figures = measure(quick=asked.quick, waiting=asked.backlog or 0)
    sys.stdout.write(json.dumps(figures) + "\n" if asked.json else _table(figures))


def measure(*, quick: bool, waiting: int) -> dict[str, Figures]:
    """The measures by name: the card where pcscd is installed, the backlog where there is to be one."""
    SCRATCH.mkdir(exist_ok=True)
    enqueue = _durable(10 if quick else 300)
    figures = {
        "durable_enqueue": enqueue,
        "pipeline": pipeline.measure(0, 2) if quick else pipeline.measure(20, 320),
        "first_paint": paint.measure(SCRATCH, 1 if quick else 5),
        "keys": keys.measure(SCRATCH, 2 if quick else 20),
        "quote": pricing.measure(1, 50, 100) if quick else pricing.measure(),
    }
    if read := card.measure(20 if quick else 500):
        figures["card"] = read
    return {**figures, "backlog": backlog.measure(SCRATCH, waiting)} if waiting else figures


def _durable(count: int) -> Figures:
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        figures = durable.measure(Path(folder), count)
    flushed = flushes.per_claim(SCRATCH)
    return figures if flushed is None else {**figures, "flushes": flushed}


def _table(figures: dict[str, Figures]) -> str:
    enqueue, whole, screen = figures["durable_enqueue"], figures["pipeline"], figures["first_paint"]
    typed, quote = figures["keys"], figures["quote"]
    counted = f"{enqueue['flushes']:.0f} flushes" if "flushes" in enqueue else "flushes not counted: no strace"
    rows = [
        ("durable enqueue ÷ the same bytes written and flushed twice", enqueue["ratio"],
         f"{_milliseconds(enqueue['enqueue_seconds'])} ({counted}) ÷ {_milliseconds(enqueue['raw_seconds'])}"),
        ("claims a second, the whole way ÷ bare X-Wing seals a second", whole["ratio"],
         f"{whole['claims_per_second']:.1f} ÷ {whole['seals_per_second']:.0f}"),
        ("first paint of the counter ÷ python -c pass", screen["ratio"],
         f"{_milliseconds(screen['paint_seconds'])} ÷ {_milliseconds(screen['python_seconds'])}"),
        ("a key while a mute card is read ÷ with an empty reader", typed["ratio"],
         f"{_milliseconds(typed['mute_median_seconds'])} (95 %: {_milliseconds(typed['mute_p95_seconds'])})"
         f" ÷ {_milliseconds(typed['idle_median_seconds'])}"),
        ("a quote of three lines ÷ one strict decoding of its JSON", quote["ratio"],
         f"{_milliseconds(quote['quote_seconds'])} ÷ {_milliseconds(quote['decode_seconds'])};"
         f" 10,000 quotes need {quote['peak_many'] / quote['peak_10']:.2f} times the memory of 10"),
    ]  # fmt: skip
    lines = [_row(*row) for row in rows]
    return "".join([*lines, _card_line(figures), *_backlog_line(figures)])


def _row(name: str, ratio: float, parts: str) -> str:
    return f"{name:<62} {ratio:>9.3f}   {parts}\n"


def _card_line(figures: dict[str, Figures]) -> str:
    if "card" not in figures:
        return "a Vitale read through pcscd: not measured, pcscd is not installed\n"
    found = figures["card"]
    parts = f"{_milliseconds(found['read_seconds'])} ÷ {_milliseconds(found['bare_seconds'])}"
    return _row("a Vitale read through pcscd ÷ its commands sent bare", found["ratio"], parts)


def _backlog_line(figures: dict[str, Figures]) -> list[str]:
    if "backlog" not in figures:
        return []
    found = figures["backlog"]
    seconds = ", ".join(f"{name} {found[f'{name}_seconds']:.2f} s" for name in ("start", "check", "drain"))
    return [f"{found['claims']:.0f} claims waiting: {seconds}\n"]


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


if __name__ == "__main__":
    main()
