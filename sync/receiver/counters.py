"""How many requests were answered, how, and in what time: counted by every worker, read by any.

Rules: numbers live in memory that is shared since before the workers were made; each worker writes a row of its own,
so nobody waits and a worker that is killed spoils nothing. An operation is counted by its path in the contract, never
by the path that was sent. A log line a request says how long it took.
"""

import mmap
import os
import time
from collections.abc import Iterator, MutableMapping
from typing import Any, Final

from starlette.routing import Route

from sync.textfile import Metric

STARTED: Final = "comptoir.started"
"""Where an ASGI scope says when its request began (seconds of the performance counter)."""
_STATUSES: Final = (200, 201, 400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 422, 429, 500, 503, 0)
_ROWS: Final = 64
_BYTES: Final = 8
_OTHER: Final = "other"


class Counters:
    """The counts of requests of an intake with these operations (paths of the contract)."""

    def __init__(self, operations: tuple[str, ...]) -> None:
        self._operations = (*operations, _OTHER)
        self._width = len(self._operations) * (len(_STATUSES) + 1)
        self._cells = memoryview(mmap.mmap(-1, _ROWS * self._width * _BYTES)).cast("Q")

    def count(self, operation: str, status: int, seconds: float) -> None:
        """One request was answered."""
        known = self._operations.index(operation if operation in self._operations else _OTHER)
        start = (os.getpid() % _ROWS) * self._width + known * (len(_STATUSES) + 1)
        self._cells[start + _STATUSES.index(status if status in _STATUSES else 0)] += 1
        self._cells[start + len(_STATUSES)] += int(seconds * 1_000_000)

    def metrics(self) -> tuple[Metric, ...]:
        """Requests by operation and status, and the seconds they took by operation, of all workers."""
        totals = [sum(self._cells[place :: self._width]) for place in range(self._width)]
        counted: list[tuple[dict[str, str], float]] = []
        took: list[tuple[dict[str, str], float]] = []
        answered: list[tuple[dict[str, str], float]] = []
        for operation, cells in zip(self._operations, _portions(totals), strict=True):
            *counts, micros = cells
            labels = {"operation": operation}
            counted += [
                ({**labels, "status": str(status) if status else _OTHER}, count)
                for status, count in zip(_STATUSES, counts, strict=True)
                if count
            ]
            if sum(counts):
                took.append((labels, micros / 1_000_000))
                answered.append((labels, sum(counts)))
        seconds, told = "comptoir_insurer_request_seconds", "Time to answer."
        return (
            Metric("comptoir_insurer_requests_total", "counter", "Requests answered.", tuple(counted)),
            Metric(f"{seconds}_sum", "counter", told, tuple(took)),
            Metric(f"{seconds}_count", "counter", told, tuple(answered)),
        )


class Measured:
    """An ASGI application whose requests are counted."""

    def __init__(self, app: Any, counters: Counters) -> None:
        self._app = app
        self._counters = counters

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Answer, and count the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        statuses: list[int] = []

        async def noting(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
            await send(message)

        scope[STARTED] = time.perf_counter()
        try:
            await self._app(scope, receive, noting)
        finally:
            route = scope.get("route")
            path = route.path if isinstance(route, Route) else _OTHER
            self._counters.count(path, statuses[0] if statuses else 0, time.perf_counter() - scope[STARTED])


def milliseconds(scope: MutableMapping[str, Any]) -> int | None:
    """How long ago the request of this scope began; None when nobody noted it."""
    started = scope.get(STARTED)
    return None if started is None else round((time.perf_counter() - started) * 1000)


def _portions(totals: list[int]) -> Iterator[list[int]]:
    size = len(_STATUSES) + 1
    for start in range(0, len(totals), size):
        yield totals[start : start + size]
