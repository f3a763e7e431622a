"""All shops come back at once: how many claims a second one worker of the receiver takes in, and what it is judged by.

Rules: the receiver is the real program behind TLS on this machine; terminals send what was sealed before, in batches of
a hundred, four at a time; every receipt is compared with the database at the end, and a claim that is lost or there
twice is an error, not a figure. Beside it, in the same run: opening and verifying the same claims and nothing else, and
writing the same rows into the same kind of database, a hundred in a transaction. PostgreSQL is measured where its
programs are, on a cluster of its own that flushes.
"""

import json
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from sqlalchemy import insert

from sync.contract.envelope import Package, decode, digest, encode
from sync.crypto.claims import open_claim
from sync.errors import InsurerUnreachable
from sync.receiver.databases import open_ledger, public_url
from sync.receiver.db import Ledger, claims, terminals
from sync.receiver.folder import open_opener
from tests.benchmarks.table import Figures
from tests.integration.receiver.load import SimTerminal
from tests.integration.receiver.terminals import claim_ids, stored
from tests.integration.sync.world import Insurer
from tests.postgres_fixture import Cluster, cluster_folder, programs
from tests.unit.sync.receiver.visitor import AMC

BATCH: Final = 100
AT_ONCE: Final = 4
SAMPLE: Final = 500
TRIES: Final = 5


@dataclass
class Watched:
    """The receiver's memory (bytes), looked at after each batch."""

    pid: int
    seen: list[int] = field(default_factory=list)

    def look(self) -> None:
        """Note what it holds now."""
        status = Path(f"/proc/{self.pid}/status").read_text("ascii")
        self.seen.append(1024 * int(status.partition("VmRSS:")[2].split()[0]))

    def after(self, share: float) -> int:
        """What it held once this share of the batches was in."""
        return self.seen[min(int(len(self.seen) * share), len(self.seen) - 1)]


def measure(scratch: Path, count: int) -> dict[str, Figures]:
    """The figures of a storm of `count` claims, by database."""
    figures = {"storm_sqlite": _storm(scratch, count, None)}
    found = programs()
    if found is not None:
        with cluster_folder() as folder:
            cluster = Cluster(folder, found, ("shared_buffers=128MB",)).initialise().start()
            try:
                figures["storm_postgresql"] = _storm(scratch, count, cluster)
            finally:
                cluster.stop()
    return figures


def _storm(scratch: Path, count: int, cluster: Cluster | None) -> Figures:
    options = () if cluster is None else ("--database", cluster.create("storm"))
    with tempfile.TemporaryDirectory(dir=scratch) as folder, ExitStack() as stack:
        insurer = Insurer.make(Path(folder, "insurer"), AMC, options=options)
        stack.callback(insurer.close)
        insurer.start()
        shops = _sealed(insurer, count)
        bare = opened_and_verified(insurer, shops)
        watched = Watched(insurer.pid)
        seconds, again = _send(shops, watched)
        _check(insurer, shops)
        with _empty(Path(folder), cluster) as ledger:
            inserts = _inserts(ledger, shops)
    rate = count / seconds
    return {
        "claims": count,
        "terminals": len(shops),
        "claims_per_second": rate,
        "bare_per_second": bare,
        "inserts_per_second": inserts,
        "sent_again": again,
        "ratio": rate / bare,
        "insert_ratio": rate / inserts,
        "memory_early": watched.after(0.25),
        "memory_end": watched.after(1.0),
    }


def _sealed(insurer: Insurer, count: int) -> list[SimTerminal]:
    """Terminals with a batch each, sealed once, before anything is measured."""
    shops = [SimTerminal.enrolled(insurer) for _ in range(max(count // BATCH, 1))]
    for number, shop in enumerate(shops):
        shop.seal(count // len(shops) + (number < count % len(shops)))
    return shops


def _send(shops: Sequence[SimTerminal], watched: Watched) -> tuple[float, int]:
    """Seconds until every claim had its receipt, and how many batches had to be sent again."""
    start = perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        again = sum(pool.map(lambda shop: _send_one(shop, watched), shops))
    return perf_counter() - start, again


def _send_one(shop: SimTerminal, watched: Watched) -> int:
    waiting = [shop.packages[start : start + BATCH] for start in range(0, len(shop.packages), BATCH)]
    for again in range(TRIES):
        try:
            _send_waiting(shop, waiting, watched)
        except InsurerUnreachable:
            continue
        return again
    raise RuntimeError("a shop of the storm was not answered")


def _send_waiting(shop: SimTerminal, waiting: list[list[bytes]], watched: Watched) -> None:
    with shop.client() as client:
        while waiting:
            if not shop.push(client, waiting[0]) <= {200, 201}:
                raise RuntimeError("a claim of the storm was refused")
            waiting.pop(0)
            watched.look()


def _check(insurer: Insurer, shops: Sequence[SimTerminal]) -> None:
    with open_ledger(insurer.folder) as ledger:
        kept = stored(ledger)
    told = {claim: receipt for shop in shops for claim, receipt in shop.receipts.items()}
    sent = [claim for shop in shops for claim in claim_ids(shop.packages)]
    if kept != told or sorted(kept) != sorted(sent):
        raise RuntimeError("the storm lost or doubled a claim")


def opened_and_verified(insurer: Insurer, shops: Sequence[SimTerminal]) -> float:
    """Claims a second that are only opened and verified, one after the other, before the storm."""
    opening = open_opener(insurer.folder)
    sample = [(shop.visitor.signer.public, package) for shop in shops for package in shop.packages][:SAMPLE]
    start = perf_counter()
    for key, package in sample:
        open_claim(encode(decode(package, Package).envelope), opening, key)
    return len(sample) / (perf_counter() - start)


@contextmanager
def _empty(folder: Path, cluster: Cluster | None) -> Iterator[Ledger]:
    if cluster is None:
        with Ledger.at(folder / "inserts.db") as ledger:
            yield ledger
        return
    with Ledger(public_url(cluster.create("inserts"))) as ledger:
        yield ledger


def _inserts(ledger: Ledger, shops: Sequence[SimTerminal]) -> float:
    """Rows a second, as the receiver stores them, written in transactions of a hundred and nothing else."""
    batches = [_rows(shop) for shop in shops]
    devices = [{"device": rows[0]["device"], **_TERMINAL} for rows in batches]
    ledger.write(lambda connection: connection.execute(insert(terminals), devices))
    start = perf_counter()
    for rows in batches:
        ledger.write(lambda connection, rows=rows: connection.execute(insert(claims), rows))  # type: ignore[misc]  # now
    return sum(map(len, batches)) / (perf_counter() - start)


_TERMINAL: Final = {"shop": "759999991", "signing_jwk": "{}", "sealing": "{}", "enrolled_at": 0}


def _rows(shop: SimTerminal) -> list[dict[str, Any]]:
    rows = []
    for number, raw in enumerate(shop.packages, start=1):
        package = decode(raw, Package)
        claim_id = package.envelope.claim_id
        dispatch, envelope = digest(package.dispatch.encode("ascii")), digest(encode(package.envelope))
        known = {"claim_id": claim_id, "device": shop.visitor.signer.kid, "seq": number, "prev": dispatch}
        more = {"dispatch": dispatch, "envelope": envelope, "package": raw, "receipt": shop.receipts[claim_id]}
        rows.append({**known, **more, "received_at": number})
    return rows


def line(name: str, found: Figures) -> str:
    """One storm in words."""
    memory = f"{found['memory_early'] / 2**20:.0f} and {found['memory_end'] / 2**20:.0f} MiB"
    return (
        f"{found['claims']:.0f} claims of {found['terminals']:.0f} shops, {name}: {found['claims_per_second']:.0f} a"
        f" second ÷ {found['bare_per_second']:.0f} opened and verified = {found['ratio']:.2f};"
        f" ÷ {found['inserts_per_second']:.0f} rows written = {found['insert_ratio']:.2f};"
        f" memory after a quarter and at the end {memory}\n"
    )


if __name__ == "__main__":
    import sys

    print(json.dumps(measure(Path(sys.argv[1]), int(sys.argv[2]))))  # noqa: T201
