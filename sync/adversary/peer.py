"""A simulated insurer as the engine sees it: no network, the same faults.

Rules: what a mode does not touch is right; a fault of the line is raised after as much was filed as would have arrived.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from sync.adversary.insurer import Mode, SimulatedInsurer
from sync.contract.envelope import ChainState
from sync.crypto.signing import SigningKey, VerifyingKey
from sync.errors import InsurerRefused, InsurerUnreachable, InsurerUntrusted
from sync.peer import PushResult

ASKED_SECONDS: Final = 120
_REFUSING: Final = frozenset({"refuses", "refuses_unsigned", "refuses_forged"})
_FALSE_RECEIPTS: Final[Mapping[Mode, Callable[[SimulatedInsurer, bytes], str]]] = {
    "forged": lambda insurer, package: insurer.changed_receipt(package, insurer.stranger),
    "of_another_claim": lambda insurer, package: insurer.changed_receipt(
        package, claim_id="01890a5d-ac96-774b-8000-00000000ffff"
    ),
    "of_another_number": lambda insurer, package: insurer.changed_receipt(
        package, seq=insurer.receipt_for(package).seq + 1
    ),
    "of_another_device": lambda insurer, package: insurer.changed_receipt(package, device="E" * 43),
    "of_other_bytes": lambda insurer, package: insurer.changed_receipt(package, envelope="c" * 64),
    "nonsense": lambda _insurer, _package: "a.b.c",
}


class SimulatedPeer:
    """A line to a simulated insurer."""

    def __init__(self, insurer: SimulatedInsurer, signer: SigningKey) -> None:
        self.insurer = insurer
        self.signer = signer
        self.pushes: list[list[str]] = []

    @property
    def verifiers(self) -> Sequence[VerifyingKey]:
        """The one key whose receipts count."""
        return (self.insurer.key.public,)

    def push(self, packages: Sequence[bytes]) -> list[PushResult]:
        """One result each, as the mode has it; the errors of a line."""
        self._line()
        self.pushes.append([self.insurer.told(package).claim_id for package in packages])
        if self.insurer.mode == "cut_in_the_middle":
            packages = packages[: (len(packages) + 1) // 2]
        results = [self._answer(package) for package in packages]
        if self.insurer.mode in ("reply_lost", "cut_in_the_middle"):
            raise InsurerUnreachable("the answer was lost")
        return self._swapped(results) if self.insurer.mode == "swapped" else results

    def state(self) -> ChainState:
        """Where the chain stands."""
        self._line()
        return self.insurer.state()

    def receipts(self, after: int) -> list[str]:
        """The receipts above a number."""
        self._line()
        return self.insurer.receipts(after)

    def events(self, after: int) -> tuple[str, ...]:
        """The events after a number."""
        self._line()
        return self.insurer.events_after(after)

    def log_file(self, path: str) -> bytes:
        """There is no log."""
        raise InsurerRefused("no log", problem="not_found", status=404, path=path)

    def _line(self) -> None:
        mode = self.insurer.mode
        if mode == "down":
            raise InsurerUnreachable("down")
        if mode == "untrusted":
            raise InsurerUntrusted("another certificate")
        if mode == "busy":
            raise InsurerRefused("later", problem="unavailable", status=503, retry_after=ASKED_SECONDS)

    def _answer(self, package: bytes) -> PushResult:
        insurer, claim_id = self.insurer, self.insurer.told(package).claim_id
        if insurer.mode == "no_receipt":
            return PushResult(claim_id, 200)
        if insurer.mode in _FALSE_RECEIPTS:
            return PushResult(claim_id, 201, _FALSE_RECEIPTS[insurer.mode](insurer, package))
        if insurer.mode in _REFUSING and claim_id not in insurer.filed:
            return self._refusal(package, claim_id)
        filed, status = insurer.file(package)
        if filed is None:
            return PushResult(claim_id, status, problem="fork")
        return PushResult(claim_id, status, filed.receipt)

    def _refusal(self, package: bytes, claim_id: str) -> PushResult:
        insurer = self.insurer
        if insurer.mode == "refuses_unsigned":
            return PushResult(claim_id, 422, problem="package_invalid")
        if insurer.mode == "refuses":
            insurer.refused.add(claim_id)
        signed = insurer.refusal(package, insurer.stranger if insurer.mode == "refuses_forged" else None)
        return PushResult(claim_id, 422, problem="package_invalid", refusal=signed)

    @staticmethod
    def _swapped(results: list[PushResult]) -> list[PushResult]:
        receipts = [result.receipt for result in results]
        turned = receipts[1:] + receipts[:1]
        return [PushResult(one.claim_id, one.status, receipt) for one, receipt in zip(results, turned, strict=True)]
