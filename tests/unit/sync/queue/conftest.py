"""What the tests of the queue share: a store, a counterfoil and the outbox over them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sync.crypto import SigningKey
from sync.queue import Counterfoil, Outbox
from sync.store import Store

KEY = bytes(range(32))


@dataclass
class Desk:
    """An open queue in a folder, that can be closed and opened again."""

    folder: Path
    signer: SigningKey

    def open(self) -> "Desk":
        """Open store, counterfoil and outbox."""
        self.store = Store.open(self.folder / "store.db", KEY)
        self.counterfoil = Counterfoil.open(self.folder / "counterfoil.log")
        self.outbox = Outbox(self.store, self.counterfoil)
        return self

    def close(self) -> None:
        """Close them."""
        self.store.close()
        self.counterfoil.close()

    def reopen(self) -> Outbox:
        """Close and open."""
        self.close()
        return self.open().outbox

    def lose_store(self) -> Outbox:
        """Close, remove the encrypted file, and open."""
        self.close()
        for name in ("store.db", "store.db-wal", "store.db-shm"):
            (self.folder / name).unlink(missing_ok=True)
        return self.open().outbox

    def lose_counterfoil(self) -> Outbox:
        """Close, remove the counterfoil, and open."""
        self.close()
        (self.folder / "counterfoil.log").unlink()
        return self.open().outbox


@pytest.fixture(scope="session")
def signer() -> SigningKey:
    """The device key."""
    return SigningKey.generate()


@pytest.fixture
def desk(tmp_path: Path, signer: SigningKey) -> Iterator[Desk]:
    """An open queue."""
    opened = Desk(tmp_path, signer).open()
    yield opened
    opened.close()


@pytest.fixture
def outbox(desk: Desk) -> Outbox:
    """Its outbox."""
    return desk.outbox
