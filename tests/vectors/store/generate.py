"""Writes `store-0.1.0.db` and `expected.json`: run once, inside the sources of release 0.1.0, never with later code.

    git archive 6de5736 | tar -x -C OLD; cd OLD; PYTHONPATH=. python …/tests/vectors/store/generate.py FOLDER

The store has the schema of 0.1.0 in every room, under the fixed key `KEY`: three claims (one waits for its first
dispatch, one left, one was acknowledged), each with its dossier, and an account. The persons are invented. The device
key is fixed too, and good for nothing else. Signatures differ from run to run; `expected.json` goes with its store.
"""

import json
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sync.contract.envelope import Envelope, encode
from sync.crypto.signing import SigningKey
from sync.insurers import InsurerBook
from sync.queue import Counterfoil, Entry, Outbox
from sync.store import Store
from terminal.vault.accounts import SCHEMA as ACCOUNT_SCHEMA
from terminal.vault.dossiers import SCHEMA as DOSSIER_SCHEMA
from terminal.vault.dossiers import Dossier, DossierLine, Dossiers
from terminal.workflow.duplicates import Deliveries

KEY, SHOP_SEED, DEVICE_KEY = bytes(range(32)), bytes(range(64, 96)), bytes(range(1, 33))
INSURER, NOW = "12345678", datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
IDS = tuple(f"01890a5d-ac96-774b-8000-00000000000{number}" for number in (1, 2, 3))


def main(folder: Path) -> None:
    """Write both files into `folder`."""
    store = Store.open(folder / "store-0.1.0.db", KEY)
    counterfoil = Counterfoil.open(folder / "counterfoil.log")
    outbox, dossiers = Outbox(store, counterfoil), Dossiers(store, SHOP_SEED)
    InsurerBook(store)
    store.migrate("account", ACCOUNT_SCHEMA)
    store.migrate("dossier", DOSSIER_SCHEMA)
    Deliveries(store, SHOP_SEED)
    with store.write() as connection:
        connection.exec_driver_sql("INSERT INTO account VALUES ('camille', 'Camille')")
    for claim_id in IDS:
        entry = Entry(claim_id, INSURER, envelope(claim_id), NOW, NOW + timedelta(seconds=60))
        outbox.enqueue(entry, dossiers.writing(claim_id, dossier()))
    left = outbox.dispatch(INSURER, IDS[1:], SigningKey.from_bytes(DEVICE_KEY), NOW + timedelta(hours=1))
    outbox.settle(IDS[2], "receipt", NOW + timedelta(hours=2))
    expected = {
        "envelopes": {one: envelope(one).decode() for one in IDS},
        "left": dict(zip(IDS[1:], map(bytes.decode, left), strict=True)),
    }
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", "ascii")
    store.close()
    counterfoil.close()
    (folder / "counterfoil.log").unlink()


def envelope(claim_id: str) -> bytes:
    """Canonical envelope bytes; nothing is really sealed."""
    return encode(
        Envelope(
            v=1,
            claim_id=claim_id,
            insurer=INSURER,
            convention="TP",
            device="D" * 43,
            recipient="R" * 43,
            suite="xwing-hkdfsha256-aes256gcm",
            bucket=1024,
            sealed=claim_id[-1] * 1400,
        )
    )


def dossier() -> Dossier:
    """A dossier of an invented person, in a commune that does not exist."""
    return Dossier(
        surname="EXEMPLE",
        given_name="LEA",
        birth_date=date(1984, 5, 17),
        birth_date_raw="19840517",
        nir="284057599900149",
        rank=1,
        source="card",
        prescription_date=date(2026, 11, 1),
        service_date=date(2026, 11, 20),
        amo_rate=60,
        insurer=INSURER,
        contract_id="C1",
        member=None,
        lines=(DossierLine("frame", "2223342", 3000, 1),),
        price=3000,
        amo=5,
        amc=2995,
        reste_a_charge=0,
        user="camille",
        signed_sha256="0" * 64,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
