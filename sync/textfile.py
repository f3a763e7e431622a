"""Metrics of the sync service for the textfile collector of a Prometheus node exporter.

Rules: written whole beside its name and renamed, as the collector wants it; names in base units with `_total`,
`_seconds`, `_bytes`; labels are insurer numbers and codes, nothing else; a value that is not known is left out.
Source: Prometheus text exposition format 0.0.4.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

_ESCAPED: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


@dataclass(frozen=True)
class Metric:
    """One gauge or counter with its samples: labels and value."""

    name: str
    kind: str
    told: str
    samples: tuple[tuple[Mapping[str, str], float], ...] = field(default_factory=tuple)


def gauge(name: str, told: str, value: float | None) -> Metric:
    """A gauge without labels, without a sample when the value is not known."""
    return Metric(name, "gauge", told, () if value is None else (({}, value),))


def rendered(metrics: Iterable[Metric]) -> bytes:
    """The text of these metrics; one without samples is left out."""
    return "".join(f"{line}\n" for metric in metrics if metric.samples for line in _lines(metric)).encode()


def _lines(metric: Metric) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.told}"
    yield f"# TYPE {metric.name} {metric.kind}"
    for labels, value in metric.samples:
        named = ",".join(f'{name}="{said.translate(_ESCAPED)}"' for name, said in labels.items())
        shown = int(value) if float(value).is_integer() else value
        yield f"{metric.name}{{{named}}} {shown}" if named else f"{metric.name} {shown}"
