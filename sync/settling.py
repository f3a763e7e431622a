"""Asking an insurer where this terminal's chain stands, and settling with what it says.

Rules: before anything is numbered for an insurer, each process asks once whether the insurer knows a later number
than this terminal, or another dispatch at the same one: then the home is an old copy, or a copy of it is at work, and
nothing is numbered. A conflict that it is said to have is asked about in the same way. A settlement believes the
signed state only together with every receipt that it implies. Claims that the insurer lost (it gave a receipt and
does not hold them any more) are sent again first, with the same bytes.
"""

from collections.abc import Sequence
from datetime import datetime

from sync.contract.exchange import MAX_BATCH
from sync.errors import InsurerUnreachable, ReceiptInvalid
from sync.peer import Peer
from sync.queue import Heard, Outbox, Row, Settlement, Word
from sync.receipts import opened_receipt, verify_receipt


def is_continued(outbox: Outbox, insurer: str, peer: Peer) -> bool:
    """Whether this terminal's chain may go on at this insurer's; False when a settlement has to come first.

    InsurerUnreachable and the other errors of a peer: nothing is known.
    """
    known, state = outbox.chains.standing(insurer), peer.state()
    here = outbox.chains.digest_at(insurer, state.seq)
    if state.seq > known.seq or (here is not None and here != state.head):
        return False
    if state.missing:
        return not peer.receipts(known.seq)
    return state.seq >= known.received


def is_contradicted(outbox: Outbox, insurer: str, peer: Peer, rows: Sequence[Row]) -> bool:
    """Whether the insurer signs another story of these claims, or of their numbers, than this terminal's.

    Errors of a peer, ReceiptInvalid: nothing is known.
    """
    if not is_continued(outbox, insurer, peer):
        return True
    own = {row.claim_id: row for row in rows}
    if own.keys() & {one.claim_id for one in outbox.chains.elsewhere() if one.insurer == insurer}:
        return True
    known = outbox.chains.standing(insurer)
    numbered = [row.seq for row in rows if row.seq is not None]
    for signed in peer.receipts(max(0, min(numbered, default=1) - 2)):
        receipt = opened_receipt(signed, peer.verifiers)
        if (receipt.insurer, receipt.device) != (insurer, peer.signer.kid):
            raise ReceiptInvalid("a receipt of another chain")
        here = outbox.chains.digest_at(insurer, receipt.seq)
        other = receipt.claim_id in own and receipt.envelope != own[receipt.claim_id].digest
        if other or receipt.seq > known.seq or (here is not None and here != receipt.dispatch):
            return True
    return False


def settle(outbox: Outbox, insurer: str, peer: Peer, now: datetime) -> Settlement:
    """Settle the chain with one insurer; ReceiptInvalid when what it says does not fit together, errors of a peer."""
    word = _word(insurer, peer)
    if lost := outbox.lost_by(word):
        _send_again(peer, lost)
        word = _word(insurer, peer)
    return outbox.settle_chain(word, peer.signer, now)


def _word(insurer: str, peer: Peer) -> Word:
    """What the insurer says, whole: every number up to the state's, and the state's head among them."""
    state = peer.state()
    heard = [Heard(opened_receipt(signed, peer.verifiers), signed) for signed in peer.receipts(0)]
    heads = {one.receipt.seq: one.receipt.dispatch for one in heard}
    if any((one.receipt.insurer, one.receipt.device) != (insurer, peer.signer.kid) for one in heard):
        raise ReceiptInvalid("a receipt of another chain")
    if len(heads) < len(heard) or [one.receipt.seq for one in heard] != sorted(heads):
        raise ReceiptInvalid("two receipts of one number, or receipts out of order")
    if state.seq and (not heads.keys() >= set(range(1, state.seq + 1)) or heads[state.seq] != state.head):
        raise ReceiptInvalid("state and receipts tell two stories")
    return Word(insurer, state.seq, state.head, heard)


def _send_again(peer: Peer, rows: Sequence[Row]) -> None:
    for start in range(0, len(rows), MAX_BATCH):
        some = rows[start : start + MAX_BATCH]
        results = peer.push([row.package or b"" for row in some])
        for row, result in zip(some, results, strict=True):
            if result.receipt is None:
                raise InsurerUnreachable("a claim that the insurer lost was not taken again")
            verify_receipt(row, result.receipt, peer.verifiers, peer.signer.kid)
