"""The benchmark is code that nobody runs every day: here it runs once, briefly, so that it does not rot.

What starts services and insurers is measured with `make soak` only.
"""

from pathlib import Path

import pytest

from tests.benchmarks import flushes, slow_medium
from tests.benchmarks.run import SLOWER, Sizes, measure, measure_here
from tests.benchmarks.sample import SealedClaims
from tests.volume import WHOLE


def test_the_benchmark_still_measures() -> None:
    """Each measure ends with positive figures; how large they are, is for `make bench` to print."""
    sizes = Sizes(backlog=3, storm=8, drain=8, waiting=20, idle=0.2)
    figures = measure(sizes, quick=True) if WHOLE else measure_here(quick=True)
    always = {"durable_enqueue", "keys", "at_counter", "long_list", "quote", "card"}
    if WHOLE:
        always |= {"waiting", "pipeline", "first_paint", "storm_sqlite", "storm_postgresql", "drain", "idle", "backlog"}
    by_strace = {"per_claim", *SLOWER} if "per_claim" in figures else set[str]()
    assert set(figures) == always | by_strace
    may_be_none = {"sent_again", "share"}
    assert all(number > 0 for part in figures.values() for name, number in part.items() if name not in may_be_none)


def test_a_slower_flush_is_seen_on_both_sides(tmp_path: Path) -> None:
    """Where strace can delay flushes, every flush of both sides takes at least the delay."""
    found = slow_medium.measure(tmp_path, 5, 2, 20_000)
    if found is None:
        pytest.skip("strace is missing or may not watch")
    assert found["flush_seconds"] >= 0.020
    assert found["enqueue_seconds"] >= 2 * 0.020


def test_a_claim_is_flushed_in_both_files(tmp_path: Path) -> None:
    """At least one flush for the counterfoil and one for the store are counted, and the bytes of both."""
    counted = flushes.per_claim(tmp_path)
    if counted is None:
        pytest.skip("strace is missing or may not watch")
    envelope = len(SealedClaims().entry().envelope)
    assert counted["flushes"] >= 2
    assert counted["bytes"] > envelope
