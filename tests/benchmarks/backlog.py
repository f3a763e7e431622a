"""How long a terminal needs to start, to check itself and to drain, with many claims waiting (promise P7).

Rules: a real home with real sealed claims; the insurer is in this process and signs true receipts at once, so what is
measured is this side alone: no network, no other disk.
"""

import random
import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import TypeVar

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
from sync.engine import drain
from sync.errors import InsurerUnreachable
from sync.home import OpenHome, create_home, open_home
from sync.peer import PushResult
from tests.benchmarks.sample import INSURER, NOW, SealedClaims

T = TypeVar("T")


class SigningInsurer:
    """A peer that answers each package with its receipt."""

    def __init__(self, signer: SigningKey) -> None:
        self.signer = signer
        self._own = SigningKey.generate()

    @property
    def verifiers(self) -> Sequence[VerifyingKey]:
        """The key its receipts are signed with."""
        return (self._own.public,)

    def log_file(self, path: str) -> bytes:
        """This insurer has no log."""
        raise InsurerUnreachable("no log", path=path)

    def push(self, packages: Sequence[bytes]) -> list[PushResult]:
        """A receipt for each."""
        return [self._received(decode(package, Package)) for package in packages]

    def state(self) -> ChainState:
        """Nothing was received before."""
        kid = self.signer.kid
        return ChainState(schema="comptoir/state/v1", insurer=INSURER, device=kid, seq=0, head=GENESIS)

    def receipts(self, after: int) -> list[str]:
        """None yet, above whatever number."""
        return [str(after)][:0]

    def _received(self, package: Package) -> PushResult:
        told = decode(self.signer.public.verify(DISPATCH_TYP, package.dispatch), Dispatch)
        receipt = Receipt(
            schema="comptoir/receipt/v1",
            claim_id=told.claim_id,
            insurer=told.insurer,
            device=told.device,
            seq=told.seq,
            envelope=told.envelope,
            dispatch=digest(package.dispatch.encode("ascii")),
            received_at="2026-11-23T09:00:00Z",
            state="acknowledged",
        )
        return PushResult(told.claim_id, 201, receipt=self._own.sign(RECEIPT_TYP, encode(receipt)))


def measure(parent: Path, count: int) -> dict[str, float]:
    """Seconds to open, to check and to drain a home in which `count` claims wait."""
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        home = Path(folder, "home")
        _fill(home, count)
        opened, start = _timed(lambda: open_home(home))
        with opened:
            _, agree = _timed(opened.outbox.reconcile)
            _, check = _timed(opened.check)
            drained, drain_seconds = _timed(lambda: _drain(opened))
    if drained != count:
        raise RuntimeError(f"{drained} of {count} claims were settled")
    return {"claims": count, "start_seconds": start + agree, "check_seconds": check, "drain_seconds": drain_seconds}


def _fill(home: Path, count: int) -> None:
    with create_home(home) as made:
        claims = SealedClaims(made.signer)
        for _ in range(count):
            made.outbox.enqueue(claims.entry())


def _drain(home: OpenHome) -> int:
    insurer = SigningInsurer(home.signer)
    return drain(home.outbox, lambda _: insurer, _later, random.Random(0)).acknowledged


def _later() -> datetime:
    return NOW + timedelta(hours=1)


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    start = perf_counter()
    return work(), perf_counter() - start
