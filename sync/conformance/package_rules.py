"""§5, §6, §7, §9: one package, its receipt, and the refusal of what an insurer will never take."""

import json
from collections.abc import Callable
from typing import Any, Final

import msgspec

from sync.conformance.findings import Broken
from sync.conformance.kit import Kit
from sync.conformance.player import Player, claim_of, new_claim_id, refused
from sync.conformance.rules import each, rule
from sync.conformance.wire import Reply
from sync.contract.envelope import DISPATCH_TYP, RECEIPT_TYP, Envelope, Suite, encode
from sync.contract.exchange import MAX_PACKAGE_BYTES, RECEIPT_TYPE
from sync.crypto import base64url
from sync.crypto.sealing import X25519, XWING
from sync.crypto.signing import SigningKey


def _reordered(package: bytes) -> bytes:
    found = json.loads(package)
    return json.dumps({name: found[name] for name in ("envelope", "dispatch")}, separators=(",", ":")).encode()


_ENVELOPES: Final[dict[str, tuple[str, Callable[[Envelope], Envelope]]]] = {
    "another convention": ("routing_mismatch", lambda one: msgspec.structs.replace(one, convention="AUTRE-9")),
    "another csr": ("routing_mismatch", lambda one: msgspec.structs.replace(one, csr="AUTRE-9")),
    "an unknown recipient": ("recipient_unknown", lambda one: msgspec.structs.replace(one, recipient="A" * 43)),
    "another bucket": ("package_invalid", lambda one: msgspec.structs.replace(one, bucket=_other_bucket(one))),
    "another suite": ("package_invalid", lambda one: msgspec.structs.replace(one, suite=_other_suite(one))),
    "a seal cut short": ("package_invalid", lambda one: msgspec.structs.replace(one, sealed=one.sealed[:-4])),
    "a seal too long": ("package_invalid", lambda one: msgspec.structs.replace(one, sealed=one.sealed + "AAAA")),
}
_DISPATCHES: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "another envelope's digest": ("dispatch_invalid", {"envelope": "0" * 64}),
    "another terminal": ("dispatch_invalid", {"device": "A" * 43}),
    "another insurer": ("routing_mismatch", {"insurer": "11111111"}),
    "another claim": ("routing_mismatch", {"claim_id": "01980000-0000-7000-8000-000000000000"}),
}
_SIGNED: Final[dict[str, Callable[[Player, Envelope, bytes], bytes]]] = {
    "by another key": lambda player, envelope, said: player.pack(envelope, said, signer=SigningKey.generate()),
    "as something else": lambda player, envelope, said: player.pack(envelope, said, typ=RECEIPT_TYP),
    "over other spelling": lambda player, envelope, said: player.pack(envelope, said.replace(b'{"', b'{ "', 1)),
    "with a member more": lambda player, envelope, said: player.pack(envelope, said[:-1] + b',"zeal":1}'),
    "with number 0": lambda player, envelope, said: player.pack(envelope, _with_seq(player, said, b"0")),
    "with a fraction for a number": lambda player, envelope, said: player.pack(
        envelope, _with_seq(player, said, b"1.5")
    ),
    "with a number beyond 2^53": lambda player, envelope, said: player.pack(
        envelope, _with_seq(player, said, b"9007199254740992")
    ),
    "with alg none": lambda player, envelope, said: _unsigned(player.pack(envelope, said)),
}
_SPELLINGS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "a space": lambda raw: raw.replace(b'{"dispatch"', b'{ "dispatch"'),
    "another order": _reordered,
    "an unknown member": lambda raw: raw[:-1] + b',"more":1}',
    "an unknown member inside": lambda raw: raw[:-2] + b',"zeal":1}}',
    "a repeated member": lambda raw: raw[:-1] + b',"dispatch":"a.b.c"}',
    "a repeated member inside": lambda raw: raw[:-2] + b',"v":1}}',
    "a null": lambda raw: raw.replace(b'"device":', b'"csr":null,"device":', 1),
    "a version of 2": lambda raw: raw.replace(b'"v":1', b'"v":2'),
    "a number spelled 1.0": lambda raw: raw.replace(b'"v":1', b'"v":1.0'),
    "an escaped letter": lambda raw: raw.replace(b'"insurer"', b'"\\u0069nsurer"'),
    "half of it": lambda raw: raw[: len(raw) // 2],
    "nothing": lambda _raw: b"null",
    "deep nesting": lambda _raw: b"[" * 30_000,
    "invalid UTF-8": lambda raw: raw.replace(b'"v":1', b'"v":"\xff\xfe"'),
    "a byte order mark": lambda raw: b"\xef\xbb\xbf" + raw,
    "a line after it": lambda raw: raw + b"\n",
}


@rule(7)
def receipt(kit: Kit) -> None:
    """A right package is 201 with a signed receipt that names claim, terminal, number and both digests."""
    kit.enrolled.push()


@rule(6)
def same_package_again(kit: Kit) -> None:
    """The same bytes again are 200 with the very same receipt."""
    player = kit.enrolled
    package = player.push()
    reply = player.put(package)
    if (reply.status, reply.fields.get("content-type")) != (200, RECEIPT_TYPE):
        raise Broken(f"a known package was answered by {reply.told()}")
    if reply.json().get("receipt") != player.receipts[-1]:
        raise Broken("the same package has another receipt")


@each(7, _ENVELOPES)
def wrong_envelope(kit: Kit, variant: tuple[str, Callable[[Envelope], Envelope]]) -> None:
    """An envelope that this insurer will never take is 422, refused in writing."""
    code, change = variant
    player = kit.enrolled
    _is_refused(player, player.package(change(player.envelope())), code)


@each(7, _DISPATCHES)
def wrong_dispatch(kit: Kit, variant: tuple[str, dict[str, Any]]) -> None:
    """A dispatch that does not fit its envelope and sender is 422, refused in writing."""
    code, changed = variant
    player = kit.enrolled
    _is_refused(player, player.package(**changed), code)


@each(3, _SIGNED)
def dispatch_signed(kit: Kit, make: Callable[[Player, Envelope, bytes], bytes]) -> None:
    """A dispatch is 422 dispatch_invalid, refused in writing, when it is signed."""
    player = kit.enrolled
    envelope = player.envelope()
    _is_refused(player, make(player, envelope, encode(player.dispatch(envelope))), "dispatch_invalid")


@each(1, _SPELLINGS)
def package_spelled(kit: Kit, spoil: Callable[[bytes], bytes]) -> None:
    """A package in other bytes than its canonical ones is 422 package_invalid."""
    player = kit.enrolled
    package = player.package()
    refused(player.put(spoil(package), claim_of(package)), "package_invalid")


@rule(6, hostile=True)
def other_bytes_under_an_id(kit: Kit) -> None:
    """Another envelope under a stored claim id is 409 digest_conflict, with both envelope digests."""
    player = kit.enrolled
    claim_id = claim_of(player.push())
    _two_digests(refused(player.put(player.package(player.envelope(claim_id))), "digest_conflict"))


@rule(6, hostile=True)
def same_envelope_numbered_anew(kit: Kit) -> None:
    """A stored envelope under another dispatch is 409 fork."""
    player = kit.enrolled
    envelope = player.envelope()
    package = player.package(envelope)
    player.took(package, str(player.put(package).json().get("receipt")))
    refused(player.put(player.package(envelope)), "fork")


@rule(6, hostile=True)
def claim_of_another_terminal(kit: Kit) -> None:
    """A claim id that another terminal used is 409 digest_conflict, and nothing of the other's is told."""
    claim_id = claim_of(kit.enrolled.push())
    other = kit.second()
    reply = refused(other.put(other.package(other.envelope(claim_id))), "digest_conflict")
    if "stored" in reply.json():
        raise Broken("the digest of another terminal's claim was told")


@rule(7, hostile=True)
def package_of_another_terminal(kit: Kit) -> None:
    """Another terminal's package, stored or not, is 422 dispatch_invalid, refused to who sent it."""
    package, other = kit.enrolled.push(), kit.second()
    _is_refused(other, package, "dispatch_invalid")


@rule(9, hostile=True)
def path_of_another_claim(kit: Kit) -> None:
    """A path that names another claim than the package is 422 routing_mismatch, and refuses no claim."""
    player = kit.enrolled
    reply = refused(player.put(player.package(), new_claim_id()), "routing_mismatch")
    if "refusal" in reply.json():
        raise Broken("a claim was refused for what is wrong with the request")


@each(9, {"none": "", "another claim's": f'"{new_claim_id()}"', "without quotes": None})
def idempotency_key(kit: Kit, key: str | None) -> None:
    """A push whose Idempotency-Key is not its claim is 400 request_invalid."""
    player = kit.enrolled
    package = player.package()
    refused(player.put(package, idempotency_key=claim_of(package) if key is None else key), "request_invalid")


@each(9, {"JSON": "application/json", "with a parameter": "application/vnd.comptoir.package.v1+json; charset=utf-8"})
def package_media_type(kit: Kit, media_type: str) -> None:
    """A package of another media type is 415."""
    player = kit.enrolled
    refused(player.put(player.package(), content_type=media_type), "media_type_unsupported")
    player.hang_up()


@rule(9, hostile=True)
def compressed_package(kit: Kit) -> None:
    """A single package with a content coding is 415."""
    player = kit.enrolled
    refused(player.put(player.package(), content_encoding="gzip"), "media_type_unsupported")
    player.hang_up()


@rule(13, hostile=True)
def package_too_large(kit: Kit) -> None:
    """A package announced as larger than the limit is 413."""
    player = kit.enrolled
    refused(player.put(player.package(), content_length=str(MAX_PACKAGE_BYTES + 1)), "too_large")
    player.hang_up()


def _is_refused(player: Player, package: bytes, code: str) -> None:
    player.verify_refusal(package, refused(player.put(package), code).json())


def _two_digests(reply: Reply) -> None:
    told = reply.json()
    if len({told.get("stored"), told.get("received"), None}) != 3:
        raise Broken("the problem does not give two digests that disagree")


def _other_bucket(envelope: Envelope) -> int:
    return 8192 if envelope.bucket != 8192 else 4096


def _other_suite(envelope: Envelope) -> Suite:
    return X25519 if envelope.suite == XWING else XWING


def _with_seq(player: Player, said: bytes, number: bytes) -> bytes:
    return said.replace(b'"seq":%d' % (player.seq + 1), b'"seq":' + number)


def _unsigned(package: bytes) -> bytes:
    """The package with a dispatch whose header says that nobody signed it."""
    found = json.loads(package)
    header = base64url.to_text(json.dumps({"alg": "none", "typ": DISPATCH_TYP}).encode())
    found["dispatch"] = f"{header}.{found['dispatch'].split('.')[1]}.AAAA"
    return json.dumps(found, sort_keys=True, separators=(",", ":")).encode()
