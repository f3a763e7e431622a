"""By which way a request came: straight from a terminal, or by a relay that this insurer admitted.

Rules: a relay is known by its own client certificate, and only of a relay is the field `Client-Cert` (RFC 9440)
believed: it names the certificate that the terminal showed there. A relay cannot speak for a terminal all the same:
the request's signature is judged with the key enrolled with that certificate, over the address the terminal wrote,
which is the relay's.
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec

from sync.contract.enrolment import Origin, Pem
from sync.contract.envelope import StrictRecord, Timestamp, decode, encode
from sync.contract.message import Digest
from sync.crypto.certificates import fingerprint
from sync.durable import folder_lock, replace_file
from sync.receiver.admission import Asked
from sync.receiver.refusal import Refusal

FIELD: Final = "client-cert"
_FILE: Final = "relays.json"
_MAX_FIELD: Final = 8192


class AdmittedRelay(StrictRecord, frozen=True, kw_only=True):
    """A relay that may carry requests: its certificate's SHA-256, where terminals reach it, its authority."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    origin: Origin
    fingerprint: Digest
    authority_pem: Pem
    admitted_at: Timestamp


class _Admitted(StrictRecord, frozen=True, kw_only=True):
    relays: tuple[AdmittedRelay, ...]


class Ways:
    """The ways to one insurer: its own `origin`, and its relays."""

    def __init__(self, origin: str, relays: Iterable[AdmittedRelay] = ()) -> None:
        self._origin = origin
        self._relays = {relay.fingerprint: relay.origin for relay in relays}

    def of(self, asked: Asked) -> tuple[str, Asked]:
        """The origin that the terminal wrote to, and the request with the certificate that the terminal showed."""
        origin = self._relays.get(fingerprint(asked.certificate)) if asked.certificate is not None else None
        if origin is None:
            return self._origin, asked
        stated = asked.headers.get(FIELD)
        return origin, replace(asked, certificate=None if stated is None else certificate_in(stated))


def field_of(certificate: bytes) -> str:
    """The field's value for a certificate (DER)."""
    return f":{base64.b64encode(certificate).decode('ascii')}:"


def certificate_in(value: str) -> bytes:
    """The certificate (DER) in the field's value; Refusal."""
    if len(value) > _MAX_FIELD or len(value) < 3 or value[0] != ":" or value[-1] != ":":
        raise Refusal("certificate_unknown")
    try:
        return base64.b64decode(value[1:-1], validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refusal("certificate_unknown") from error


def admitted_relays(intake: Path) -> tuple[AdmittedRelay, ...]:
    """The relays of the insurer with this intake folder; ContractError."""
    path = intake / _FILE
    return decode(path.read_bytes(), _Admitted).relays if path.exists() else ()


def admit_relay(intake: Path, relay: AdmittedRelay) -> None:
    """Keep a relay, in place of the one with the same origin; a running intake sees it at its next start."""
    with folder_lock(intake):
        others = [one for one in admitted_relays(intake) if one.origin != relay.origin]
        replace_file(intake / _FILE, encode(_Admitted(relays=(*others, relay))))


def instant(at: datetime) -> str:
    """An instant as records write it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
