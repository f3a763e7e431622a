"""Making an enrolment request, right or wrong, and judging its answer as a terminal does (§10)."""

import secrets
from collections.abc import Callable
from typing import Any, Final

import msgspec

from sync.conformance.findings import Broken
from sync.conformance.player import Player, checked
from sync.conformance.wire import Reply, Stamp, stamped
from sync.contract.activation import ActivationCode
from sync.contract.enrolment import (
    ENROLMENT_SCHEMA,
    PSEUDONYM_INFO,
    EnrolmentAnswer,
    EnrolmentOffer,
    EnrolmentRequest,
    proof_of,
)
from sync.contract.envelope import KEYS_TYP, PROFILE_TYP, decode, encode
from sync.contract.exchange import ENROLLED_TYPE, ENROLMENT_TYPE
from sync.contract.keys import Jwk, KeySet, SealingPublic
from sync.contract.profile import Profile, check_profile
from sync.crypto import base64url
from sync.crypto.certificates import certified_key, make_csr, requested_key, subject
from sync.crypto.sealing import SealingKey
from sync.crypto.signing import VerifyingKey

PATH: Final = "/v1/enrolments"


def request_of(
    player: Player,
    invitation: str,
    code: ActivationCode,
    change: Callable[[dict[str, Any]], dict[str, Any]] = lambda offer: offer,
) -> bytes:
    """The canonical request, proved with `code`, of an offer that was changed before it was proved."""
    signer, public = player.signer, player.shop_key.public
    plain = {
        "schema": ENROLMENT_SCHEMA,
        "insurer": player.entry.amc,
        "invitation": invitation,
        "nonce": base64url.to_text(secrets.token_bytes(32)),
        "certificate_request": make_csr(player.tls_key, "anything").decode("ascii"),
        "signing": dict(signer.public.jwk),
        "sealing": {"kid": public.kid, "suite": public.suite, "public": base64url.to_text(public.public)},
    }
    plain = change(plain)
    shaped: dict[str, Any] = {
        **plain,
        "signing": msgspec.convert(plain["signing"], Jwk),
        "sealing": msgspec.convert(plain["sealing"], SealingPublic),
    }
    offer = EnrolmentOffer(**shaped)
    return encode(EnrolmentRequest(**shaped, proof=proof_of(offer, code)))


def post(player: Player, body: bytes, stamp: Stamp | None = None, **fields: str) -> Reply:
    """What is answered to an enrolment request, signed as `stamp` says (default: by the key it brings)."""
    told = {"content-type": ENROLMENT_TYPE, **{name.replace("_", "-"): value for name, value in fields.items()}}
    url = player.entry.endpoint + PATH
    return checked(
        player.wire.send("POST", PATH, stamped(stamp or Stamp(player.signer), "POST", url, told, body), body)
    )


def enrol(player: Player, invitation: str, code: ActivationCode) -> tuple[bytes, Reply]:
    """Enrol; the request and its answer. Broken unless the answer holds, as a terminal judges it."""
    body = request_of(player, invitation, code)
    reply = post(player, body)
    if (reply.status, reply.fields.get("content-type")) != (201, ENROLLED_TYPE):
        raise Broken(f"a right enrolment was answered by {reply.told()}")
    answer = _answer_in(reply)
    _take(player, answer)
    return body, reply


def _answer_in(reply: Reply) -> EnrolmentAnswer:
    try:
        return msgspec.json.decode(reply.body, type=EnrolmentAnswer)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Broken("the answer is not of enrolment-answer.schema.json") from error


def _take(player: Player, answer: EnrolmentAnswer) -> None:
    entry, pinned = player.entry, VerifyingKey.from_jwk(msgspec.to_builtins(player.entry.signing))
    if (answer.insurer, answer.device) != (entry.amc, player.signer.kid):
        raise Broken("the answer is for another insurer or terminal")
    keys = decode(pinned.verify(KEYS_TYP, answer.keys), KeySet)
    _check_keys(keys, entry.amc)
    profile = check_profile(decode(pinned.verify(PROFILE_TYP, answer.profile), Profile))
    if (profile.insurer, profile.convention) != (entry.amc, entry.convention):
        raise Broken("the profile is another insurer's or convention's")
    if len(player.shop_key.open(base64url.to_bytes(answer.pseudonym_key), PSEUDONYM_INFO)) != 32:
        raise Broken("the pseudonym key has not 32 bytes")
    check_certificate(player, answer.certificate)
    player.keys, player.profile_jws, player.shop = keys, answer.profile, answer.shop
    player.certificate = answer.certificate
    player.hang_up()


def check_certificate(player: Player, certificate: str) -> None:
    """Broken unless the certificate (PEM) is for this terminal's TLS key and names its device key."""
    pem = certificate.encode("ascii")
    own = requested_key(make_csr(player.tls_key, "x"))
    if certified_key(pem) != own or subject(pem) != player.signer.kid:
        raise Broken("the certificate is for another key, or its subject is not the device's kid")


def _check_keys(keys: KeySet, insurer: str) -> None:
    signing = [VerifyingKey.from_jwk(msgspec.to_builtins(one.jwk)).kid == one.kid for one in keys.signing]
    sealing = [SealingKey(one.suite, base64url.to_bytes(one.public)).kid == one.kid for one in keys.sealing]
    if keys.insurer != insurer or not all(signing + sealing):
        raise Broken("the key set is another insurer's, or misnames a key")
