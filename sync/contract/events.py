"""What an insurer has to say to a shop: events, and the one kind there is today, the request of a document.

Rules: a terminal asks for what comes after a number, never for a person, a claim or a document; events of one terminal
are numbered from 1 without a gap and chained like dispatches, each signed by the insurer (`typ` comptoir-event+jws), so
that none can be held back or exchanged on the way unnoticed. Inside, sealed to the shop key, lies a JWS whose `typ`
says what it is: the service that fetches it cannot know. A document is a code; there is none for a prescription, a
correction, a prescriber or an image, and an answer has no field that could hold one. A request names a claim by its id,
its legal ground and a last day; the shop decides, and its answer travels as a claim does (same envelope, same chain,
same receipt), so that nobody on the way can tell one from the other.
"""

import datetime
from typing import Annotated, Final, Literal

import msgspec

from sync.contract.enrolment import AmId
from sync.contract.envelope import Bucket, KeyId, Seq, StrictRecord, Suite
from sync.contract.message import ClaimId, Digest, InsurerId, LineCode, Routing
from sync.errors import ContractError

EVENT_TYP: Final = "comptoir-event+jws"
REQUEST_TYP: Final = "comptoir-document-request+jws"
ANSWER_TYP: Final = "comptoir-document-answer+jws"
EVENT_LABEL: Final = b"comptoir/event/v1\x00"
"""Before the event's header, in the `info` of its seal."""

DocumentKind = Literal["lpp_code", "last_equipment_date", "early_renewal", "invoice_reference"]
RefusalReason = Literal["ground_insufficient", "not_needed", "not_held", "erased"]


class EventHeader(StrictRecord, frozen=True, kw_only=True):
    """The clear part of an event: for whom, its number, the digest of the event before (64 zeros for 1), the seal."""

    schema: Literal["comptoir/event/v1"]
    insurer: InsurerId
    device: KeyId
    seq: Seq
    prev: Digest
    recipient: KeyId
    suite: Suite
    bucket: Bucket


class Event(EventHeader, frozen=True, kw_only=True):
    """Header plus the sealed, padded JWS of what is said (base64url)."""

    sealed: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]+$(?!\n)", max_length=16384)]

    def header(self) -> EventHeader:
        """The clear part alone, as it is bound into the seal."""
        return EventHeader(**{name: getattr(self, name) for name in EventHeader.__struct_fields__})


class DocumentRequest(StrictRecord, frozen=True, kw_only=True):
    """One document asked for, about one claim: which (a code), on what legal ground, until when."""

    schema: Literal["comptoir/document-request/v1"]
    request_id: ClaimId
    insurer: InsurerId
    claim_id: ClaimId
    document: DocumentKind
    ground: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    deadline: datetime.date


class Opening(StrictRecord, frozen=True, kw_only=True):
    """A commitment of the claim's `evidence`, opened: the LPP code of a line, and the salt (hex) it was made with."""

    line: Annotated[int, msgspec.Meta(ge=0, le=20)]
    code: LineCode
    salt: Digest


class DocumentAnswer(StrictRecord, frozen=True, kw_only=True):
    """What the shop decided: `provided` with the member of the document's kind, or `refused` with a reason."""

    schema: Literal["comptoir/document-answer/v1"]
    answer_id: ClaimId
    request_id: ClaimId
    claim_id: ClaimId
    insurer: InsurerId
    convention: Routing
    shop: AmId
    document: DocumentKind
    verdict: Literal["provided", "refused"]
    csr: Routing | None = None
    reason: RefusalReason | None = None
    openings: Annotated[tuple[Opening, ...], msgspec.Meta(max_length=20)] = ()
    last_equipment_date: datetime.date | None = None
    early_renewal: bool | None = None
    invoice_reference: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z/-]{1,30}$(?!\n)")] | None = None


def check_answer(answer: DocumentAnswer) -> DocumentAnswer:
    """`answer` itself; ContractError unless it holds exactly the member that verdict and document call for."""
    told = {
        "lpp_code": bool(answer.openings),
        "last_equipment_date": answer.last_equipment_date is not None,
        "early_renewal": answer.early_renewal is not None,
        "invoice_reference": answer.invoice_reference is not None,
    }
    provided = answer.verdict == "provided"
    expected = {kind: provided and kind == answer.document for kind in told}
    if told != expected or (answer.reason is None) != provided:
        raise ContractError("the answer is not one to this document")
    return answer
