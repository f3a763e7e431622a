"""§9, §11, §12, §16: what an insurer says of itself, operations that do not exist, and the log where there is one."""

from typing import Final

from sync.conformance.findings import Broken, Skipped
from sync.conformance.kit import Kit
from sync.conformance.player import Player, refused
from sync.conformance.rules import each, rule
from sync.conformance.wire import Reply, Wire
from sync.contract.envelope import KEYS_TYP, PROFILE_TYP, Package, decode, digest, encode
from sync.contract.exchange import CHECKPOINT_MEDIA, HEALTH_TYPE, KEYS_TYPE, PROFILE_TYPE
from sync.contract.keys import KeySet
from sync.contract.profile import LogTerms, Profile, check_profile
from sync.crypto.tlog import NoteKey, Policy, Quorum, checkpoint_in, read_note, verify_proof
from sync.tls import client_context

_UNKNOWN: Final = {
    "a claim looked up": ("GET", "/v1/claims/01980000-0000-7000-8000-000000000001", "method_not_allowed"),
    "claims searched": ("GET", "/v1/claims?nir=184057599900145", "not_found"),
    "a person looked up": ("GET", "/v1/members/184057599900145", "not_found"),
    "another terminal's state": ("GET", "/v1/terminals/1/state", "not_found"),
    "a version that is not there": ("GET", "/v9/state", "not_found"),
    "a claim deleted": ("DELETE", "/v1/claims/01980000-0000-7000-8000-000000000001", "method_not_allowed"),
    "a state written": ("PUT", "/v1/state", "method_not_allowed"),
}


_NO_FILES: Final = {
    "beyond the log": "tile/0/x999/999",
    "no path of a tile": "tile/9/000",
    "out of the log": "tile/../signing.key",
}


@rule(11)
def keys(kit: Kit) -> None:
    """The key set is signed by one of its signing keys and is this insurer's."""
    player = kit.enrolled
    found = decode(player.verified(KEYS_TYP, _document(player, "keys", KEYS_TYPE)), KeySet)
    if found.insurer != player.entry.amc:
        raise Broken("the key set is another insurer's")


@rule(11)
def profile(kit: Kit) -> None:
    """The profile is signed by a key of the set, and is of its schema and of this insurer and convention."""
    player = kit.enrolled
    found = check_profile(decode(player.verified(PROFILE_TYP, _document(player, "profile", PROFILE_TYPE)), Profile))
    if (found.insurer, found.convention) != (player.entry.amc, player.entry.convention):
        raise Broken("the profile is another insurer's or convention's")


@rule(9)
def health(kit: Kit) -> None:
    """Health is open to anybody: no certificate, no signature."""
    reply = _openly(kit, "/v1/health")
    if (reply.status, reply.fields.get("content-type"), reply.json()) != (200, HEALTH_TYPE, {"status": "pass"}):
        raise Broken(f"health was answered by {reply.told()}")


@each(12, _UNKNOWN)
def no_operation(kit: Kit, asked: tuple[str, str, str]) -> None:
    """There is no operation that would answer."""
    method, path, code = asked
    refused(kit.enrolled.ask(method, path), code, "not_found", "method_not_allowed")


@rule(16)
def checkpoint(kit: Kit) -> None:
    """The log's checkpoint is open to anybody and signed by the key of the profile."""
    log = _log(kit)
    reply = _openly(kit, "/log/checkpoint")
    if (reply.status, reply.fields.get("content-type")) != (200, CHECKPOINT_MEDIA):
        raise Broken(f"the checkpoint was answered by {reply.told()}")
    key = NoteKey.parse(log.key)
    note = read_note(reply.body.decode("utf-8"))
    if not note.signed_by(key) or checkpoint_in(note.text).origin != key.name:
        raise Broken("the checkpoint is not signed by the profile's log key under its name")


@rule(16)
def proof(kit: Kit) -> None:
    """A receipt comes with a proof that the log holds the envelope, or the proof comes with the same package later."""
    log, player = _log(kit), kit.enrolled
    package = player.push()
    text = player.put(package).json().get("proof")
    if text is None:
        raise Skipped("no proof yet: the log is behind, which it may be")
    quorum = Quorum(tuple(NoteKey.parse(key) for key in log.witnesses), log.quorum)
    envelope = encode(decode(package, Package).envelope)
    verify_proof(bytes.fromhex(digest(envelope)), str(text), Policy(NoteKey.parse(log.key), (quorum,)))


@each(16, _NO_FILES)
def log_file(kit: Kit, path: str) -> None:
    """A file that is not of the log is 404."""
    _log(kit)
    reply = _openly(kit, f"/log/{path}")
    if reply.status != 404:
        raise Broken(f"answered by {reply.told()}")


def _log(kit: Kit) -> LogTerms:
    player = kit.enrolled
    terms = decode(player.verified(PROFILE_TYP, player.profile_jws), Profile).log
    if terms is None:
        raise Skipped("the profile names no log: it is optional (§16)")
    return terms


def _document(player: Player, name: str, media_type: str) -> object:
    reply = player.read(f"/v1/{name}")
    if (reply.status, reply.fields.get("content-type")) != (200, media_type):
        raise Broken(f"answered by {reply.told()}")
    return reply.json().get(name)


def _openly(kit: Kit, path: str) -> Reply:
    entry = kit.first.entry
    wire = Wire(entry.endpoint, client_context(entry.authority_pem))
    reply = wire.send("GET", path, {})
    wire.close()
    return reply
