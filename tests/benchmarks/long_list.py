"""How long home and queue take to open beside 100,000 claims, as multiples of the same beside 100.

Rules: a real shop with somebody logged in. As many claims wait, and as many need a person, in both; the rest of a long
history is decided, paid or gone. Rows are written straight into the tables, in one transaction where a flush costs
nothing, for registering them one by one would take most of an hour: what is measured is reading. Everybody is invented.
"""

import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

import msgspec

from sync.crypto.symmetric import derive, encrypt
from sync.queue.tables import milliseconds
from terminal.tui.state import Snapshot
from terminal.vault import Dossier
from terminal.vault.outcomes import Heard
from terminal.workflow.desk import Desk
from tests.tui.real_shop import AMC, PIN, USER, Shop, open_shop

_IN_MEMORY = Path("/dev/shm")
_ROUNDS: Final = 9
_OPEN: Final = ("queued", "queued", "sending", "rejected", "refused", "blocked", "acknowledged", "accepted")
"""The newest claims, which somebody still has to do with."""
_OVER: Final = ("paid",) * 17 + ("refused", "cancelled", "superseded")
"""A history: most of it paid, its refusals dealt with."""
NAMES: Final = ("AUBERT", "BENOIT", "CHEVALIER", "DELMAS", "ESTEVE", "FABRE", "GALLET", "HUBERT", "IMBERT", "JACQUOT")
NEWEST: Final = 16
_ENVELOPE: Final = os.urandom(300)


@dataclass(frozen=True)
class _Made:
    """One claim of the history."""

    number: int
    claim_id: str
    state: str
    created_at: datetime
    handled: bool


def measure(few: int, many: int) -> dict[str, float]:
    """Median seconds until the facts of home and queue are there, right after a log-in, and many ÷ few."""
    with tempfile.TemporaryDirectory(dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None) as folder:
        small, large = _opening(Path(folder, "few"), few), _opening(Path(folder, "many"), many)
    return {"few": few, "many": many, "few_seconds": small, "many_seconds": large, "ratio": large / small}


def _opening(folder: Path, count: int) -> float:
    folder.mkdir()
    with open_shop(folder) as shop:
        fill(shop.desk, count)
        return median(_timed(shop) for _ in range(_ROUNDS))


def _timed(shop: Shop) -> float:
    shop.counter.unlock(USER, PIN)
    try:
        return _seconds(lambda: Snapshot.take(shop.counter))
    finally:
        shop.counter.lock()


def _seconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def fill(desk: Desk, count: int) -> None:
    """Put `count` claims of three years into a shop, the newest ones open."""
    desk.vault.unlock(USER, PIN)
    key, now = derive(desk.vault.seed, "comptoir/dossier/v1"), datetime.now(UTC)
    desk.vault.lock()
    Heard(desk.home.store)
    with desk.home.store.write() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        made = list(_history(count, now))
        raw.executemany(
            "INSERT INTO outbox (claim_id, insurer, state, created_at, not_before, digest, envelope)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            ((one.claim_id, AMC, one.state, _at(one), _at(one), "5a" * 32, _ENVELOPE) for one in made),
        )
        sealed = ((one.claim_id, one.created_at.year, one.number, _sealed(key, one)) for one in made)
        raw.executemany("INSERT INTO dossier (claim_id, year, ordinal, sealed) VALUES (?, ?, ?, ?)", sealed)
        over = [one for one in made if one.state in ("paid", "refused", "accepted")]
        said = ((AMC, seq, one.claim_id, "outcome", one.state, "applied", b"") for seq, one in enumerate(over, start=1))
        raw.executemany("INSERT INTO heard VALUES (?, ?, ?, ?, ?, ?, ?)", said)
        raw.executemany("INSERT INTO handled VALUES (?)", ((one.claim_id,) for one in made if one.handled))
        links = zip([one.claim_id for one in over[::20]], [one.claim_id for one in over[1::20]], strict=False)
        raw.executemany("INSERT INTO link VALUES (?, 'delivery', ?)", links)


def _history(count: int, now: datetime) -> Iterator[_Made]:
    step = timedelta(days=1000) / max(1, count)
    for number in range(1, count + 1):
        left = count - number
        states = _OPEN if left < NEWEST else _OVER
        state, created = states[number % len(states)], now - timedelta(hours=30) - step * left
        yield _Made(number, claim_id(number), state, created, handled=state == "refused" and left >= NEWEST)


def claim_id(number: int) -> str:
    """The id of the claim with this number."""
    return str(uuid.UUID(int=(0x019AB << 108) | (7 << 76) | (1 << 63) | number))


def _at(one: _Made) -> int:
    return milliseconds(one.created_at)


def _sealed(key: bytes, one: _Made) -> bytes:
    return encrypt(key, msgspec.json.encode(dossier_of(one.number, one.created_at.date())), one.claim_id.encode())


def dossier_of(number: int, day: date) -> Dossier:
    """The dossier of the claim with this number: the name and the amounts follow from it."""
    return Dossier(
        surname=NAMES[number % len(NAMES)],
        given_name=f"Zoé{number}",
        birth_date=date(1984, 5, 12),
        birth_date_raw="19840512",
        nir="284057599900156",
        rank=1,
        source="card",
        prescription_date=day,
        service_date=day,
        amo_rate=60,
        insurer=AMC,
        contract_id="confort",
        member=None,
        lines=(),
        price=9500 + number,
        amo=1710,
        amc=7790 + number,
        reste_a_charge=0,
        user=USER,
        signed_sha256="5a" * 32,
    )
