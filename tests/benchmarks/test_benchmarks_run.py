"""The benchmark is code that nobody runs every day: here it runs once, briefly, so that it does not rot."""

from tests.benchmarks.run import measure


def test_the_benchmark_still_measures() -> None:
    """Each measure ends with positive figures; how large they are, is for `make bench` to print."""
    figures = measure(quick=True, waiting=3)
    assert set(figures) == {"durable_enqueue", "pipeline", "first_paint", "keys", "quote", "backlog", "card"}
    assert all(number > 0 for part in figures.values() for number in part.values())
