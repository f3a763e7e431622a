"""The next certificate of an enrolled terminal, asked for over the present one.

Rules: the caller proved certificate and signing key before; the subject stays the key id, whatever the request says.
Asked again while the last renewal has most of its life before it, for the same key, the answer is the same certificate:
lost answers do not pile up certificates. The former certificate is good until its own end.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from sync.contract.envelope import decode, encode
from sync.contract.renewal import RenewalAnswer, RenewalRequest
from sync.crypto.certificates import CLIENT_DAYS, der_of, fingerprint, issue_client, not_after, requested_key
from sync.errors import ContractError, KeyInvalid
from sync.receiver.db import certificates, renewals
from sync.receiver.folder import IntakeMaterial
from sync.receiver.refusal import Refusal

FRESH: Final = timedelta(days=CLIENT_DAYS // 3)
"""How old a renewal may be and still be the answer to the next one."""


def read_renewal(body: bytes, insurer: str) -> RenewalRequest:
    """The request in a body, meant for this insurer and with a signed request for a P-256 key; Refusal otherwise."""
    try:
        request = decode(body, RenewalRequest)
        requested_key(request.certificate_request.encode("utf-8"))
    except (ContractError, KeyInvalid) as error:
        raise Refusal("request_invalid") from error
    if request.insurer != insurer:
        raise Refusal("request_invalid")
    return request


def renew(
    connection: Connection, material: IntakeMaterial, device: str, request: RenewalRequest, now: datetime
) -> tuple[bytes, bool]:
    """The answer (JSON) for a terminal, and whether its certificate is a new one."""
    csr = request.certificate_request.encode("utf-8")
    key = requested_key(csr)
    wanted = select(renewals).where(renewals.c.device == device).with_for_update()
    last = connection.execute(wanted).first()
    if last is not None and last.key == key and _millis(now) < last.issued_at + _millis_in(FRESH):
        return encode(RenewalAnswer(certificate=last.certificate)), False
    certificate = issue_client(material.clients, csr, device, now)
    record_certificate(connection, device, certificate)
    connection.execute(delete(renewals).where(renewals.c.device == device))
    row = {"device": device, "key": key, "certificate": certificate.decode("ascii"), "issued_at": _millis(now)}
    connection.execute(insert(renewals).values(row))
    return encode(RenewalAnswer(certificate=certificate.decode("ascii"))), True


def record_certificate(connection: Connection, device: str, certificate: bytes) -> None:
    """Let a certificate (PEM) speak for a terminal from now on."""
    mark, end = fingerprint(der_of(certificate)), _millis(not_after(certificate))
    connection.execute(insert(certificates).values(fingerprint=mark, device=device, not_after=end))


def _millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _millis_in(span: timedelta) -> int:
    return int(span.total_seconds() * 1000)
