"""No bit of a receipt can change unseen."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.errors import ReceiptInvalid
from sync.queue import Counterfoil, Outbox
from sync.receipts import verify_receipt
from sync.store import Store
from tests.unit.sync.engine_world import Shop
from tests.unit.sync.receiver.visitor import Clock


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A queue on a real store and a real counterfoil."""
    store = Store.open(tmp_path / "store.db", b"k" * 32, create=True)
    counterfoil = Counterfoil.open(tmp_path / "counterfoil.log")
    yield Shop(Outbox(store, counterfoil), Clock())
    store.close()
    counterfoil.close()


def test_every_flipped_bit_of_a_receipt_is_refused(shop: Shop) -> None:
    """Header, payload and signature, spare bits of the base64url included: no other text is this receipt."""
    insurer = shop.insurer()
    (claim_id,) = shop.register()
    shop.drain()
    row, keys = shop.outbox.get(claim_id), insurer.verifiers
    data = (row.receipt or "").encode()
    verify_receipt(row, data.decode(), keys, shop.signer.kid)
    accepted = []
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            verify_receipt(row, changed.decode("latin-1"), keys, shop.signer.kid)
        except ReceiptInvalid:
            continue
        accepted.append(bit)
    assert accepted == []
    assert len(data) > 700
