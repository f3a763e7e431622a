"""Who is calling: an enrolled certificate, and a request signature by the key that was enrolled with it.

Rules: nothing of a body is unfolded or parsed before both hold; a certificate of one terminal with a signature of
another is refused; so is a terminal that was revoked, judged again in the transaction that does the work; a nonce is
taken once per terminal, in the same transaction as what the request does. Replaying a push would change nothing
anyway (same bytes, same receipt); nonces keep even that from being tried.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, tuple_

from sync.crypto.certificates import fingerprint
from sync.crypto.httpsig import MAX_AGE, Request, verify_request
from sync.crypto.signing import VerifyingKey
from sync.errors import SignatureInvalid
from sync.receiver.db import Ledger, certificates, nonces, revocations, terminals
from sync.receiver.refusal import Refusal
from sync.receiver.terminals import is_revoked

_NONCE_KEPT: Final = MAX_AGE + timedelta(minutes=2)
_DROPPED: Final = 100


@dataclass(frozen=True)
class Asked:
    """One request as it came: path from the first slash, folded header fields, body as sent, peer certificate (DER)."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    certificate: bytes | None = field(repr=False)


@dataclass(frozen=True)
class Caller:
    """A terminal that proved who it is, and the nonce it used."""

    device: str
    shop: str
    key: VerifyingKey
    nonce: str


def admit(ledger: Ledger, asked: Asked, origin: str, now: datetime) -> Caller:
    """The enrolled terminal that sent `asked`; Refusal otherwise. `origin` is what stands before the path."""
    if asked.certificate is None:
        raise Refusal("certificate_missing")
    terminal = _terminal_of(ledger, fingerprint(asked.certificate))
    if terminal is None:
        raise Refusal("certificate_unknown")
    if terminal.revoked_at is not None:
        raise Refusal("certificate_revoked", device=terminal.device)
    if terminal.not_after <= int(now.timestamp() * 1000):
        raise Refusal("certificate_expired")
    key = VerifyingKey.from_jwk(json.loads(terminal.signing_jwk))
    try:
        nonce = signed_by(asked, origin, key, now)
    except Refusal as error:
        raise Refusal("signature_invalid", device=terminal.device) from error
    return Caller(terminal.device, terminal.shop, key, nonce)


def signed_by(asked: Asked, origin: str, key: VerifyingKey, now: datetime) -> str:
    """The nonce of a request that `key` signed; Refusal otherwise. Whether the nonce is new is not judged here."""
    used: list[str] = []

    def note(_kid: str, nonce: str) -> bool:
        used.append(nonce)
        return False

    request = Request(asked.method, origin + asked.path, asked.headers, asked.body)
    try:
        verify_request(request, {key.kid: key}.get, now, note)
    except SignatureInvalid as error:
        raise Refusal("signature_invalid") from error
    return used[0]


def take_nonce(connection: Connection, device: str, nonce: str, now: datetime) -> None:
    """Remember that this terminal used `nonce`; Refusal when it did before, or was revoked meanwhile."""
    if is_revoked(connection, device):
        raise Refusal("certificate_revoked")
    at = int(now.timestamp())
    _forget_nonces(connection, at)
    same = select(nonces.c.nonce).where(nonces.c.device == device, nonces.c.nonce == nonce)
    if connection.execute(same).first() is not None:
        raise Refusal("signature_invalid")
    expires_at = at + int(_NONCE_KEPT.total_seconds())
    connection.execute(insert(nonces).values(device=device, nonce=nonce, expires_at=expires_at))


def _forget_nonces(connection: Connection, at: int) -> None:
    """Drop some that are over; those that another worker is dropping are left to it."""
    key = (nonces.c.device, nonces.c.nonce)
    over = select(*key).where(nonces.c.expires_at < at).limit(_DROPPED).with_for_update(skip_locked=True)
    connection.execute(delete(nonces).where(tuple_(*key).in_(over)))


def _terminal_of(ledger: Ledger, mark: str) -> Any:
    """Whose certificate this is: a row with terminal, end of the certificate, and when it was revoked; None."""
    known = certificates.join(terminals, certificates.c.device == terminals.c.device)
    joined = known.outerjoin(revocations, revocations.c.device == terminals.c.device)
    columns = (terminals.c.device, terminals.c.shop, terminals.c.signing_jwk)
    wanted = select(*columns, certificates.c.not_after, revocations.c.revoked_at).select_from(joined)
    with ledger.reading() as connection:
        return connection.execute(wanted.where(certificates.c.fingerprint == mark)).first()
