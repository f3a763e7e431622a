"""What the insurer's open server does with a request, apart from HTTP.

Rules: certificate and signature first, then form, then one transaction; the answer leaves after its commit. Nothing
here can open a claim. Each package of a batch is judged alone, and all that were accepted become durable together.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

import msgspec
from sqlalchemy import Connection, select

from sync.contract.envelope import encode
from sync.contract.exchange import (
    ENROLLED_TYPE,
    EVENTS_TYPE,
    HEALTH_TYPE,
    KEYS_TYPE,
    MAX_BATCH_BYTES,
    PROBLEM_TYPE,
    PROFILE_TYPE,
    RECEIPT_TYPE,
    RECEIPTS_TYPE,
    RENEWED_TYPE,
    RESULTS_TYPE,
    STATE_TYPE,
    BatchAnswer,
    BatchResult,
    EventsAnswer,
    HealthAnswer,
    KeysAnswer,
    ProfileAnswer,
    ReceiptAnswer,
    ReceiptsAnswer,
    StateAnswer,
    split_batch,
)
from sync.contract.problems import Problem, problem
from sync.errors import ContractError
from sync.eventlog import event
from sync.receiver.admission import Asked, Caller, admit, take_nonce
from sync.receiver.bodies import unfold
from sync.receiver.chain import Filing, receipt_of, receipts_after, sign_state, sign_waiting
from sync.receiver.db import UNSIGNED, Ledger
from sync.receiver.documents import events_after
from sync.receiver.enrol import Enrolling, enrol
from sync.receiver.folder import IntakeMaterial
from sync.receiver.health import LEAST_ROOM, room_in
from sync.receiver.packages import Checked, Door, check_package
from sync.receiver.places import place
from sync.receiver.proofs import with_proofs
from sync.receiver.publisher import Publisher
from sync.receiver.quotas import MINUTE, Filed, Quotas, Watch
from sync.receiver.refusal import Refusal
from sync.receiver.renewal import read_renewal, renew
from sync.receiver.signed_refusals import Turned, turned
from sync.receiver.ways import Ways

Found = TypeVar("Found")

_AFTER: Final = re.compile(r"after=(0|[1-9][0-9]{0,15})", re.ASCII)
_HIGHEST: Final = 2**53 - 1
_CREATED: Final = 201
_KNOWN: Final = 200
_CONFLICT: Final = 409


@dataclass(frozen=True)
class Answer:
    """What goes back: status, media type, body."""

    status: int
    media_type: str
    body: bytes


class Intake:
    """One insurer's operations. `origin` is the scheme and authority terminals sign; `now` gives aware UTC."""

    def __init__(  # noqa: PLR0913  # what an intake works with, each passed in
        self,
        ledger: Ledger,
        material: IntakeMaterial,
        origin: str,
        now: Callable[[], datetime],
        log: Publisher | None = None,
        *,
        quotas: Quotas | None = None,
    ) -> None:
        self.log = log
        self._watch = Watch(ledger, quotas)
        self._ledger = ledger
        self._material = material
        self._door = Door(material.settings, material.recipients)
        self._ways = Ways(origin, material.relays)
        self._now = now

    def enrol(self, asked: Asked) -> Answer:
        """POST /v1/enrolments."""
        origin, told = self._ways.of(asked)
        insurer = Enrolling(self._material, origin, self._watch.quotas.failed_enrolments_an_hour)
        return Answer(_CREATED, ENROLLED_TYPE, enrol(self._ledger, insurer, told, self._now()))

    def renew(self, asked: Asked) -> Answer:
        """POST /v1/certificates: the next certificate of the calling terminal."""
        caller, now = self._admit(asked), self._now()
        request = read_renewal(asked.body, self._material.settings.amc)

        def once(connection: Connection) -> tuple[bytes, bool]:
            take_nonce(connection, caller.device, caller.nonce, now)
            return renew(connection, self._material, caller.device, request, now)

        body, new = self._ledger.write(once)
        event("certificate_renewed", device=caller.device, new=int(new))
        return Answer(_CREATED if new else _KNOWN, RENEWED_TYPE, body)

    def push(self, asked: Asked, claim_id: str) -> Answer:
        """PUT /v1/claims/{claim_id}."""
        caller = self._admit(asked)
        if asked.headers.get("idempotency-key") != f'"{claim_id}"':
            raise Refusal("request_invalid")
        (item,) = items = [self._checked(asked.body, caller)]
        if (item.claim_id or claim_id) != claim_id:
            raise Refusal("routing_mismatch")
        (result,) = self._file(caller, items)
        if result.receipt is None:
            return Answer(result.status, PROBLEM_TYPE, encode(_problem_of(result)))
        return Answer(result.status, RECEIPT_TYPE, encode(ReceiptAnswer(receipt=result.receipt, proof=result.proof)))

    def push_batch(self, asked: Asked) -> Answer:
        """POST /v1/claims:batch. The body is unfolded only once its sender is known."""
        caller = self._admit(asked)
        body = unfold(asked.body, asked.headers.get("content-encoding"), MAX_BATCH_BYTES)
        try:
            packages = split_batch(body)
        except ContractError as error:
            raise Refusal("request_invalid") from error
        results = self._file(caller, [self._checked(raw, caller) for raw in packages])
        return Answer(_KNOWN, RESULTS_TYPE, encode(BatchAnswer(results=tuple(results))))

    def state(self, asked: Asked) -> Answer:
        """GET /v1/state."""
        insurer, signer = self._material.settings.amc, self._material.signer
        state = self._answer(asked, lambda connection, caller: sign_state(connection, insurer, caller, signer))
        return Answer(_KNOWN, STATE_TYPE, encode(StateAnswer(state=state)))

    def receipts(self, asked: Asked) -> Answer:
        """GET /v1/receipts?after=N: what this terminal was given before, for a copy of it that does not know."""
        after = _after_in(asked.path)
        stored = self._read(asked, lambda connection, device: receipts_after(connection, device, after))
        receipts = tuple(self._signed(stored).values())
        return Answer(_KNOWN, RECEIPTS_TYPE, encode(ReceiptsAnswer(receipts=receipts)))

    def events(self, asked: Asked) -> Answer:
        """GET /v1/events?after=N: what this insurer has to say to the calling terminal."""
        after = _after_in(asked.path)
        events = self._read(asked, lambda connection, device: events_after(connection, device, after))
        return Answer(_KNOWN, EVENTS_TYPE, encode(EventsAnswer(events=events)))

    def keys(self, asked: Asked) -> Answer:
        """GET /v1/keys."""
        keys = self._read(asked, lambda _connection, _device: self._material.announced.keys_jws)
        return Answer(_KNOWN, KEYS_TYPE, encode(KeysAnswer(keys=keys)))

    def profile(self, asked: Asked) -> Answer:
        """GET /v1/profile: the one in force, and the one that follows it."""
        today = self._now().date()
        profile, coming = self._read(asked, lambda _connection, _device: self._material.announced.on(today))
        return Answer(_KNOWN, PROFILE_TYPE, encode(ProfileAnswer(profile=profile, coming=coming)))

    def health(self) -> Answer:
        """GET /v1/health: the database takes a write lock (its standby with it), and there is room to store."""
        self._ledger.write(lambda connection: connection.execute(select(1)).scalar_one())
        if room_in(self._material.database.parent) < LEAST_ROOM:
            raise Refusal("unavailable", retry_after=MINUTE)
        return Answer(_KNOWN, HEALTH_TYPE, encode(HealthAnswer(status="pass")))

    def refused(self, refusal: Refusal) -> None:
        """A request was answered with this refusal: what an operator should know of it is noted."""
        self._watch.refused(refusal, self._now())

    def _admit(self, asked: Asked) -> Caller:
        origin, told = self._ways.of(asked)
        caller = admit(self._ledger, told, origin, self._now())
        self._watch.pace(caller.device, self._now())
        return caller

    def _read(self, asked: Asked, work: Callable[[Connection, str], Found]) -> Found:
        return self._answer(asked, lambda connection, caller: work(connection, caller.device))

    def _answer(self, asked: Asked, work: Callable[[Connection, Caller], Found]) -> Found:
        caller = self._admit(asked)

        def once(connection: Connection) -> Found:
            take_nonce(connection, caller.device, caller.nonce, self._now())
            return work(connection, caller)

        return self._ledger.write(once)

    def _checked(self, raw: bytes, caller: Caller) -> Checked | Turned:
        try:
            return check_package(raw, self._door, caller.key)
        except Refusal as refusal:
            return turned(raw, refusal, self._material, caller.device, self._now())

    def _file(self, caller: Caller, items: list[Checked | Turned]) -> list[BatchResult]:
        def together(connection: Connection) -> tuple[list[BatchResult], dict[str, int]]:
            take_nonce(connection, caller.device, caller.nonce, self._now())
            results = self._file_each(connection, caller.device, items)
            filed = [Filed(one.status, one.problem.code if one.problem else None) for one in results]
            self._watch.filed(connection, caller.device, filed, self._now())
            return results, place(connection, list(_receipts(results)))

        results, places = self._ledger.write(together)
        receipts = self._signed(_receipts(results))
        return with_proofs(self.log, [_with_receipt(result, receipts) for result in results], places)

    def _file_each(self, connection: Connection, device: str, items: list[Checked | Turned]) -> list[BatchResult]:
        """One result each; what follows a fork, and is not stored, continues what was refused: a fork as well."""
        signer = None if self._ledger.standby else self._material.signer
        good = [item for item in items if isinstance(item, Checked)]
        filing = Filing(connection, device, good, signer, self._now())
        results: list[BatchResult] = []
        forked = False
        for item in items:
            if isinstance(item, Turned):
                results.append(_turned_again(connection, device, item))
            elif forked and not filing.holds(item):
                results.append(_refused(Refusal("fork"), item.dispatch.claim_id))
            else:
                results.append(_filed(filing, item))
                forked = results[-1].status == _CONFLICT and _problem_of(results[-1]).code == "fork"
        filing.store()
        return results

    def _signed(self, stored: Mapping[str, str]) -> Mapping[str, str]:
        """These receipts by claim id; what waited for the standby is durable there by now, and signed here."""
        waiting = [claim_id for claim_id, receipt in stored.items() if receipt == UNSIGNED]
        if not waiting:
            return stored
        insurer, signer = self._material.settings.amc, self._material.signer
        signed = self._ledger.write(lambda connection: sign_waiting(connection, insurer, waiting, signer))
        return {**stored, **signed}


def _filed(filing: Filing, checked: Checked) -> BatchResult:
    claim_id = checked.dispatch.claim_id
    try:
        filed = filing.file(checked)
    except Refusal as refusal:
        return _refused(refusal, claim_id)
    return BatchResult(status=_KNOWN if filed.known else _CREATED, claim_id=claim_id, receipt=filed.receipt)


def _receipts(results: list[BatchResult]) -> dict[str, str]:
    """The receipts of those that were taken, by claim id."""
    return {str(result.claim_id): result.receipt for result in results if result.receipt is not None}


def _with_receipt(result: BatchResult, receipts: Mapping[str, str]) -> BatchResult:
    if result.receipt != UNSIGNED:
        return result
    return msgspec.structs.replace(result, receipt=receipts[str(result.claim_id)])


def _refused(refusal: Refusal, claim_id: str | None) -> BatchResult:
    return BatchResult(status=refusal.problem.status, claim_id=claim_id, problem=refusal.problem)


def _after_in(path: str) -> int:
    """The number that a question begins after: the whole query; Refusal."""
    found = _AFTER.fullmatch(path.partition("?")[2])
    if found is None or int(found[1]) > _HIGHEST:
        raise Refusal("request_invalid")
    return int(found[1])


def _turned_again(connection: Connection, device: str, item: Turned) -> BatchResult:
    """What was taken once stays taken, whatever this insurer says today of its route and keys."""
    receipt = receipt_of(connection, device, item.raw, item.claim_id) if item.claim_id else None
    if receipt is not None:
        return BatchResult(status=_KNOWN, claim_id=item.claim_id, receipt=receipt)
    return BatchResult(status=item.problem.status, claim_id=item.claim_id, problem=item.problem)


def _problem_of(result: BatchResult) -> Problem:
    return result.problem or problem("internal")
