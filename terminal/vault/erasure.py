"""Erasing dossiers whose time is over, and the certificates that say so.

Rules: only a dossier of a claim that nothing more is expected of (`SETTLED`) can be erased; the days of its retention
begin when the terminal first saw it settled, by a clock it trusts. What is erased is the content: number and claim id
stay, so that no number is given twice. Content, journal entries and certificate are one transaction; the file
overwrites what is deleted, and is rewritten afterwards (`compact`) so that nothing stays in the gaps of a page. A
certificate is signed with the device key; it proves that this was done, not that there is no copy elsewhere, and says
so.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from sqlalchemy import Connection
from sqlalchemy import text as statement

from sync.contract.envelope import JournalAnchor, KeyId, StrictRecord, Timestamp, decode, encode
from sync.contract.message import ClaimId, Digest
from sync.crypto.signing import SigningKey, VerifyingKey
from sync.errors import SyncError
from sync.queue.journal_head import anchor_to_sign
from sync.queue.tables import milliseconds
from sync.store import CheckLine, Store
from terminal.domain.claim import ClaimState
from terminal.vault.outcomes import Heard, forget_words

ROOM: Final = "erasure"
SCHEMA: Final = (
    (
        "CREATE TABLE settlement (claim_id TEXT PRIMARY KEY, seen_at INTEGER NOT NULL) STRICT",
        "CREATE TABLE erasure (number INTEGER PRIMARY KEY, certificate TEXT NOT NULL,"
        " compacted INTEGER NOT NULL DEFAULT 0) STRICT",
    ),
)
TYP: Final = "comptoir-erasure+jws"
CHECK: Final = "erasures"
MOST: Final = 500
"""Dossiers of one certificate."""
SETTLED: Final = (ClaimState.PAID, ClaimState.REFUSED, ClaimState.SUPERSEDED, ClaimState.CANCELLED)
"""States after which nothing more is expected. A claim that waits for an answer or for money is open."""

_STATES: Final = ", ".join(f"'{state}'" for state in SETTLED)
_KEPT: Final = "dossier JOIN outbox USING (claim_id) WHERE length(sealed) > 0"
_SEE: Final = statement(
    f"INSERT OR IGNORE INTO settlement SELECT claim_id, :at FROM {_KEPT} AND state IN ({_STATES})"  # noqa: S608 - constants
)
_UNSEE: Final = statement(
    "DELETE FROM settlement WHERE claim_id IN"  # noqa: S608 - constants
    f" (SELECT claim_id FROM outbox WHERE state NOT IN ({_STATES}))"
)
_DUE: Final = statement(
    "SELECT claim_id, state, sealed FROM settlement JOIN dossier USING (claim_id) JOIN outbox USING (claim_id)"
    " WHERE length(sealed) > 0 AND seen_at <= :before ORDER BY seen_at, claim_id LIMIT :most"
)
_ONE: Final = statement(f"SELECT claim_id, state, sealed FROM {_KEPT} AND claim_id = :claim_id")  # noqa: S608 - constants
_ERASE: Final = statement("UPDATE dossier SET sealed = x'' WHERE claim_id = :claim_id")


class ErasedDossier(StrictRecord, frozen=True, kw_only=True):
    """What was erased: the claim it was of, its state, and the digest of the sealed content that is gone."""

    claim_id: ClaimId
    state: str
    sealed_sha256: Digest


class ErasureCertificate(StrictRecord, frozen=True, kw_only=True):
    """What was erased, when, by which rule, at whose word. `deliveries` counts marks of earlier deliveries."""

    schema: Literal["comptoir/erasure/v1"]
    number: Annotated[int, msgspec.Meta(ge=1)]
    device: KeyId
    at: Timestamp
    rule: Literal["retention", "two_people"]
    retention_days: int
    by: tuple[str, ...]
    dossiers: tuple[ErasedDossier, ...]
    deliveries: int
    journal: JournalAnchor
    proves: Literal["the procedure, not the absence of copies"]


@dataclass(frozen=True, slots=True)
class Order:
    """What is erased and why: rule, days of retention, who asked for it, dossiers, marks of deliveries."""

    rule: Literal["retention", "two_people"]
    retention_days: int
    dossiers: tuple[ErasedDossier, ...]
    deliveries: int
    by: tuple[str, ...] = ()


class Erasures:
    """Settlements seen and certificates written, in an open store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        Heard(store)
        store.migrate(ROOM, SCHEMA)

    def see_settled(self, connection: Connection, now: datetime) -> None:
        """Remember since when each claim is settled."""
        connection.execute(_SEE, {"at": milliseconds(now)})
        connection.execute(_UNSEE)

    def due(self, connection: Connection, before: datetime) -> tuple[ErasedDossier, ...]:
        """The dossiers settled since `before` or longer, at most as many as one certificate holds."""
        found = connection.execute(_DUE, {"before": milliseconds(before), "most": MOST})
        return tuple(_erased(row.claim_id, row.state, row.sealed) for row in found)

    def one(self, connection: Connection, claim_id: str) -> ErasedDossier | None:
        """The dossier of one claim, None when there is none any more."""
        row = connection.execute(_ONE, {"claim_id": claim_id}).first()
        return None if row is None else _erased(row.claim_id, row.state, row.sealed)

    def erase(self, connection: Connection, dossiers: Sequence[ErasedDossier]) -> None:
        """Overwrite their content, and what insurers said of them."""
        for dossier in dossiers:
            connection.execute(_ERASE, {"claim_id": dossier.claim_id})
        forget_words(connection, [dossier.claim_id for dossier in dossiers])

    def certify(self, connection: Connection, order: Order, now: datetime, signer: SigningKey) -> int:
        """Write the certificate, after the journal's entries and in the same transaction; its number."""
        number = (connection.execute(statement("SELECT max(number) FROM erasure")).scalar() or 0) + 1
        anchor = anchor_to_sign(connection)
        assert anchor is not None, "an erasure is in the journal before its certificate is made"
        certificate = ErasureCertificate(
            schema="comptoir/erasure/v1",
            number=number,
            device=signer.kid,
            at=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            rule=order.rule,
            retention_days=order.retention_days,
            by=order.by,
            dossiers=order.dossiers,
            deliveries=order.deliveries,
            journal=anchor,
            proves="the procedure, not the absence of copies",
        )
        signed = signer.sign(TYP, encode(certificate))
        added = statement("INSERT INTO erasure (number, certificate) VALUES (:number, :certificate)")
        connection.execute(added, {"number": number, "certificate": signed})
        return number

    def certificates(self) -> tuple[str, ...]:
        """Every certificate (JWS compact), in order."""
        with self._store.read() as connection:
            return tuple(connection.execute(statement("SELECT certificate FROM erasure ORDER BY number")).scalars())

    def compact(self) -> None:
        """Rewrite the file if something was erased since the last time; what fails is tried again at the next."""
        with self._store.read() as connection:
            pending = connection.execute(statement("SELECT 1 FROM erasure WHERE compacted = 0 LIMIT 1")).first()
        if pending is not None:
            self._store.compact()
            with self._store.write() as connection:
                connection.execute(statement("UPDATE erasure SET compacted = 1 WHERE compacted = 0"))

    def check(self, verifier: VerifyingKey) -> CheckLine:
        """The line `erasures`: certificates numbered without a gap, signed here, and what they name is gone."""
        for number, signed in enumerate(self.certificates(), start=1):
            try:
                certificate = read_certificate(signed, verifier)
            except SyncError as error:
                return CheckLine(CHECK, ok=False, detail=f"certificate {number}: {error.code}")
            if certificate.number != number or self._is_there(certificate):
                return CheckLine(CHECK, ok=False, detail=f"certificate {number} does not hold")
        return CheckLine(CHECK, ok=True, detail=f"{len(self.certificates())} certificates")

    def _is_there(self, certificate: ErasureCertificate) -> bool:
        with self._store.read() as connection:
            return any(self.one(connection, dossier.claim_id) for dossier in certificate.dossiers)


def read_certificate(signed: str, verifier: VerifyingKey) -> ErasureCertificate:
    """What a certificate says; SignatureInvalid or ContractError."""
    return decode(verifier.verify(TYP, signed), ErasureCertificate)


def _erased(claim_id: str, state: str, sealed: bytes) -> ErasedDossier:
    return ErasedDossier(claim_id=claim_id, state=state, sealed_sha256=hashlib.sha256(sealed).hexdigest())
