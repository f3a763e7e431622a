"""§9, §13: batches, compressed or not, whole or with something wrong inside."""

import gzip
from collections.abc import Callable
from typing import Any, Final

import msgspec

from sync.conformance.findings import Broken
from sync.conformance.kit import Kit
from sync.conformance.player import Player, claim_of, refused
from sync.conformance.rules import each, rule
from sync.contract.envelope import digest
from sync.contract.exchange import MAX_BATCH, MAX_BATCH_BYTES, RESULTS_TYPE, join_batch

_FRAMES: Final[dict[str, Callable[[bytes], bytes]]] = {
    "no packages": lambda _package: b'{"packages":[]}',
    "no member": lambda _package: b"{}",
    "101 packages": lambda package: b'{"packages":[' + b",".join([package] * (MAX_BATCH + 1)) + b"]}",
    "a space": lambda package: b'{"packages": [' + package + b"]}",
    "a repeated member": lambda package: b'{"packages":[' + package + b'],"packages":[' + package + b"]}",
    "an unknown member": lambda package: b'{"packages":[' + package + b'],"zeal":1}',
    "no list": lambda package: b'{"packages":' + package + b"}",
    "half of it": lambda package: join_batch((package,))[:-20],
    "deep nesting": lambda _package: b"[" * 100_000,
}
_CODINGS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "that is none": lambda body: body,
    "cut short": lambda body: gzip.compress(body)[:-8],
    "with something after it": lambda body: gzip.compress(body) + b"more",
    "of two members": lambda body: gzip.compress(body[:100]) + gzip.compress(body[100:]),
    "with a wrong sum": lambda body: gzip.compress(body)[:-8] + b"\x00" * 8,
}


@each(9, {"plain": False, "gzip": True}, hostile=False)
def batch(kit: Kit, packed: bool) -> None:  # noqa: FBT001 - a variant of the rule
    """A batch has one result a package, in order, each with its receipt, and known ones with the same."""
    player = kit.enrolled
    known, receipt = player.push(), player.receipts[-1]
    packages = _chained(player, 3)
    results = _results(player, (known, *packages), packed=packed)
    if (results[0].get("status"), results[0].get("receipt")) != (200, receipt):
        raise Broken("a known package in a batch has another result than alone")
    for package, result in zip(packages, results[1:], strict=True):
        if result.get("status") != 201:
            raise Broken(f"a right package in a batch has the status {result.get('status')}")
        player.took(package, str(result.get("receipt")))


@each(9, _FRAMES)
def batch_framed(kit: Kit, frame: Callable[[bytes], bytes]) -> None:
    """A batch is 400 request_invalid as a whole when its frame has."""
    player = kit.enrolled
    refused(player.post_batch(frame(player.package())), "request_invalid")


@each(9, {"a space": (b'{"dispatch"', b'{ "dispatch"'), "invalid UTF-8": (b'"v":1', b'"v":"\xff"')})
def package_spelled_in_a_batch(kit: Kit, spoilt: tuple[bytes, bytes]) -> None:
    """A package in other bytes than its canonical ones is refused, alone or with its batch, when it has."""
    player = kit.enrolled
    body = join_batch((player.package(),)).replace(*spoilt, 1)
    reply = player.post_batch(body)
    if reply.status == 200:
        (result,) = reply.json()["results"]
        if (result.get("status"), result.get("problem", {}).get("code")) != (422, "package_invalid"):
            raise Broken(f"a package in other bytes has the status {result.get('status')}")
    else:
        refused(reply, "request_invalid")


@each(9, _CODINGS)
def gzip_batch(kit: Kit, pack: Callable[[bytes], bytes]) -> None:
    """A gzip batch is 400 request_invalid when it is one."""
    player = kit.enrolled
    body = pack(join_batch((player.package(),)))
    refused(player.post_batch(body, content_encoding="gzip"), "request_invalid")


@rule(13, hostile=True)
def compressed_bomb(kit: Kit) -> None:
    """A small gzip body that unfolds to 64 MiB is 413 too_large."""
    player = kit.enrolled
    bomb = gzip.compress(bytes(64 * 1024 * 1024), 9)
    refused(player.post_batch(bomb, content_encoding="gzip"), "too_large")
    player.hang_up()


@each(9, {"zstd": "zstd", "deflate": "deflate", "gzip twice": "gzip, gzip", "identity": "identity"})
def batch_coding(kit: Kit, coding: str) -> None:
    """A batch with another content coding than gzip is 415."""
    player = kit.enrolled
    body = join_batch((player.package(),))
    refused(player.post_batch(body, content_encoding=coding), "media_type_unsupported")
    player.hang_up()


@rule(13, hostile=True)
def batch_too_large(kit: Kit) -> None:
    """A batch announced as larger than the limit is 413."""
    player = kit.enrolled
    refused(player.post_batch(b"", content_length=str(MAX_BATCH_BYTES + 1)), "too_large")
    player.hang_up()


@rule(9, hostile=True)
def batch_of_another_media_type(kit: Kit) -> None:
    """A batch of another media type is 415."""
    player = kit.enrolled
    body = join_batch((player.package(),))
    refused(player.post_batch(body, content_type="application/json"), "media_type_unsupported")
    player.hang_up()


@rule(9, hostile=True)
def one_bad_package_among_good_ones(kit: Kit) -> None:
    """In a batch each package is judged alone: the bad one is refused in writing, the others are taken."""
    player = kit.enrolled
    good = _chained(player, 2)
    envelope = player.envelope()
    bad = player.package(msgspec.structs.replace(envelope, recipient="A" * 43), seq=player.seq + 9, prev="1" * 64)
    unread = b'{"dispatch":"a.b.c"}'
    results = _results(player, (good[0], bad, unread, good[1]))
    if [one.get("status") for one in results] != [201, 422, 422, 201]:
        raise Broken("the results of a mixed batch are not one each")
    player.verify_refusal(bad, results[1]["problem"])
    if (results[1].get("claim_id"), results[2]["problem"].get("code")) != (claim_of(bad), "package_invalid"):
        raise Broken("a refused result does not say what it is about")
    for package, result in ((good[0], results[0]), (good[1], results[3])):
        player.took(package, str(result.get("receipt")))


@rule(9, hostile=True)
def what_follows_a_fork(kit: Kit) -> None:
    """In a batch, every package after a fork is a fork too and not stored; one stored before keeps its receipt."""
    player = kit.enrolled
    known, receipt = player.push(), player.receipts[-1]
    fork = player.package(seq=player.seq, prev="1" * 64)
    *results, stored = _results(player, (fork, *_chained(player, 2), known))
    if (stored.get("status"), stored.get("receipt")) != (200, receipt):
        raise Broken(f"a stored package after a fork has the status {stored.get('status')}")
    codes = [one.get("problem", {}).get("code") for one in results]
    if codes != ["fork"] * 3:
        raise Broken(f"after a fork came {', '.join(str(code) for code in codes)}")


def _chained(player: Player, count: int) -> list[bytes]:
    """The next packages of the chain, each continuing the one before."""
    made: list[bytes] = []
    seq, head = player.seq, player.head
    for _ in range(count):
        seq += 1
        made.append(player.package(seq=seq, prev=head))
        head = digest(str(msgspec.json.decode(made[-1])["dispatch"]).encode("ascii"))
    return made


def _results(player: Player, packages: tuple[bytes, ...], *, packed: bool = False) -> list[dict[str, Any]]:
    body = join_batch(packages)
    reply = player.post_batch(gzip.compress(body), content_encoding="gzip") if packed else player.post_batch(body)
    results = reply.json().get("results")
    if (reply.status, reply.fields.get("content-type")) != (200, RESULTS_TYPE) or not isinstance(results, list):
        raise Broken(f"a batch was answered by {reply.told()}")
    if len(results) != len(packages):
        raise Broken("a batch has not one result a package")
    return results
