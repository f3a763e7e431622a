"""§10: what a letter gives, and to whom it gives nothing. What is malformed comes first and spends no letter."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from sync.conformance.enrolling import check_certificate, post, request_of
from sync.conformance.findings import Broken
from sync.conformance.kit import Kit
from sync.conformance.player import Player, refused
from sync.conformance.rules import each, rule
from sync.conformance.wire import Stamp
from sync.contract.activation import ActivationCode, new_invitation
from sync.contract.enrolment import ENROLMENT_SCHEMA
from sync.contract.envelope import encode
from sync.contract.exchange import MAX_ENROLMENT_BYTES, RENEWAL_TYPE
from sync.contract.renewal import RENEWAL_SCHEMA, RenewalAnswer, RenewalRequest
from sync.crypto.certificates import make_csr
from sync.crypto.signing import SigningKey

Change = Callable[[dict[str, Any]], dict[str, Any]]

_SPOILT: Final[dict[str, Callable[[bytes], bytes]]] = {
    "not JSON": lambda body: body[:-1],
    "a space more": lambda body: body.replace(b'"insurer":', b'"insurer": ', 1),
    "an unknown member": lambda body: body[:-1] + b',"zeal":1}',
    "a repeated member": lambda body: body[:-1] + b',"insurer":"99999999"}',
    "invalid UTF-8": lambda body: body.replace(b'"insurer":"', b'"insurer":"\xff', 1),
    "another schema": lambda body: body.replace(ENROLMENT_SCHEMA.encode(), b"comptoir/enrolment/v9"),
    "deep nesting": lambda _body: b"[" * 10_000,
}
_CHANGED: Final[dict[str, Change]] = {
    "for another insurer": lambda offer: {**offer, "insurer": "11111111"},
    "a sealing kid of another key": lambda offer: {**offer, "sealing": {**offer["sealing"], "kid": "A" * 43}},
    "a public key of the wrong length": lambda offer: {
        **offer,
        "sealing": {**offer["sealing"], "suite": "x25519-hkdfsha256-aes256gcm"},
    },
    "a point that is on no curve": lambda offer: {**offer, "signing": {**offer["signing"], "y": "A" * 43}},
    "a certificate request that is none": lambda offer: {
        **offer,
        "certificate_request": "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
    },
    "a certificate request signed by another key": lambda offer: {
        **offer,
        "certificate_request": _spoilt_csr(offer["certificate_request"]),
    },
}


@each(10, _SPOILT)
def malformed_enrolment(kit: Kit, spoil: Callable[[bytes], bytes]) -> None:
    """An enrolment request that is not canonical and of the schema is 400 request_invalid."""
    body = spoil(request_of(kit.first, kit.letter.invitation, kit.letter.code))
    refused(post(kit.first, body), "request_invalid")


@each(10, _CHANGED)
def wrong_offer(kit: Kit, change: Change) -> None:
    """An offer whose keys do not hold is 400 request_invalid, and does not spend the letter."""
    stamp = Stamp(kit.first.signer)
    body = request_of(kit.first, kit.letter.invitation, kit.letter.code, change)
    refused(post(kit.first, body, stamp), "request_invalid", "signature_invalid")


@rule(10, hostile=True)
def enrolment_of_another_media_type(kit: Kit) -> None:
    """An enrolment of another media type is 415."""
    body = request_of(kit.first, kit.letter.invitation, kit.letter.code)
    refused(post(kit.first, body, content_type="application/json"), "media_type_unsupported")
    kit.first.hang_up()


@rule(10, hostile=True)
def compressed_enrolment(kit: Kit) -> None:
    """An enrolment with a content coding is 415."""
    body = request_of(kit.first, kit.letter.invitation, kit.letter.code)
    refused(post(kit.first, body, content_encoding="gzip"), "media_type_unsupported")
    kit.first.hang_up()


@rule(13, hostile=True)
def enrolment_too_large(kit: Kit) -> None:
    """An enrolment announced as larger than the limit is 413."""
    reply = post(kit.first, b"", content_length=str(MAX_ENROLMENT_BYTES + 1))
    refused(reply, "too_large")
    kit.first.hang_up()


@rule(10, hostile=True)
def unsigned_enrolment(kit: Kit) -> None:
    """An enrolment signed by another key than the one it brings is 401."""
    body = request_of(kit.first, kit.letter.invitation, kit.letter.code)
    refused(post(kit.first, body, Stamp(SigningKey.generate())), "signature_invalid")


@rule(10, hostile=True)
def unknown_invitation(kit: Kit) -> None:
    """An invitation that nobody posted is 403 activation_refused."""
    body = request_of(kit.first, new_invitation(), kit.letter.code)
    refused(post(kit.first, body), "activation_refused")


@rule(10, hostile=True)
def wrong_activation_code(kit: Kit) -> None:
    """A proof made with another code is 403 activation_refused, as for an unknown invitation."""
    body = request_of(kit.first, kit.letter.invitation, ActivationCode.generate())
    refused(post(kit.first, body), "activation_refused")


@rule(10)
def enrolment(kit: Kit) -> None:
    """A right enrolment is 201 with certificate, keys, profile and pseudonym key that hold; asked again, the same."""
    body, first = kit.enrol()
    stranger = Player(kit.first.entry, signer=kit.first.signer)
    again = post(stranger, body)
    stranger.hang_up()
    if (again.status, again.json()) != (201, first.json()):
        raise Broken(f"the same request again was answered otherwise: {again.told()}")


@rule(10, hostile=True)
def letter_used_twice(kit: Kit) -> None:
    """A used letter is 410 invitation_closed for any other request."""
    stranger = Player(kit.enrolled.entry)
    reply = post(stranger, request_of(stranger, kit.letter.invitation, kit.letter.code))
    stranger.hang_up()
    refused(reply, "invitation_closed")


@rule(10, hostile=True)
def guesses_lock_the_letter(kit: Kit) -> None:
    """Five wrong proofs lock an invitation: afterwards the right code is 410 invitation_closed."""
    letter = kit.guessed()
    stranger = Player(letter.entry)
    for _ in range(5):
        body = request_of(stranger, letter.invitation, ActivationCode.generate())
        refused(post(stranger, body), "activation_refused")
    reply = post(stranger, request_of(stranger, letter.invitation, letter.code))
    stranger.hang_up()
    refused(reply, "invitation_closed")


@rule(10)
def renewal(kit: Kit) -> None:
    """A renewal is 201 with a certificate for the same terminal; asked again for the same key, 200 with that one."""
    player = kit.enrolled
    first, again = _renew(player), _renew(player)
    if (first[0], again) != (201, (200, first[1])):
        raise Broken("a renewal asked for again has another answer")
    check_certificate(player, first[1])


@rule(10, hostile=True)
def renewal_for_another_insurer(kit: Kit) -> None:
    """A renewal that names another insurer, or has an unknown member, is 400."""
    player = kit.enrolled
    body = _renewal_of(player, insurer="11111111")
    fields = {"content-type": RENEWAL_TYPE}
    refused(player.ask("POST", "/v1/certificates", fields, body), "request_invalid")
    body = _renewal_of(player)[:-1] + b',"zeal":1}'
    refused(player.ask("POST", "/v1/certificates", fields, body), "request_invalid")


def _renew(player: Player) -> tuple[int, str]:
    reply = player.ask("POST", "/v1/certificates", {"content-type": RENEWAL_TYPE}, _renewal_of(player))
    if reply.status not in (200, 201):
        raise Broken(f"a renewal was answered by {reply.told()}")
    return reply.status, msgspec.json.decode(reply.body, type=RenewalAnswer).certificate


def _renewal_of(player: Player, insurer: str | None = None) -> bytes:
    csr = make_csr(player.tls_key, "anything").decode("ascii")
    named = insurer or player.entry.amc
    return encode(RenewalRequest(schema=RENEWAL_SCHEMA, insurer=named, certificate_request=csr))


def _spoilt_csr(pem: str) -> str:
    """The request with the last symbol of its signature exchanged."""
    lines = pem.strip().splitlines()
    body = lines[-2].rstrip("=")
    place = len(body) - 3
    other = "A" if body[place] != "A" else "B"
    lines[-2] = lines[-2][:place] + other + lines[-2][place + 1 :]
    return "\n".join(lines) + "\n"
