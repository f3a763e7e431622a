"""An insurer in this process: it numbers strictly, answers a package it knows with the same receipt, and remembers.

Rules: its memory can be made again from the marks it wrote when it received something, because an insurer is another
machine: the power cut at the counter takes nothing from it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sync.contract.envelope import (
    DISPATCH_TYP,
    GENESIS,
    RECEIPT_TYP,
    ChainState,
    Dispatch,
    Package,
    Receipt,
    decode,
    digest,
    encode,
)
from sync.crypto.signing import SigningKey, VerifyingKey
from sync.errors import InsurerUnreachable
from sync.peer import PushResult
from tests.tui.real_shop import AMC as INSURER


@dataclass(frozen=True)
class Received:
    """A package that reached the insurer: the claim, its number, the digest of the package and of its dispatch."""

    claim_id: str
    seq: int
    package: str
    dispatch: str


class Insurer:
    """A peer of the engine. `wrong` lists what a true insurer would call a fork or a conflict."""

    def __init__(
        self,
        signing: SigningKey,
        device: SigningKey,
        known: Iterable[Received] = (),
        told: Callable[[Received], None] = lambda _received: None,
    ) -> None:
        self.signer = device
        self.wrong: list[str] = []
        self.loses_replies = False
        self._signing, self._told = signing, told
        self._known: dict[str, Received] = {}
        self._last, self._head = 0, GENESIS
        for received in known:
            self._keep(received)

    @property
    def verifiers(self) -> Sequence[VerifyingKey]:
        """The key its receipts are signed with."""
        return (self._signing.public,)

    @property
    def claims(self) -> frozenset[str]:
        """The claims it has: each is one effect."""
        return frozenset(self._known)

    def push(self, packages: Sequence[bytes]) -> list[PushResult]:
        """A receipt for each; or nothing, when the reply is lost on the way back."""
        results = [self.receive(package) for package in packages]
        if self.loses_replies:
            raise InsurerUnreachable("the reply was lost")
        return results

    def state(self) -> ChainState:
        """Where its side of the chain stands."""
        kid = self.signer.kid
        return ChainState(schema="comptoir/state/v1", insurer=INSURER, device=kid, seq=self._last, head=self._head)

    def log_file(self, path: str) -> bytes:
        """This insurer has no log."""
        raise InsurerUnreachable("no log", path=path)

    def receipts(self, _after: int) -> list[str]:
        """No chain is settled anew here."""
        raise InsurerUnreachable("not answered here")

    def receive(self, package: bytes) -> PushResult:
        """Take one package in."""
        opened = decode(package, Package)
        told = decode(self.signer.public.verify(DISPATCH_TYP, opened.dispatch), Dispatch)
        received = Received(told.claim_id, told.seq, digest(package), digest(opened.dispatch.encode("ascii")))
        status = self._number(told, received)
        return PushResult(
            told.claim_id, status, receipt=self._signing.sign(RECEIPT_TYP, encode(_receipt(told, received)))
        )

    def _number(self, told: Dispatch, received: Received) -> int:
        known = self._known.get(told.claim_id)
        if known is not None:
            if known != received:
                self.wrong.append(f"other bytes for claim {told.claim_id}")
            self._told(received)
            return 200
        if (told.seq, told.prev) != (self._last + 1, self._head):
            self.wrong.append(f"claim {told.claim_id} does not continue the chain")
        self._keep(received)
        self._told(received)
        return 201

    def _keep(self, received: Received) -> None:
        if received.claim_id not in self._known:
            self._known[received.claim_id] = received
            self._last, self._head = received.seq, received.dispatch


def _receipt(told: Dispatch, received: Received) -> Receipt:
    return Receipt(
        schema="comptoir/receipt/v1",
        claim_id=told.claim_id,
        insurer=told.insurer,
        device=told.device,
        seq=told.seq,
        envelope=told.envelope,
        dispatch=received.dispatch,
        received_at="2026-11-22T09:00:00Z",
        state="acknowledged",
    )
