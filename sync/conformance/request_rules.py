"""§8: TLS, certificates and the signature of every request."""

import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from sync.conformance.findings import Broken
from sync.conformance.kit import Kit
from sync.conformance.player import Player, checked, claim_of, refused
from sync.conformance.rules import each, rule
from sync.conformance.wire import Stamp, Wire, stamped
from sync.contract.exchange import PACKAGE_TYPE, STATE_TYPE
from sync.crypto.certificates import issue_client, make_authority, make_csr
from sync.crypto.httpsig import content_digest
from sync.crypto.signing import SigningKey
from sync.tls import client_context, present

_STATE: Final = "/v1/state"
_AGED: Final = {"six minutes old": -360, "from last year": -31_536_000, "two minutes ahead": 120}
_WRONG_STAMPS: Final[dict[str, Callable[[Player], Stamp]]] = {
    "by another key": lambda player: Stamp(SigningKey.generate(), keyid=player.signer.kid),
    "by a key that is not enrolled": lambda _player: Stamp(SigningKey.generate()),
    "that names another key": lambda player: Stamp(player.signer, keyid="A" * 43),
    "with another algorithm": lambda player: Stamp(player.signer, algorithm="ed25519"),
    "under another label": lambda player: Stamp(player.signer, label="sig1"),
    "with a short nonce": lambda player: Stamp(player.signer, nonce="short"),
    "with one parameter more": lambda player: Stamp(player.signer, more=";expires=4102444800"),
    "with a parameter twice": lambda player: Stamp(player.signer, more=';alg="ecdsa-p256-sha256"'),
    "over another path": lambda player: Stamp(player.signer, target=player.entry.endpoint + "/v1/profile"),
    "over another host": lambda player: Stamp(player.signer, target="https://elsewhere.example" + _STATE),
}
_UNCOVERED: Final = {name: (name,) for name in ("content-digest", "content-type", "idempotency-key")}
_SPOILT: Final[dict[str, Callable[[dict[str, str]], dict[str, str]]]] = {
    "without a signature": lambda fields: {name: value for name, value in fields.items() if "signature" not in name},
    "without its input": lambda fields: {name: value for name, value in fields.items() if name != "signature-input"},
    "with a bit of it flipped": lambda fields: {**fields, "signature": _other_symbol(fields["signature"])},
    "with an empty one": lambda fields: {**fields, "signature": "comptoir=::"},
    "with two": lambda fields: {
        **fields,
        "signature": f"{fields['signature']}, {fields['signature'].replace('comptoir=', 'other=')}",
        "signature-input": f"{fields['signature-input']}, {fields['signature-input'].replace('comptoir=', 'other=')}",
    },
}


@rule(8, hostile=True)
def no_client_certificate(kit: Kit) -> None:
    """A request without a client certificate is 401 certificate_missing."""
    player = kit.enrolled
    wire = Wire(player.entry.endpoint, client_context(player.entry.authority_pem))
    fields = stamped(Stamp(player.signer), "GET", player.entry.endpoint + _STATE, {}, b"")
    reply = checked(wire.send("GET", _STATE, fields))
    wire.close()
    refused(reply, "certificate_missing")


@rule(8, hostile=True)
def foreign_client_certificate(kit: Kit) -> None:
    """A client certificate of another issuer ends the handshake, or is 403 certificate_unknown."""
    player = kit.enrolled
    authority = make_authority("foreign", _now())
    pem = issue_client(authority, make_csr(player.tls_key, "x"), player.signer.kid, _now())
    context = client_context(player.entry.authority_pem)
    present(context, pem.decode("ascii"), player.tls_key)
    wire = Wire(player.entry.endpoint, context)
    fields = stamped(Stamp(player.signer), "GET", player.entry.endpoint + _STATE, {}, b"")
    try:
        reply = checked(wire.send("GET", _STATE, fields))
    except OSError:
        return
    finally:
        wire.close()
    refused(reply, "certificate_unknown", "certificate_missing")


@rule(8, hostile=True)
def tls_before_1_3(kit: Kit) -> None:
    """TLS 1.2 ends in the handshake."""
    context = client_context(kit.enrolled.entry.authority_pem)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    wire = Wire(kit.enrolled.entry.endpoint, context)
    try:
        wire.send("GET", "/v1/health", {})
    except OSError:
        return
    finally:
        wire.close()
    raise Broken("a request over TLS 1.2 was answered")


@rule(8)
def signed_question(kit: Kit) -> None:
    """A request with the terminal's certificate and signature is answered, with Date."""
    reply = kit.enrolled.read(_STATE)
    if (reply.status, reply.fields.get("content-type")) != (200, STATE_TYPE):
        raise Broken(f"the state was answered by {reply.told()}")


@each(8, _WRONG_STAMPS)
def signature(kit: Kit, stamp: Callable[[Player], Stamp]) -> None:
    """A request is 401 signature_invalid when its signature is one."""
    player = kit.enrolled
    refused(player.ask("GET", _STATE, stamp=stamp(player)), "signature_invalid")


@each(8, _AGED)
def created(kit: Kit, seconds: int) -> None:
    """A request is 401 signature_invalid when `created` is too far from now."""
    player = kit.enrolled
    at = int(time.time()) + seconds
    refused(player.ask("GET", _STATE, stamp=Stamp(player.signer, created=at)), "signature_invalid")


@each(8, _SPOILT)
def request(kit: Kit, spoil: Callable[[dict[str, str]], dict[str, str]]) -> None:
    """A request is 401 signature_invalid when it comes."""
    player = kit.enrolled
    fields = spoil(stamped(Stamp(player.signer), "GET", player.entry.endpoint + _STATE, {}, b""))
    refused(checked(player.wire.send("GET", _STATE, fields)), "signature_invalid")


@rule(8, hostile=True)
def replayed_request(kit: Kit) -> None:
    """The very same request a second time is 401 signature_invalid."""
    player = kit.enrolled
    fields = stamped(Stamp(player.signer), "GET", player.entry.endpoint + _STATE, {}, b"")
    if player.wire.send("GET", _STATE, fields).status != 200:
        raise Broken("the request was refused the first time")
    refused(checked(player.wire.send("GET", _STATE, fields)), "signature_invalid")


@rule(8, hostile=True)
def nonce_used_again(kit: Kit) -> None:
    """A nonce that was used, in a new signature of another request, is 401 signature_invalid."""
    player = kit.enrolled
    stamp = Stamp(player.signer, nonce="conformance_" + str(time.time_ns()))
    if player.ask("GET", _STATE, stamp=stamp).status != 200:
        raise Broken("the request was refused the first time")
    refused(player.ask("GET", "/v1/profile", stamp=stamp), "signature_invalid")


@each(8, _UNCOVERED)
def uncovered_field(kit: Kit, uncovered: tuple[str, ...]) -> None:
    """A push whose signature leaves a field of the contract out is 401 signature_invalid."""
    player = kit.enrolled
    package = player.package()
    reply = _put(player, package, Stamp(player.signer, uncovered=uncovered))
    refused(reply, "signature_invalid")


@rule(8, hostile=True)
def wrong_content_digest(kit: Kit) -> None:
    """A body that is not the one of the signed Content-Digest is 401 signature_invalid."""
    player = kit.enrolled
    reply = _put(player, player.package(), Stamp(player.signer), **{"content-digest": content_digest(b"another body")})
    refused(reply, "signature_invalid")


@rule(8, hostile=True)
def digest_of_another_algorithm(kit: Kit) -> None:
    """A Content-Digest that is not sha-256 is 401 signature_invalid."""
    player = kit.enrolled
    other = content_digest(player.package()).replace("sha-256", "sha-512")
    refused(_put(player, player.package(), Stamp(player.signer), **{"content-digest": other}), "signature_invalid")


@rule(8, hostile=True)
def certificate_and_signature_of_two_terminals(kit: Kit) -> None:
    """A request over one terminal's connection, signed by another enrolled one, is 401 signature_invalid."""
    player, other = kit.enrolled, kit.second()
    refused(player.ask("GET", _STATE, stamp=Stamp(other.signer)), "signature_invalid")


def _put(player: Player, package: bytes, stamp: Stamp, **more: Any) -> Any:
    claim_id = claim_of(package)
    fields = {"content-type": PACKAGE_TYPE, "idempotency-key": f'"{claim_id}"', **more}
    return player.ask("PUT", f"/v1/claims/{claim_id}", fields, package, stamp=stamp)


def _other_symbol(signature: str) -> str:
    place = len(signature) // 2
    return signature[:place] + ("A" if signature[place] != "A" else "B") + signature[place + 1 :]


def _now() -> datetime:
    return datetime.now(UTC)
