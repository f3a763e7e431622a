"""Opening what insurers said: document requests to be decided, outcomes and payments that move claims.

Rules: it takes somebody who has the shop key; each event is opened once, and what it does, what is kept of it, the
place up to which events were opened and the journal entry are one transaction, so that nothing is applied twice or
half. A word that does not fit the claim it names (other lines, more than was asked, an agreement for what is none)
moves nothing; neither does one that contradicts, repeats, or is about no claim of this shop: each is kept with the name
of what is wrong. One that came before its time is tried again.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from sync.contract.events import DocumentRequest
from sync.contract.outcomes import Outcome, Payment, verdict_of
from sync.crypto.events import Said, open_event, read_event
from sync.crypto.sealing import OpeningKey
from sync.errors import ClaimUnknown, SyncError
from sync.inbox import Kept
from sync.insurers import InsurerRecord
from sync.queue import follow, replace_sent
from sync.trust import known_keys
from terminal.domain.claim import ClaimState
from terminal.vault.acts import Act
from terminal.vault.dossiers import Dossier
from terminal.vault.listing import Listing
from terminal.vault.outcomes import Heard, Heard_, HeardRow, Kind, Words
from terminal.vault.requests import OPEN, UNKNOWN_CLAIM, UNREADABLE, DocumentRequests, RequestRow
from terminal.workflow.access import deed, noting
from terminal.workflow.desk import Desk

PREAUTHORISATION = "preauthorisation"


def take_in(desk: Desk) -> int:
    """Open the events that came since the last time; how many. Locked, RoleRefused."""
    seed, heard = desk.vault.seed, Heard(desk.home.store)
    opening = OpeningKey.from_seed(seed)
    taken = 0
    for record in desk.home.insurers.all():
        for kept in desk.home.inbox.after(record.amc, heard.last(record.amc)):
            said = _opened(record, kept, opening)
            taken += desk.home.store.reserve.finish(partial(_take_in, desk, heard, kept, said))
    _try_again(desk, heard)
    _use_agreements(desk)
    return taken


def _opened(record: InsurerRecord, kept: Kept, opening: OpeningKey) -> Said | None:
    verifiers = known_keys(record)
    try:
        return open_event(read_event(kept.signed, verifiers), opening, verifiers).said
    except SyncError:
        return None


def _take_in(desk: Desk, heard: Heard, kept: Kept, said: Said | None) -> bool:
    """Do and keep what one event says, unless another process did meanwhile; whether it was done now."""
    if said is None or isinstance(said, DocumentRequest):
        return _take_request(desk, heard, kept, said)
    words = Words(desk.vault.seed)
    claims = _named(said)
    known = desk.vault.dossiers.many(claim_id for claim_id, _ in claims)
    marks = {claim_id: desk.vault.journal.whom_of(claim_id) for claim_id, _ in claims}
    with desk.home.store.write() as connection:
        if heard.last_in(connection, kept.insurer) >= kept.seq:
            return False
        for claim_id, state in claims:
            dossier = known[claim_id][1] if claim_id in known else None
            finding = _applied(heard, connection, kept.insurer, said, (claim_id, state, dossier))
            sealed = words.seal(said, kept.insurer, kept.seq, claim_id)
            kind: Kind = "outcome" if isinstance(said, Outcome) else "payment"
            heard.add(connection, HeardRow(kept.insurer, kept.seq, claim_id, kind, state, finding, sealed))
            done = "done" if finding in ("applied", "waiting", "repeated") else finding
            received = deed(desk, Act.OUTCOME_RECEIVED, claim_id, whom=marks[claim_id], outcome=done)
            desk.vault.journal.writing(received)(connection)
    return True


def _take_request(desk: Desk, heard: Heard, kept: Kept, said: DocumentRequest | None) -> bool:
    requests = DocumentRequests(desk.home.store)
    row = _request_row(desk, kept, said, requests)
    received = noting(desk, Act.REQUEST_RECEIVED, row.claim_id)
    with desk.home.store.write() as connection:
        if heard.last_in(connection, kept.insurer) >= kept.seq:
            return False
        unreadable = row.state == UNREADABLE
        finding: Heard_ = "unreadable" if unreadable else "applied" if row.state == OPEN else "unknown_claim"
        kind: Kind = "unreadable" if said is None else "request"
        heard.add(connection, HeardRow(kept.insurer, kept.seq, row.claim_id, kind, finding=finding))
        requests.adding(row)(connection)
        received(connection)
    return True


def _request_row(desk: Desk, kept: Kept, said: DocumentRequest | None, requests: DocumentRequests) -> RequestRow:
    unnamed = f"{kept.insurer}/{kept.seq}"
    if said is None:
        return RequestRow(unnamed, kept.insurer, kept.seq, "", UNREADABLE)
    if requests.get(said.request_id) is not None:
        return RequestRow(unnamed, kept.insurer, kept.seq, said.claim_id, UNREADABLE)
    try:
        known = desk.home.outbox.get(said.claim_id).insurer == kept.insurer
    except ClaimUnknown:
        known = False
    return RequestRow(said.request_id, kept.insurer, kept.seq, said.claim_id, OPEN if known else UNKNOWN_CLAIM)


def _named(said: Outcome | Payment) -> Sequence[tuple[str, str]]:
    """The claims that are spoken of, with what each should become."""
    if isinstance(said, Outcome):
        return ((said.claim_id, said.verdict),)
    return tuple((paid.claim_id, str(ClaimState.PAID)) for paid in said.claims)


def _applied(
    heard: Heard,
    connection: Any,
    insurer: str,
    said: Outcome | Payment,
    about: tuple[str, str, Dossier | None],
) -> Heard_:
    claim_id, state, dossier = about
    if dossier is not None and not _fits(said, dossier):
        return "mismatch"
    asked = heard.cancellation_asked(connection, claim_id)
    return follow(connection, insurer, claim_id, state, cancellation_asked=asked)


def _fits(said: Outcome | Payment, dossier: Dossier) -> bool:
    """Whether the words can be about this claim: its kind, its lines, no more than it asked for."""
    agreement = dossier.kind == PREAUTHORISATION
    if isinstance(said, Payment):
        return not agreement
    if said.verdict == "cancelled":
        return True
    if (said.agreement is not None) != (agreement and said.verdict != "refused"):
        return False
    asked, agreed = [line.amc for line in dossier.lines], [line.amc for line in said.lines]
    if len(asked) != len(agreed) or any(less > more for less, more in zip(agreed, asked, strict=True)):
        return False
    return said.verdict == verdict_of(asked, agreed) or (said.verdict == "refused" and not any(agreed))


def _try_again(desk: Desk, heard: Heard) -> None:
    """What came before its time: the receipt, or the decision, may be there now."""
    words = Words(desk.vault.seed)
    for row in heard.waiting():
        said, dossier = words.open(row), desk.vault.dossiers.get(row.claim_id)
        if said is None:
            continue
        with desk.home.store.write() as connection:
            about = (row.claim_id, row.state, dossier[1] if dossier else None)
            finding = _applied(heard, connection, row.insurer, said, about)
            if finding != row.finding:
                heard.found(connection, row, finding)


def _use_agreements(desk: Desk) -> None:
    """An agreement is used up once the insurer has the claim of the delivery: until then that can be taken back."""
    for request in Listing(desk.home.store).agreements_used():
        with desk.home.store.write() as connection:
            replace_sent(connection, request, "delivered")
