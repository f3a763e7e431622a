"""How long a claim takes to be durable, beside the least that any program needs for the same bytes on the same medium.

Rules: `enqueue` goes through the real counterfoil and the real encrypted store. The raw side writes the same envelope
twice (once for each of the two files) with pwrite and fdatasync. The two take turns, so that both meet the same moods
of the medium.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter

from sync.queue import Counterfoil, Outbox
from sync.store import Store
from tests.benchmarks.sample import SealedClaims


def measure(folder: Path, count: int) -> dict[str, float]:
    """Median seconds of one enqueue and of one raw pair of writes, over `count` of each in `folder`."""
    claims = SealedClaims()
    enqueued, raw = [], []
    with opened_outbox(folder) as outbox, _files(folder) as files:
        for _ in range(count):
            entry = claims.entry()
            start = perf_counter()
            outbox.enqueue(entry)
            middle = perf_counter()
            for file in files:
                os.pwrite(file, entry.envelope, os.fstat(file).st_size)
                os.fdatasync(file)
            enqueued.append(middle - start)
            raw.append(perf_counter() - middle)
    return {"enqueue_seconds": median(enqueued), "raw_seconds": median(raw), "ratio": median(enqueued) / median(raw)}


@contextmanager
def opened_outbox(folder: Path) -> Iterator[Outbox]:
    """An outbox on a new store and a new counterfoil in `folder`."""
    with ExitStack() as stack:
        store = Store.open(folder / "store.db", secrets.token_bytes(32))
        stack.callback(store.close)
        counterfoil = Counterfoil.open(folder / "counterfoil.log")
        stack.callback(counterfoil.close)
        yield Outbox(store, counterfoil)


@contextmanager
def _files(folder: Path) -> Iterator[tuple[int, ...]]:
    files = tuple(os.open(folder / name, os.O_WRONLY | os.O_CREAT, 0o600) for name in ("raw-1", "raw-2"))
    try:
        yield files
    finally:
        for file in files:
            os.close(file)
