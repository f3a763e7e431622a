"""The operations of the contract, as the engine and the counter call them.

Rules: what comes back is verified where it is signed and bears on nothing where it is not; a batch has one result for
each package, in order, or it is a broken answer; packages travel as the bytes they are stored in.
"""

import gzip
from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Final, Self

from sync.client.channel import Channel, Now, Question, utc_now
from sync.client.paging import all_pages
from sync.contract.envelope import STATE_TYP, ChainState, Package, decode, encode
from sync.contract.exchange import (
    BATCH_TYPE,
    CHECKPOINT_MEDIA,
    EVENTS_TYPE,
    HEALTH_TYPE,
    KEYS_TYPE,
    MAX_RECEIPTS,
    PACKAGE_TYPE,
    PROFILE_TYPE,
    RECEIPT_TYPE,
    RECEIPTS_TYPE,
    RENEWAL_TYPE,
    RENEWED_TYPE,
    RESULTS_TYPE,
    STATE_TYPE,
    TILE_MEDIA,
    BatchAnswer,
    BatchResult,
    EventsAnswer,
    HealthAnswer,
    KeysAnswer,
    ProfileAnswer,
    ReceiptAnswer,
    ReceiptsAnswer,
    StateAnswer,
    join_batch,
)
from sync.contract.problems import PROBLEMS
from sync.contract.renewal import RENEWAL_SCHEMA, RenewalAnswer, RenewalRequest
from sync.crypto.certificates import not_after
from sync.crypto.signing import SigningKey
from sync.errors import InsurerRefused, InsurerUnreachable, SignatureInvalid
from sync.insurers import InsurerRecord
from sync.peer import PushResult
from sync.receipts import opened_receipt
from sync.tls import client_context, present
from sync.trust import Told, keys_signed_by, profile_in, trusted_keys, verified

_OF_ONE_CLAIM: Final = ("claim", "chain")
_MOST_RECEIPTS: Final = 200_000
"""More than the claims of a lifetime; beyond it the list has no end."""


class InsurerClient:
    """A connection to one insurer, kept open between requests; close it, or use it in a `with`.

    `surely_past`: by what to judge the insurer's certificate where the clock is not believed.
    """

    def __init__(
        self,
        record: InsurerRecord,
        tls_key: bytes,
        signer: SigningKey,
        now: Now = utc_now,
        *,
        surely_past: datetime | None = None,
    ) -> None:
        self.insurer = record.amc
        self.signer = signer
        self.verifiers = trusted_keys(record)
        context = client_context(record.authority_pem, surely_past)
        present(context, record.certificate_pem, tls_key)
        ends = not_after(record.certificate_pem.encode("ascii"))
        self._channel = Channel(record.endpoint, context, signer, now, ends)

    def push(self, packages: Sequence[bytes]) -> list[PushResult]:
        """Push 1 to 100 packages; one result each, in order.

        InsurerUnreachable, InsurerUntrusted, InsurerRefused (of the request as a whole): nothing is known of any.
        """
        ids = [decode(package, Package).envelope.claim_id for package in packages]
        return [self._push_one(ids[0], packages[0])] if len(packages) == 1 else self._push_batch(ids, packages)

    def state(self) -> ChainState:
        """Where this terminal's chain stands at the insurer's, verified."""
        answer, nonce = self._channel.ask_now(Question("GET", "/v1/state", STATE_TYPE), StateAnswer)
        state = decode(verified(self.verifiers, STATE_TYP, answer.state), ChainState)
        if (state.insurer, state.device) != (self.insurer, self.signer.kid):
            raise SignatureInvalid("the state is another chain's")
        if state.nonce not in (None, nonce):
            raise SignatureInvalid("the state answers an earlier question")
        return state

    def receipts(self, after: int) -> list[str]:
        """The receipts of this terminal's claims with a number above `after`, lowest first; not verified yet."""

        def page(start: int) -> Sequence[str]:
            question = Question("GET", f"/v1/receipts?after={start}", RECEIPTS_TYPE)
            return self._channel.ask(question, ReceiptsAnswer)[0].receipts

        def last(receipts: Sequence[str]) -> int:
            return max(opened_receipt(receipt, self.verifiers).seq for receipt in receipts)

        return all_pages(page, last, after=after, full=MAX_RECEIPTS, most=_MOST_RECEIPTS)

    def events(self, after: int) -> tuple[str, ...]:
        """What the insurer has to say to this terminal after event number `after`, as it was signed."""
        answer, _ = self._channel.ask(Question("GET", f"/v1/events?after={after}", EVENTS_TYPE), EventsAnswer)
        return answer.events

    def keys(self) -> str:
        """The insurer's key set (JWS), signed with a key that is already trusted."""
        answer, _ = self._channel.ask(Question("GET", "/v1/keys", KEYS_TYPE), KeysAnswer)
        return keys_signed_by(self.verifiers, answer.keys, self.insurer)

    def profile(self) -> str:
        """The insurer's profile (JWS), signed with a trusted key."""
        answer, _ = self._channel.ask(Question("GET", "/v1/profile", PROFILE_TYPE), ProfileAnswer)
        profile_in(self.verifiers, answer.profile, self.insurer)
        return answer.profile

    def told(self) -> Told:
        """Key set and profiles as they were signed; `sync.trust.followed` judges them."""
        keys, _ = self._channel.ask(Question("GET", "/v1/keys", KEYS_TYPE), KeysAnswer)
        terms, _ = self._channel.ask(Question("GET", "/v1/profile", PROFILE_TYPE), ProfileAnswer)
        return Told(keys.keys, terms.profile, terms.coming)

    def renew(self, certificate_request: str) -> str:
        """The next certificate (PEM) for a request (PKCS#10 PEM), not judged."""
        request = RenewalRequest(schema=RENEWAL_SCHEMA, insurer=self.insurer, certificate_request=certificate_request)
        fields = {"content-type": RENEWAL_TYPE}
        question = Question("POST", "/v1/certificates", RENEWED_TYPE, fields, encode(request))
        return self._channel.ask(question, RenewalAnswer)[0].certificate

    def now(self) -> datetime:
        """The time, as the insurer told it when this machine's clock turned out to be off."""
        return self._channel.now()

    def health(self) -> None:
        """Return when the insurer says that it can store claims."""
        self._channel.ask(Question("GET", "/v1/health", HEALTH_TYPE), HealthAnswer)

    def log_file(self, path: str) -> bytes:
        """The file of the insurer's log with this path, such as `tile/0/000`; nothing of it is verified here."""
        media = CHECKPOINT_MEDIA if path == "checkpoint" else TILE_MEDIA
        return self._channel.read(Question("GET", f"/log/{path}", media))

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _push_one(self, claim_id: str, package: bytes) -> PushResult:
        fields = {"content-type": PACKAGE_TYPE, "idempotency-key": f'"{claim_id}"'}
        question = Question("PUT", f"/v1/claims/{claim_id}", RECEIPT_TYPE, fields, package)
        try:
            answer, status = self._channel.ask(question, ReceiptAnswer)
        except InsurerRefused as refused:
            if not _is_of_one_claim(refused):
                raise
            status, code = int(refused.facts["status"]), str(refused.facts["problem"])
            return PushResult(claim_id, status, problem=code, refusal=refused.refusal)
        return PushResult(claim_id, status, receipt=answer.receipt, proof=answer.proof)

    def _push_batch(self, ids: Sequence[str], packages: Sequence[bytes]) -> list[PushResult]:
        body = gzip.compress(join_batch(tuple(packages)), mtime=0)
        fields = {"content-type": BATCH_TYPE, "content-encoding": "gzip"}
        answer, _ = self._channel.ask(Question("POST", "/v1/claims:batch", RESULTS_TYPE, fields, body), BatchAnswer)
        if len(answer.results) != len(ids):
            raise InsurerUnreachable("the answer has not one result for each package")
        return [_push_result(claim_id, result) for claim_id, result in zip(ids, answer.results, strict=True)]


class Peers:
    """The clients of a terminal's insurers, opened when first asked for; use it in a `with`, which closes them."""

    def __init__(
        self,
        record_of: Callable[[str], InsurerRecord],
        tls_key: bytes,
        signer: SigningKey,
        now: Now = utc_now,
        *,
        surely_past: datetime | None = None,
    ) -> None:
        self._record_of = record_of
        self._tls_key = tls_key
        self._signer = signer
        self._now = now
        self._surely_past = surely_past
        self._clients: dict[str, InsurerClient] = {}

    def __call__(self, insurer: str) -> InsurerClient:
        """The client of an insurer (AMC number); InsurerUnknown."""
        if insurer not in self._clients:
            record = self._record_of(insurer)
            self._clients[insurer] = InsurerClient(
                record, self._tls_key, self._signer, self._now, surely_past=self._surely_past
            )
        return self._clients[insurer]

    def close(self) -> None:
        """Close every connection; a later question opens its own again."""
        while self._clients:
            self._clients.popitem()[1].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _is_of_one_claim(refused: InsurerRefused) -> bool:
    kind = PROBLEMS.get(str(refused.facts["problem"]))
    return kind is not None and kind.concerns in _OF_ONE_CLAIM


def _push_result(claim_id: str, result: BatchResult) -> PushResult:
    if result.claim_id not in (None, claim_id):
        raise InsurerUnreachable("the results are not in the order of the packages")
    problem = result.problem.code if result.problem is not None else None
    refusal = result.problem.refusal if result.problem is not None else None
    known = problem if problem is None or problem in PROBLEMS else "unknown"
    return PushResult(claim_id, result.status, result.receipt, known, proof=result.proof, refusal=refusal)
