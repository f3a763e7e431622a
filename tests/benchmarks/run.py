"""`make bench`: measures as ratios, both sides taken in one run on one machine. Nothing is asserted.

Rules: a ratio says how far the real path is from the least that the same machine needs for the same thing; seconds say
nothing about another machine. Files are written under `.benchmarks/`, on the medium the project lies on. How claims
are made durable is printed by `tests.benchmarks.durable_lines`.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import (
    at_counter,
    backlog,
    card,
    draining,
    durable,
    durable_lines,
    flushes,
    idle,
    keys,
    long_list,
    paint,
    pipeline,
    pricing,
    slow_medium,
    storm,
    waiting,
)
from tests.benchmarks.table import Figures, milliseconds, row

SCRATCH = Path(__file__).resolve().parents[2] / ".benchmarks"
SLOWER = {"slow_medium_1": 1000, "slow_medium_5": 5000}
"""Microseconds that are added to each flush: the least that a claim is judged by, and a cheap memory card."""


def main() -> None:
    """Measure and print, as a table or as one JSON object."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--backlog", type=int, metavar="N", help="also start, check and drain a home with N claims")
    parser.add_argument("--storm", type=int, metavar="N", default=1000, help="claims that come back at once (1000)")
    parser.add_argument("--drain", type=int, metavar="N", default=1000, help="claims drained over TLS (1000)")
    parser.add_argument("--waiting", type=int, metavar="N", default=10_000, help="claims that wait at a start (10000)")
    parser.add_argument("--idle", type=float, metavar="S", default=10.0, help="seconds of an idle service (10)")
    parser.add_argument("--quick", action="store_true", help="few rounds: shows that it works, not how fast")
    asked = parser.parse_args()
    sizes = Sizes(asked.backlog or 0, asked.storm, asked.drain, asked.waiting, asked.idle)
    figures = measure(sizes, quick=asked.quick)
    sys.stdout.write(json.dumps(figures) + "\n" if asked.json else _table(figures))


@dataclass(frozen=True)
class Sizes:
    """How many claims wait for the backlog, come back in the storm, are drained, wait at a start; seconds of idling."""

    backlog: int
    storm: int
    drain: int
    waiting: int
    idle: float


def measure(sizes: Sizes, *, quick: bool) -> dict[str, Figures]:
    """The measures by name.

    The card where pcscd is installed, the slow mediums where strace is, the backlog where there is to be one.
    """
    figures = {**measure_here(quick=quick), **measure_with_services(sizes, quick=quick)}
    return {**figures, "backlog": backlog.measure(SCRATCH, sizes.backlog)} if sizes.backlog else figures


def measure_here(*, quick: bool) -> dict[str, Figures]:
    """The measures that need no service and no insurer."""
    SCRATCH.mkdir(exist_ok=True)
    figures = {
        **_durable(10 if quick else 300),
        "keys": keys.measure(SCRATCH, 2 if quick else 20),
        "at_counter": at_counter.measure(SCRATCH, 2 if quick else 20),
        "long_list": long_list.measure(100, 300) if quick else long_list.measure(100, 100_000),
        "quote": pricing.measure(1, 50, 100) if quick else pricing.measure(),
    }
    read = card.measure(20 if quick else 500)
    return {**figures, "card": read} if read else figures


def measure_with_services(sizes: Sizes, *, quick: bool) -> dict[str, Figures]:
    """The measures that start programs of their own: the counter, the service, insurers."""
    SCRATCH.mkdir(exist_ok=True)
    return {
        "waiting": waiting.measure(SCRATCH, 2, 20) if quick else waiting.measure(SCRATCH, 100, sizes.waiting),
        "pipeline": pipeline.measure(0, 2) if quick else pipeline.measure(20, 320),
        "first_paint": paint.measure(SCRATCH, 1 if quick else 5),
        **storm.measure(SCRATCH, sizes.storm),
        "drain": draining.measure(SCRATCH, sizes.drain),
        "idle": idle.measure(SCRATCH, sizes.idle),
    }


def _durable(count: int) -> dict[str, Figures]:
    counted = flushes.per_claim(SCRATCH)
    each = round(counted["flushes"]) if counted else durable.FILES
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        figures = {"durable_enqueue": durable.measure(Path(folder), count, each)}
    if counted:
        figures["per_claim"] = counted
        slow = {name: slow_medium.measure(SCRATCH, max(count // 3, 10), each, more) for name, more in SLOWER.items()}
        figures.update({name: found for name, found in slow.items() if found})
    return figures


def _table(figures: dict[str, Figures]) -> str:
    whole, screen = figures["pipeline"], figures["first_paint"]
    typed, quote, listed = figures["keys"], figures["quote"], figures["long_list"]
    rows = [
        ("claims a second, the whole way ÷ bare X-Wing seals a second", whole["ratio"],
         f"{whole['claims_per_second']:.1f} ÷ {whole['seals_per_second']:.0f}"),
        ("first paint of the counter ÷ python -c pass", screen["ratio"],
         f"{milliseconds(screen['paint_seconds'])} ÷ {milliseconds(screen['python_seconds'])};"
         f" its people after {milliseconds(screen['ready_seconds'])} ({screen['ready_ratio']:.0f})"),
        ("a key while a mute card is read ÷ with an empty reader", typed["ratio"],
         f"{milliseconds(typed['mute_median_seconds'])} (95 %: {milliseconds(typed['mute_p95_seconds'])})"
         f" ÷ {milliseconds(typed['idle_median_seconds'])}"),
        (f"home and queue open, {listed['many']:.0f} claims ÷ {listed['few']:.0f}", listed["ratio"],
         f"{milliseconds(listed['many_seconds'])} ÷ {milliseconds(listed['few_seconds'])}"),
        ("a quote of three lines ÷ one strict decoding of its JSON", quote["ratio"],
         f"{milliseconds(quote['quote_seconds'])} ÷ {milliseconds(quote['decode_seconds'])};"
         f" 10,000 quotes need {quote['peak_many'] / quote['peak_10']:.2f} times the memory of 10"),
    ]  # fmt: skip
    lines = [*durable_lines.lines(figures), *(row(*each) for each in rows), at_counter.lines(figures["at_counter"])]
    storms = [storm.line(name, found) for name, found in figures.items() if name.startswith("storm")]
    sent = [draining.line(figures["drain"]), idle.line(figures["idle"])]
    return "".join([*lines, _card_line(figures), *storms, *sent, *_backlog_line(figures)])


def _card_line(figures: dict[str, Figures]) -> str:
    if "card" not in figures:
        return "a Vitale read through pcscd: not measured, pcscd is not installed\n"
    found = figures["card"]
    parts = f"{milliseconds(found['read_seconds'])} ÷ {milliseconds(found['bare_seconds'])}"
    return row("a Vitale read through pcscd ÷ its commands sent bare", found["ratio"], parts)


def _backlog_line(figures: dict[str, Figures]) -> list[str]:
    if "backlog" not in figures:
        return []
    found = figures["backlog"]
    seconds = ", ".join(f"{name} {found[f'{name}_seconds']:.2f} s" for name in ("start", "check", "drain"))
    return [f"{found['claims']:.0f} claims waiting: {seconds}\n"]


if __name__ == "__main__":
    main()
