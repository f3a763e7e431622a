"""An insurer in memory that keeps the contract, until it is told how to break it.

Rules: what it files it files as a true intake does (gaps taken, the same bytes get the same receipt, a contradiction is
a conflict), and it keeps account: `filed` is every effect in order, `broken` every contradiction that a terminal
without a twin never causes. A mode changes what it answers, never its account: the account is what a judge goes by.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec

from sync.contract.envelope import (
    DISPATCH_TYP,
    GENESIS,
    RECEIPT_TYP,
    REFUSAL_TYP,
    ChainState,
    ClaimRefusal,
    Dispatch,
    Package,
    Receipt,
    decode,
    digest,
    encode,
)
from sync.contract.events import EVENT_TYP, Event
from sync.contract.exchange import MAX_EVENTS
from sync.crypto.signing import SigningKey, VerifyingKey

Mode = Literal[
    "honest",
    "down",
    "reply_lost",
    "cut_in_the_middle",
    "busy",
    "untrusted",
    "forged",
    "of_another_claim",
    "of_another_number",
    "of_another_device",
    "of_other_bytes",
    "no_receipt",
    "swapped",
    "nonsense",
    "state_ahead",
    "state_elsewhere",
    "refuses",
    "refuses_unsigned",
    "refuses_forged",
    "events_replayed",
    "events_out_of_order",
    "events_forged",
]
MODES: Final[tuple[Mode, ...]] = Mode.__args__  # type: ignore[attr-defined]  # the members of a Literal


@dataclass(frozen=True)
class Filed:
    """A claim that this insurer has: one effect."""

    claim_id: str
    seq: int
    prev: str
    dispatch: str
    package: bytes = field(repr=False)
    envelope: bytes = field(repr=False)
    receipt: str = field(repr=False)


class SimulatedInsurer:
    """One insurer and its account of one terminal; `after`: number and digest of the dispatch that it goes on from."""

    def __init__(
        self, amc: str, device: VerifyingKey, key: SigningKey | None = None, after: tuple[int, str] = (0, GENESIS)
    ) -> None:
        self._after = after
        self.amc, self.device = amc, device
        self.key = key or SigningKey.generate()
        self.stranger = SigningKey.generate()
        self.mode: Mode = "honest"
        self.filed: dict[str, Filed] = {}
        self.refused: set[str] = set()
        self.broken: list[str] = []
        self.events: list[str] = []
        self._by_number: dict[int, Filed] = {}
        self._told: dict[bytes, Dispatch] = {}

    def file(self, package: bytes) -> tuple[Filed | None, int]:
        """File a package, or find that it contradicts what is filed: None and 409."""
        opened = decode(package, Package)
        told = self.told(package)
        known = self.filed.get(told.claim_id)
        if known is not None:
            if known.package == package:
                return known, 200
            return self._breaks(f"other bytes for {told.claim_id}")
        own = digest(opened.dispatch.encode("ascii"))
        if told.envelope != digest(encode(opened.envelope)) or not self._fits(told, own):
            return self._breaks(f"{told.claim_id} does not continue the chain at {told.seq}")
        receipt = self.key.sign(RECEIPT_TYP, encode(self.receipt_for(package)))
        made = Filed(told.claim_id, told.seq, told.prev, own, package, encode(opened.envelope), receipt)
        self.filed[told.claim_id] = self._by_number[told.seq] = made
        return made, 201

    def told(self, package: bytes) -> Dispatch:
        """The dispatch of a package, its signature verified."""
        if package not in self._told:
            signed = decode(package, Package).dispatch
            self._told[package] = decode(self.device.verify(DISPATCH_TYP, signed), Dispatch)
        return self._told[package]

    def receipt_for(self, package: bytes) -> Receipt:
        """What a right receipt for a package says."""
        told = self.told(package)
        return Receipt(
            schema="comptoir/receipt/v1",
            claim_id=told.claim_id,
            insurer=told.insurer,
            device=told.device,
            seq=told.seq,
            envelope=told.envelope,
            dispatch=digest(decode(package, Package).dispatch.encode("ascii")),
            received_at="2026-11-22T09:00:00Z",
            state="acknowledged",
        )

    def state(self) -> ChainState:
        """Where the chain stands, or stands in the story that a mode tells."""
        seq = self._contiguous()
        head = self._by_number[seq].dispatch if seq > self._after[0] else self._after[1]
        if self.mode == "state_ahead":
            seq, head = seq + 7, "a" * 64
        if self.mode == "state_elsewhere" and seq:
            head = "b" * 64
        missing = tuple(n for n in range(seq + 1, max(self._by_number, default=0)) if n not in self._by_number)
        return ChainState(
            schema="comptoir/state/v1", insurer=self.amc, device=self.device.kid, seq=seq, head=head, missing=missing
        )

    def receipts(self, after: int) -> list[str]:
        """The receipts above a number, lowest first."""
        return [self._by_number[number].receipt for number in sorted(self._by_number) if number > after]

    def say(self) -> None:
        """One more event for the terminal; what it holds nobody opens here."""
        prev = digest(self.events[-1].encode("ascii")) if self.events else GENESIS
        self.events.append(self.event(len(self.events) + 1, prev))

    def event(self, seq: int, prev: str, key: SigningKey | None = None) -> str:
        """An event (JWS) at some place of the chain, signed by this insurer or by another key."""
        event = Event(
            schema="comptoir/event/v1",
            insurer=self.amc,
            device=self.device.kid,
            seq=seq,
            prev=prev,
            recipient="R" * 43,
            suite="xwing-hkdfsha256-aes256gcm",
            bucket=1024,
            sealed=f"{seq:x}".rjust(64, "0"),
        )
        return (key or self.key).sign(EVENT_TYP, encode(event))

    def events_after(self, after: int) -> tuple[str, ...]:
        """What a terminal gets that asks for events: the next ones, or what a mode gives instead."""
        if self.mode == "events_replayed":
            return tuple(self.events[:MAX_EVENTS])
        following = self.events[after : after + MAX_EVENTS]
        if self.mode == "events_out_of_order":
            following = following[::-1] if len(following) > 1 else self.events[after + 1 :]
        if self.mode == "events_forged":
            prev = digest(self.events[after - 1].encode("ascii")) if after else GENESIS
            following = [self.event(after + 1, prev, self.stranger)]
        return tuple(following)

    def changed_receipt(self, package: bytes, key: SigningKey | None = None, **changed: object) -> str:
        """A receipt for a package, some members changed, signed by this insurer or by another key."""
        receipt = msgspec.structs.replace(self.receipt_for(package), **changed)
        return (key or self.key).sign(RECEIPT_TYP, encode(receipt))

    def refusal(self, package: bytes, key: SigningKey | None = None) -> str:
        """A refusal (JWS) of a package, signed by this insurer or by another key."""
        told = self.told(package)
        refusal = ClaimRefusal(
            schema="comptoir/refusal/v1",
            claim_id=told.claim_id,
            insurer=told.insurer,
            device=told.device,
            envelope=told.envelope,
            dispatch=digest(decode(package, Package).dispatch.encode("ascii")),
            refused_at="2026-11-22T09:00:00Z",
            code="package_invalid",
        )
        return (key or self.key).sign(REFUSAL_TYP, encode(refusal))

    def _breaks(self, what: str) -> tuple[None, int]:
        self.broken.append(what)
        return None, 409

    def _fits(self, told: Dispatch, own: str) -> bool:
        before, after = self._by_number.get(told.seq - 1), self._by_number.get(told.seq + 1)
        known = {1: GENESIS, self._after[0] + 1: self._after[1]}
        expected = before.dispatch if before else known.get(told.seq, told.prev)
        return told.seq not in self._by_number and told.prev == expected and (after is None or after.prev == own)

    def _contiguous(self) -> int:
        first = self._after[0]
        return next(n for n in range(first, first + len(self._by_number) + 1) if n + 1 not in self._by_number)
