"""A claim of the usual size, sealed: what the benchmarks write, seal and send. Everybody in it is invented."""

import uuid
from datetime import UTC, date, datetime, timedelta

from sync.contract.message import Beneficiary, ClaimMessage, Line, Member, Tables
from sync.crypto.claims import SealedClaim, seal_claim
from sync.crypto.sealing import OpeningKey, SealingKey
from sync.crypto.signing import SigningKey
from sync.queue import Entry

INSURER = "99900011"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class SealedClaims:
    """One terminal and one insurer; `next` seals another claim, with a new id and the same content."""

    def __init__(self, signer: SigningKey | None = None) -> None:
        self.signer = signer or SigningKey.generate()
        self.recipient: SealingKey = OpeningKey.generate("xwing-hkdfsha256-aes256gcm").public
        self._count = 0

    def next(self) -> tuple[str, SealedClaim]:
        """A claim's id and its envelope."""
        self._count += 1
        claim_id = self.claim_id(self._count)
        return claim_id, seal_claim(_message(claim_id), self.signer, self.recipient)

    @staticmethod
    def claim_id(number: int) -> str:
        """The id of the claim with this number."""
        return str(uuid.UUID(int=(0x019AB << 108) | (7 << 76) | (1 << 63) | number))

    def entry(self) -> Entry:
        """Another claim as the queue takes it, correctable for a minute."""
        claim_id, sealed = self.next()
        return Entry(claim_id, INSURER, sealed.envelope, created_at=NOW, not_before=NOW + timedelta(minutes=1))


def _message(claim_id: str) -> ClaimMessage:
    frame = Line(item="frame", code="2223342", quantity=1, price=3000, base=900, amo=540, amc=2460, reste_a_charge=0)
    lenses = tuple(
        Line(
            item="lens", eye=eye, code="2201946", quantity=1, price=3250, base=975, amo=585, amc=2665, reste_a_charge=0
        )
        for eye in ("right", "left")
    )
    return ClaimMessage(
        schema="comptoir/claim/v1",
        claim_id=claim_id,
        kind="claim",
        insurer=INSURER,
        convention="DEMO",
        shop="991000019",
        member=Member(kind="pseudonym", value="ab" * 32),
        beneficiary=Beneficiary(birth_date="1984-05-12", rank=1),
        service_date=date(2026, 11, 23),
        amo_rate=60,
        lines=(frame, *lenses),
        tables=Tables(catalogue="cd" * 32, profile="ef" * 32),
    )
