"""The lines of the benchmark about durable claims: enqueue beside raw flushes, calls per claim, many claims waiting.

Rules: whether the goal (raw ÷ enqueue, per flush) applies is said beside each figure, from the flush as it was
measured there; where strace is missing, the lines that need it say so.
"""

from collections.abc import Mapping

from tests.benchmarks.table import Figures, milliseconds, row

_GOAL = 0.85
_SLOW_FLUSH = 0.001
"""Seconds: the goal is about mediums whose flush costs at least that."""
_MEGA = 1e6


def lines(figures: Mapping[str, Figures]) -> list[str]:
    """The lines, in the order in which they are printed."""
    enqueue, raw = figures["durable_enqueue"]["enqueue_seconds"], figures["durable_enqueue"]["flush_seconds"]
    twice = row(
        "durable enqueue ÷ the same bytes written and flushed twice",
        figures["durable_enqueue"]["ratio"],
        f"{milliseconds(enqueue)} ÷ 2 × {milliseconds(raw)}",
    )
    return [twice, *_per_flush(figures), *_waiting(figures["waiting"])]


def _per_flush(figures: Mapping[str, Figures]) -> list[str]:
    if "per_claim" not in figures:
        return ["raw ÷ durable enqueue, per flush: not measured, strace is missing or may not watch\n"]
    counted = figures["per_claim"]
    places = {
        "on this medium": "durable_enqueue",
        "each flush 1 ms slower": "slow_medium_1",
        "each flush 5 ms slower": "slow_medium_5",
    }
    return [
        f"one claim: {counted['flushes']:.2f} flushes, {counted['bytes'] / 1000:.1f} kB written\n",
        *(_goal_line(place, figures.get(name)) for place, name in places.items()),
    ]


def _goal_line(place: str, found: Figures | None) -> str:
    if found is None:
        return f"raw ÷ durable enqueue, per flush, {place}: not measured, this strace cannot delay a call\n"
    each = found["flush_seconds"]
    goal = f"goal {_GOAL}" if each >= _SLOW_FLUSH else f"goal {_GOAL} only where a flush costs 1 ms"
    parts = f"a flush costs {milliseconds(each)}: {goal}; enqueue {milliseconds(found['enqueue_seconds'])}"
    return row(f"raw ÷ durable enqueue, per flush, {place}", found["per_flush"], parts)


def _waiting(found: Figures) -> list[str]:
    many, few = f"{found['many']:.0f}", f"{found['few']:.0f}"
    seconds = f"{found['start_many']:.2f} s ({found['open_many']:.2f} + {found['check_many']:.2f})"
    memory = f"{found['memory_many'] / _MEGA:.1f} MB ÷ {found['memory_few'] / _MEGA:.1f} MB"
    return [
        row(f"open and check, {many} claims waiting ÷ {few}", found["start_ratio"],
            f"{seconds} ÷ {found['start_few']:.2f} s; open × {found['open_ratio']:.1f}"),
        row(f"peak memory of it, {many} claims waiting ÷ {few}", found["memory_ratio"], memory),
    ]  # fmt: skip
