"""One insurer as the engine sees it: something to push packages to, and the keys whose receipts count.

Rule: the engine knows this Protocol alone, so it runs against any peer, and no HTTP library is loaded to decide.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sync.contract.envelope import ChainState
from sync.crypto.signing import SigningKey, VerifyingKey


@dataclass(frozen=True)
class PushResult:
    """What the insurer said of one package: a receipt (and a proof) or a problem (and a refusal), not yet verified."""

    claim_id: str
    status: int
    receipt: str | None = field(default=None, repr=False)
    problem: str | None = None
    retry_after: float | None = None
    proof: str | None = field(default=None, repr=False)
    refusal: str | None = field(default=None, repr=False)


class Peer(Protocol):
    """A line to one insurer."""

    @property
    def signer(self) -> SigningKey:
        """The device key that signs dispatches to it."""

    @property
    def verifiers(self) -> Sequence[VerifyingKey]:
        """The keys whose receipts count."""

    def push(self, packages: Sequence[bytes]) -> list[PushResult]:
        """Push 1 to 100 packages; one result each, in order.

        InsurerUnreachable, InsurerUntrusted, InsurerRefused (of the request as a whole): nothing is known of any.
        """

    def state(self) -> ChainState:
        """Where the insurer says that this terminal's chain stands, verified; errors as above, SignatureInvalid."""

    def receipts(self, after: int) -> list[str]:
        """The receipts (JWS, not yet verified) of this terminal's claims with a higher number, lowest first."""

    def log_file(self, path: str) -> bytes:
        """The file of the insurer's log with this path under the log's prefix.

        InsurerUnreachable, InsurerUntrusted, InsurerRefused (there is none).
        """
