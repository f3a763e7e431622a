"""Invitations and enrolment: how a posted code becomes a terminal's certificate.

Rules: the code is compared only through the proof, and erased when the invitation is used, locked or expired; five
wrong proofs close it; it is used once, but the same request again gets the same answer while it runs, because the first
answer may have been lost. An unknown invitation and a wrong proof get one answer. A signing key stays with its shop,
and a revoked one is not enrolled again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from sync.contract.activation import ActivationCode, new_invitation
from sync.contract.enrolment import PSEUDONYM_INFO, EnrolmentAnswer, EnrolmentRequest, proves
from sync.contract.envelope import decode, digest, encode
from sync.contract.exchange import MAX_ENROLMENT_BYTES
from sync.contract.problems import ProblemCode
from sync.crypto import base64url
from sync.crypto.certificates import issue_client
from sync.crypto.sealing import SealingKey
from sync.crypto.signing import VerifyingKey
from sync.errors import ContractError, InvitationUnknown, KeyInvalid
from sync.eventlog import event
from sync.receiver.admission import Asked, signed_by
from sync.receiver.alarms import NOBODY, AlarmKind, raise_alarm
from sync.receiver.db import Ledger, invitations, terminals
from sync.receiver.folder import IntakeMaterial
from sync.receiver.quotas import HOUR, Account, left_of, spend
from sync.receiver.refusal import Refusal
from sync.receiver.renewal import record_certificate
from sync.receiver.terminals import is_revoked

MAX_ATTEMPTS: Final = 5
INVITATION_DAYS: Final = 30
Standing = Literal["open", "used", "expired", "locked", "withdrawn"]


@dataclass(frozen=True)
class Letter:
    """What is posted to the shop. `activation_code` is secret and shown once; `expires_at` is UTC."""

    invitation: str
    activation_code: str
    shop: str
    expires_at: datetime


@dataclass(frozen=True)
class Enrolling:
    """Who enrols terminals: the insurer, the origin that requests are signed for, how many may fail in an hour.

    What fails beyond that is answered 429, whatever was wrong; what is right is always answered.
    """

    material: IntakeMaterial
    origin: str
    limit: int


@dataclass(frozen=True)
class Invited:
    """How one invitation stands; `attempts` are wrong proofs."""

    invitation: str
    shop: str
    standing: Standing
    expires_at: datetime
    attempts: int


@dataclass(frozen=True)
class _Applicant:
    request: EnrolmentRequest
    key: VerifyingKey
    shop_key: SealingKey
    request_digest: str


def invite(ledger: Ledger, shop: str, now: datetime, days: int = INVITATION_DAYS) -> Letter:
    """A new invitation for one terminal of `shop` (AM id)."""
    code, invitation = ActivationCode.generate(), new_invitation()
    expires_at = (now + timedelta(days=days)).astimezone(UTC).replace(microsecond=0)
    values = {"id": invitation, "shop": shop, "code": code.symbols, "expires_at": _millis(expires_at)}
    ledger.write(lambda connection: connection.execute(insert(invitations).values(values)))
    return Letter(invitation, code.grouped(), shop, expires_at)


def invitations_known(ledger: Ledger, now: datetime) -> list[Invited]:
    """Every invitation, the newest end first."""
    with ledger.reading() as connection:
        rows = connection.execute(select(invitations).order_by(invitations.c.expires_at.desc(), invitations.c.id)).all()
    return [Invited(row.id, row.shop, _standing(row, now), _instant(row.expires_at), row.attempts) for row in rows]


def withdraw(ledger: Ledger, invitation: str) -> None:
    """Close an invitation that was not used; InvitationUnknown. What it enrolled before stays enrolled."""
    this = invitations.c.id == invitation

    def once(connection: Connection) -> None:
        if connection.execute(select(invitations.c.id).where(this)).first() is None:
            raise InvitationUnknown("no letter has this invitation", invitation=invitation[:8])
        connection.execute(update(invitations).where(this).values(code=None))

    ledger.write(once)


def _standing(row: Row[Any], now: datetime) -> Standing:
    if row.answer is not None:
        return "used"
    if _millis(now) >= row.expires_at:
        return "expired"
    if row.code is not None:
        return "open"
    return "locked" if row.attempts >= MAX_ATTEMPTS else "withdrawn"


def enrol(ledger: Ledger, insurer: Enrolling, asked: Asked, now: datetime) -> bytes:
    """The answer (JSON) to an enrolment request; Refusal when form, signature or proof do not hold."""
    applicant = _applicant(asked, insurer.material.settings.amc)
    signed_by(asked, insurer.origin, applicant.key, now)
    answer = ledger.write(lambda connection: _judged(connection, insurer, applicant, now))
    if isinstance(answer, bytes):
        event("enrolled", device=applicant.key.kid)
        return answer
    event("enrolment_refused", problem=answer)
    raise Refusal(answer, retry_after=left_of(HOUR, now) if answer == "too_many_requests" else None)


def _applicant(asked: Asked, insurer: str) -> _Applicant:
    try:
        request = decode(asked.body, EnrolmentRequest)
        shop_key = SealingKey(request.sealing.suite, base64url.to_bytes(request.sealing.public))
        key = VerifyingKey.from_jwk(msgspec.to_builtins(request.signing))
    except (ContractError, KeyInvalid) as error:
        raise Refusal("request_invalid") from error
    if request.insurer != insurer or shop_key.kid != request.sealing.kid or len(asked.body) > MAX_ENROLMENT_BYTES:
        raise Refusal("request_invalid")
    return _Applicant(request, key, shop_key, digest(asked.body))


def _judged(connection: Connection, insurer: Enrolling, applicant: _Applicant, now: datetime) -> bytes | ProblemCode:
    """The decision; when it is no, an alarm about the invitation (if it exists), and one about too many of them."""
    decided = _decide(connection, insurer.material, applicant, now)
    if decided not in ("activation_refused", "invitation_closed"):
        return decided
    kind: AlarmKind = "activation_refused" if decided == "activation_refused" else "invitation_closed"
    this = select(invitations.c.id).where(invitations.c.id == applicant.request.invitation)
    raise_alarm(connection, kind, connection.execute(this).scalar() or NOBODY, now)
    if spend(connection, Account(NOBODY, "enrolment", HOUR), 1, now) <= insurer.limit:
        return decided
    raise_alarm(connection, "enrolment_storm", NOBODY, now)
    return "too_many_requests"


def _decide(
    connection: Connection, material: IntakeMaterial, applicant: _Applicant, now: datetime
) -> bytes | ProblemCode:
    """The answer, or the code of the refusal: returned, not raised, so that a counted attempt is kept."""
    this = invitations.c.id == applicant.request.invitation
    row = connection.execute(select(invitations).where(this).with_for_update()).first()
    if row is None:
        return "activation_refused"
    if row.answer is not None and row.request == applicant.request_digest and _millis(now) < row.expires_at:
        return bytes(row.answer)
    if row.code is None or _millis(now) >= row.expires_at:
        connection.execute(update(invitations).where(this).values(code=None))
        return "invitation_closed"
    if not proves(applicant.request, ActivationCode(row.code)):
        connection.execute(update(invitations).where(this).values(_one_more_attempt(row)))
        return "activation_refused"
    answer = _accept(connection, material, applicant, row.shop, now)
    used = {"code": None, "request": applicant.request_digest, "answer": answer}
    connection.execute(update(invitations).where(this).values(used))
    return answer


def _one_more_attempt(row: Row[Any]) -> Mapping[str, Any]:
    attempts = row.attempts + 1
    return {"attempts": attempts, "code": row.code if attempts < MAX_ATTEMPTS else None}


def _accept(connection: Connection, material: IntakeMaterial, applicant: _Applicant, shop: str, now: datetime) -> bytes:
    device = applicant.key.kid
    certificate = _certificate(material, applicant, now)
    _remember_terminal(connection, applicant, shop, now)
    record_certificate(connection, device, certificate)
    sealed = applicant.shop_key.seal(material.pseudonym_key, PSEUDONYM_INFO)
    return encode(
        EnrolmentAnswer(
            insurer=material.settings.amc,
            shop=shop,
            device=device,
            certificate=certificate.decode("ascii"),
            keys=material.announced.keys_jws,
            profile=material.announced.on(now.date())[0],
            pseudonym_key=base64url.to_text(sealed),
        )
    )


def _certificate(material: IntakeMaterial, applicant: _Applicant, now: datetime) -> bytes:
    request = applicant.request.certificate_request.encode("utf-8")
    try:
        return issue_client(material.clients, request, applicant.key.kid, now)
    except KeyInvalid as error:
        raise Refusal("request_invalid") from error


def _remember_terminal(connection: Connection, applicant: _Applicant, shop: str, now: datetime) -> None:
    device, sealing = applicant.key.kid, _text(applicant.request.sealing)
    known = connection.execute(select(terminals.c.shop).where(terminals.c.device == device)).scalar()
    if known is None:
        jwk = _text(applicant.request.signing)
        row = {"device": device, "shop": shop, "signing_jwk": jwk, "sealing": sealing, "enrolled_at": _millis(now)}
        connection.execute(insert(terminals).values(row))
        return
    if known != shop:
        raise Refusal("request_invalid")
    if is_revoked(connection, device):
        raise Refusal("certificate_revoked")
    connection.execute(update(terminals).where(terminals.c.device == device).values(sealing=sealing))


def _text(record: msgspec.Struct) -> str:
    return encode(record).decode("ascii")


def _instant(millis: int) -> datetime:
    return datetime.fromtimestamp(millis / 1000, UTC)


def _millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)
