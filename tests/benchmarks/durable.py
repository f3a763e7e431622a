"""How long a claim takes to be durable, beside the least that any program needs to flush the same bytes.

Rules: `enqueue` goes through the real counterfoil and the real encrypted store. The raw side writes the same envelope
with pwrite and fdatasync, into two files in turn (there are two files to be made durable), as often as the caller says
that a claim is flushed. The two sides take turns, so that both meet the same moods of the medium.
"""

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter

from sync.queue import Counterfoil, Outbox
from sync.store import Store
from tests.benchmarks.sample import SealedClaims

FILES = 2


def measure(folder: Path, count: int, flushes: int) -> dict[str, float]:
    """Median seconds of one enqueue and of one raw write and flush, over `count` claims in `folder`.

    `flushes` is how often the real path flushes one claim. `ratio` is enqueue ÷ one raw flush per file; `per_flush` is
    raw ÷ enqueue, both with `flushes` flushes.
    """
    claims = SealedClaims()
    enqueued, raw = [], []
    with opened_outbox(folder) as outbox, _files(folder) as files:
        for _ in range(count):
            entry = claims.entry()
            start = perf_counter()
            outbox.enqueue(entry)
            middle = perf_counter()
            _write_flushed(files, entry.envelope, flushes)
            enqueued.append(middle - start)
            raw.append((perf_counter() - middle) / flushes)
    enqueue, flush = median(enqueued), median(raw)
    ratios = {"ratio": enqueue / (FILES * flush), "per_flush": flushes * flush / enqueue}
    return {"enqueue_seconds": enqueue, "flush_seconds": flush, **ratios}


@contextmanager
def opened_outbox(folder: Path) -> Iterator[Outbox]:
    """An outbox on a new store and a new counterfoil in `folder`."""
    with ExitStack() as stack:
        store = Store.open(folder / "store.db", secrets.token_bytes(32))
        stack.callback(store.close)
        counterfoil = Counterfoil.open(folder / "counterfoil.log")
        stack.callback(counterfoil.close)
        yield Outbox(store, counterfoil)


def _write_flushed(files: Sequence[int], data: bytes, times: int) -> None:
    for turn in range(times):
        file = files[turn % FILES]
        os.pwrite(file, data, os.fstat(file).st_size)
        os.fdatasync(file)


@contextmanager
def _files(folder: Path) -> Iterator[tuple[int, ...]]:
    names = (f"raw-{turn}" for turn in range(FILES))
    files = tuple(os.open(folder / name, os.O_WRONLY | os.O_CREAT, 0o600) for name in names)
    try:
        yield files
    finally:
        for file in files:
            os.close(file)
