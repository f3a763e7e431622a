"""How a terminal gets its next certificate before the present one ends.

Rules: the present certificate and the present signing key ask for it; nothing else of the terminal can change this way
(neither signing key, nor shop, nor shop key). Both certificates are good until their own end, so an answer that is lost
costs nothing: the terminal asks again and gets the same certificate.
"""

from typing import Final, Literal

import msgspec

from sync.contract.enrolment import Pem
from sync.contract.envelope import StrictRecord
from sync.contract.message import InsurerId

RENEWAL_SCHEMA: Final = "comptoir/renewal/v1"


class RenewalRequest(StrictRecord, frozen=True, kw_only=True):
    """What the terminal sends: the insurer it means, and a request (PKCS#10 PEM) for its TLS key."""

    schema: Literal["comptoir/renewal/v1"]
    insurer: InsurerId
    certificate_request: Pem


class RenewalAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The next client certificate (PEM)."""

    certificate: Pem
