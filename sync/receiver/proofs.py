"""The log's part of an answer to a push: a proof beside each receipt.

Rules: the claims are durable before their log is asked; the receipt is the stored one, the proof the one of the moment
(any proof that holds is as good); a log that fails costs the proof, never the receipt, and the terminal asks again.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from sync.contract.exchange import BatchResult
from sync.errors import SyncError
from sync.eventlog import fault
from sync.receiver.publisher import Publisher


def with_proofs(log: Publisher | None, results: Sequence[BatchResult], places: Mapping[str, int]) -> list[BatchResult]:
    """`results` with the proofs of the claims that have receipts; `places` says where they are in the log."""
    if log is None or not places:
        return list(results)
    try:
        view = log.cover(max(places.values()))
        return [_with_proof(result, view.proof, places) for result in results]
    except SyncError as error:
        fault(error.code, error)
        return list(results)


def _with_proof(result: BatchResult, proof_of: Callable[[int], str], places: Mapping[str, int]) -> BatchResult:
    if result.receipt is None or result.claim_id is None:
        return result
    return msgspec.structs.replace(result, proof=proof_of(places[result.claim_id]))
