"""Where a request goes: judged from the clear header and the terminal's certificate, never from what is sealed. Pure.

Rules: who issued the terminal's certificate names the insurer; every package of a push names the same one in its clear
header, or nothing is passed on; an enrolment, which has no certificate yet, names it in its request. What cannot be
read as far as that is refused here; everything else is the insurer's to judge.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, TypeVar

import msgspec

from sync.contract.envelope import Envelope
from sync.contract.exchange import MAX_BATCH_BYTES, MAX_ENROLMENT_BYTES, MAX_PACKAGE_BYTES, split_batch
from sync.contract.message import InsurerId
from sync.crypto.certificates import is_issued_by
from sync.errors import ContractError
from sync.receiver.bodies import unfold
from sync.receiver.refusal import Refusal
from sync.receiver.relay.folder import Route, key_of

Part = TypeVar("Part", bound=msgspec.Struct)

ENROLMENTS: Final = "/v1/enrolments"
BATCH: Final = "/v1/claims:batch"
_CLAIM: Final = re.compile(r"/v1/claims/[^/?]+", re.ASCII)


class _Package(msgspec.Struct, frozen=True):
    envelope: Envelope


class _Enrolment(msgspec.Struct, frozen=True):
    insurer: InsurerId


@dataclass(frozen=True)
class Carried:
    """One request as it came: path with its query, folded fields, body as sent, the certificate shown (DER)."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = field(repr=False)
    certificate: bytes | None = field(repr=False)


@dataclass(frozen=True)
class Way:
    """Where a request goes, and the packages in it, byte for byte."""

    route: Route
    packages: tuple[bytes, ...] = field(repr=False)


def limit_of(path: str, *, enrolled: bool) -> int:
    """How large a body may be there: without a certificate, that of an enrolment."""
    if path == BATCH and enrolled:
        return MAX_BATCH_BYTES
    return MAX_PACKAGE_BYTES if enrolled else MAX_ENROLMENT_BYTES


def way_of(carried: Carried, routes: Iterable[Route]) -> Way:
    """The way of a request; Refusal (certificate_missing, certificate_unknown, package_invalid, routing_mismatch …)."""
    known = {key_of(route): route for route in routes}
    if carried.path == ENROLMENTS:
        return Way(_named(carried.body, known.values()), ())
    if carried.certificate is None:
        raise Refusal("certificate_missing")
    issuer = next((one for one in known.values() if is_issued_by(carried.certificate, one.clients_pem)), None)
    if issuer is None:
        raise Refusal("certificate_unknown")
    packages = _packages(carried)
    if any(_header(package) != key_of(issuer) for package in packages):
        raise Refusal("routing_mismatch")
    return Way(issuer, packages)


def claim_id_of(package: bytes) -> str:
    """The id in a package's clear header; Refusal."""
    return _decoded(package, _Package).envelope.claim_id


def _packages(carried: Carried) -> tuple[bytes, ...]:
    if carried.method == "PUT" and _CLAIM.fullmatch(carried.path):
        return (carried.body,)
    if (carried.method, carried.path) != ("POST", BATCH):
        return ()
    try:
        return split_batch(unfold(carried.body, carried.headers.get("content-encoding"), MAX_BATCH_BYTES))
    except ContractError as error:
        raise Refusal("request_invalid") from error


def _header(package: bytes) -> tuple[str, str, str | None]:
    envelope = _decoded(package, _Package).envelope
    return envelope.insurer, envelope.convention, envelope.csr


def _named(body: bytes, routes: Iterable[Route]) -> Route:
    insurer = _decoded(body, _Enrolment).insurer
    found = next((route for route in routes if route.insurer == insurer), None)
    if found is None:
        raise Refusal("routing_mismatch")
    return found


def _decoded(body: bytes, kind: type[Part]) -> Part:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal("package_invalid") from error
