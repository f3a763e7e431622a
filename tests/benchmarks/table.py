"""One line of the benchmark's table: what is compared, the ratio, and the two sides of it."""

Figures = dict[str, float]


def row(name: str, ratio: float, parts: str) -> str:
    """A line with its end."""
    return f"{name:<62} {ratio:>9.3f}   {parts}\n"


def milliseconds(seconds: float) -> str:
    """A duration as it is printed."""
    return f"{seconds * 1000:.2f} ms"
