"""§6, §7: numbers, gaps and forks, and what the insurer says of them."""

import secrets
from typing import Any, Final

import msgspec

from sync.conformance.findings import Broken
from sync.conformance.kit import Kit
from sync.conformance.player import Player, payload_of, refused
from sync.conformance.rules import each, rule
from sync.conformance.wire import Stamp
from sync.contract.envelope import GENESIS, STATE_TYP, ChainState, decode, digest
from sync.contract.exchange import EVENTS_TYPE, MAX_RECEIPTS, RECEIPTS_TYPE

_QUERIES: Final = {
    "missing": "",
    "empty": "?after=",
    "negative": "?after=-1",
    "with a zero before it": "?after=01",
    "with a sign": "?after=+1",
    "no number": "?after=x",
    "given twice": "?after=0&after=0",
    "with a claim beside it": "?after=0&claim_id=01980000-0000-7000-8000-000000000001",
    "with a person beside it": "?after=0&nir=184057599900145",
    "beyond 2^53": "?after=9007199254740992",
}


@rule(6, hostile=True)
def number_taken(kit: Kit) -> None:
    """Another dispatch under a number that is stored is 409 fork, with both digests."""
    player = kit.enrolled
    before = player.seq, player.head
    player.push()
    other = player.package(seq=before[0] + 1, prev=before[1])
    told = refused(player.put(other), "fork").json()
    if len({told.get("stored"), told.get("received"), None}) != 3:
        raise Broken("the problem does not give two digests that disagree")


@each(6, {"of zeros": GENESIS, "of another dispatch": "1" * 64})
def wrong_prev(kit: Kit, prev: str) -> None:
    """A dispatch whose prev is not the digest of the dispatch before it is 409 fork."""
    player = kit.enrolled
    if player.seq == 0:
        player.push()
    refused(player.put(player.package(prev=prev)), "fork")


@rule(6, hostile=True)
def first_number_with_a_past(kit: Kit) -> None:
    """Number 1 whose prev is not 64 zeros is 409 fork."""
    player = kit.second()
    if player.seq:
        player = kit.enrolled
    refused(player.put(player.package(seq=1, prev="1" * 64)), "fork")


@rule(6)
def gap(kit: Kit) -> None:
    """A number beyond a gap is taken; the state names what is missing, and the missing one closes the gap."""
    player = kit.enrolled
    first = player.package()
    second = _after(player, first)
    reply = player.put(second)
    if reply.status != 201:
        raise Broken(f"a number beyond a gap was answered by {reply.told()}")
    receipt = str(reply.json().get("receipt"))
    player.verify_receipt(second, receipt)
    state = _state(player)
    if (state.seq, state.head, state.missing) != (player.seq, player.head, (player.seq + 1,)):
        raise Broken("the state does not name the gap")
    refused(player.put(player.package()), "fork")
    player.took(first, str(player.put(first).json().get("receipt")))
    player.took(second, receipt)
    state = _state(player)
    if (state.seq, state.head, state.missing) != (player.seq, player.head, ()):
        raise Broken("the state does not go on beyond the closed gap")


@rule(7)
def state(kit: Kit) -> None:
    """The state is signed, and names the highest number without a gap and its dispatch's digest."""
    player = kit.enrolled
    player.push()
    found = _state(player)
    if (found.seq, found.head, found.missing) != (player.seq, player.head, ()):
        raise Broken("the state is not that of the chain that was sent")


@rule(7)
def receipts_again(kit: Kit) -> None:
    """The receipts of the chain come again as they were given, lowest number first, from any number on."""
    player = kit.enrolled
    found: list[str] = []
    while len(page := _receipts(player, len(found))) == MAX_RECEIPTS:
        found += page
    if found + page != player.receipts:
        raise Broken("the receipts are not those that were given, in their order")
    if _receipts(player, player.seq - 1) != player.receipts[-1:] or _receipts(player, player.seq):
        raise Broken("the receipts do not begin after the number that was asked")


@rule(7, hostile=True)
def receipts_of_another_terminal(kit: Kit) -> None:
    """A terminal is given its own receipts and state, and nothing of another's."""
    player, other = kit.enrolled, kit.second()
    other.push()
    player.push()
    if set(_receipts(other, 0)) & set(player.receipts) or _state(other).head == player.head:
        raise Broken("what is another terminal's was told")


@each(9, _QUERIES)
def receipts_query(kit: Kit, query: str) -> None:
    """A question for receipts is 400 request_invalid when `after` is."""
    refused(kit.enrolled.read("/v1/receipts" + query), "request_invalid")


@each(17, _QUERIES)
def events_query(kit: Kit, query: str) -> None:
    """A question for events is 400 request_invalid when `after` is."""
    refused(kit.enrolled.read("/v1/events" + query), "request_invalid")


@rule(17)
def events(kit: Kit) -> None:
    """Events are a list of signed texts; a terminal that just enrolled may have none."""
    reply = kit.enrolled.read("/v1/events?after=0")
    found = reply.json().get("events")
    if (reply.status, reply.fields.get("content-type")) != (200, EVENTS_TYPE) or not isinstance(found, list):
        raise Broken(f"the events were answered by {reply.told()}")
    if not all(isinstance(one, str) and one.count(".") == 2 for one in found):
        raise Broken("an event that is no JWS")


def _after(player: Player, package: bytes) -> bytes:
    """The package that follows one which was not sent yet."""
    signed = str(msgspec.json.decode(package)["dispatch"])
    return player.package(seq=player.seq + 2, prev=digest(signed.encode("ascii")))


def _state(player: Player) -> ChainState:
    nonce = secrets.token_urlsafe(16)
    reply = player.ask("GET", "/v1/state", stamp=Stamp(player.signer, nonce=nonce))
    found = decode(player.verified(STATE_TYP, reply.json().get("state")), ChainState)
    if (found.insurer, found.device) != (player.entry.amc, player.signer.kid):
        raise Broken("the state is another chain's")
    if found.nonce not in (None, nonce):
        raise Broken("the state answers another request")
    return found


def _receipts(player: Player, after: int) -> list[str]:
    reply = player.read(f"/v1/receipts?after={after}")
    found: Any = reply.json().get("receipts")
    if (reply.status, reply.fields.get("content-type")) != (200, RECEIPTS_TYPE) or not isinstance(found, list):
        raise Broken(f"the receipts were answered by {reply.told()}")
    numbers = [msgspec.json.decode(payload_of(one))["seq"] for one in found]
    if numbers != sorted(numbers) or any(number <= after for number in numbers):
        raise Broken("receipts out of order, or of numbers that were not asked for")
    return found
