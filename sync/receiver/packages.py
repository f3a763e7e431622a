"""What the intake can judge of a package without opening it. Pure.

Rules: canonical bytes only; the dispatch is signed by the calling terminal and names exactly this envelope; dispatch
and envelope agree on claim and route; the seal has the length its suite and bucket give it.
"""

from dataclasses import dataclass, field
from typing import Final

from sync.contract.envelope import DISPATCH_TYP, Dispatch, Envelope, Package, Suite, decode, digest, encode
from sync.contract.exchange import MAX_PACKAGE_BYTES
from sync.crypto import base64url
from sync.crypto.sealing import X25519, XWING
from sync.crypto.signing import VerifyingKey
from sync.errors import ContractError, SignatureInvalid
from sync.receiver.folder import InsurerSettings
from sync.receiver.refusal import Refusal

_OVERHEAD: Final[dict[Suite, int]] = {XWING: 1136, X25519: 48}
"""Bytes a seal adds: encapsulated key and tag (crypto reference §1)."""


@dataclass(frozen=True)
class Door:
    """What this insurer accepts: its own route, and claims sealed to one of `recipients` (key ids)."""

    settings: InsurerSettings
    recipients: frozenset[str]


@dataclass(frozen=True)
class Checked:
    """A package that is well formed and signed: its bytes, what its dispatch says, and that dispatch's digest (hex)."""

    raw: bytes = field(repr=False)
    dispatch: Dispatch
    dispatch_digest: str

    @property
    def claim_id(self) -> str:
        """The claim that the package is of."""
        return self.dispatch.claim_id


def check_package(raw: bytes, door: Door, key: VerifyingKey) -> Checked:
    """`raw` as a package of the terminal that owns `key`; Refusal otherwise."""
    package = _decoded(raw)
    dispatch = _dispatch_of(package, key)
    _check_envelope(package.envelope, dispatch)
    _check_route(package.envelope, door)
    return Checked(raw, dispatch, digest(package.dispatch.encode("ascii")))


def _decoded(raw: bytes) -> Package:
    if len(raw) > MAX_PACKAGE_BYTES:
        raise Refusal("package_invalid")
    try:
        return decode(raw, Package)
    except ContractError as error:
        raise Refusal("package_invalid") from error


def _dispatch_of(package: Package, key: VerifyingKey) -> Dispatch:
    try:
        dispatch = decode(key.verify(DISPATCH_TYP, package.dispatch), Dispatch)
    except (SignatureInvalid, ContractError) as error:
        raise Refusal("dispatch_invalid") from error
    if dispatch.device != key.kid or dispatch.envelope != digest(encode(package.envelope)):
        raise Refusal("dispatch_invalid")
    return dispatch


def _check_envelope(envelope: Envelope, dispatch: Dispatch) -> None:
    try:
        sealed = base64url.to_bytes(envelope.sealed)
    except ContractError as error:
        raise Refusal("package_invalid") from error
    if len(sealed) != envelope.bucket + _OVERHEAD[envelope.suite]:
        raise Refusal("package_invalid")
    if (envelope.claim_id, envelope.insurer, envelope.device) != (dispatch.claim_id, dispatch.insurer, dispatch.device):
        raise Refusal("routing_mismatch")


def _check_route(envelope: Envelope, door: Door) -> None:
    settings = door.settings
    if (envelope.insurer, envelope.convention, envelope.csr) != (settings.amc, settings.convention, settings.csr):
        raise Refusal("routing_mismatch")
    if envelope.recipient not in door.recipients:
        raise Refusal("recipient_unknown")
