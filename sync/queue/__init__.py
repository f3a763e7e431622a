"""The queue of sealed claims: outbox and receipts in the store, and the counterfoil beside it."""

from sync.queue.acts import Entry, together
from sync.queue.blocks import Frame, salvage
from sync.queue.counterfoil import Counterfoil
from sync.queue.outbox import Outbox
from sync.queue.outcomes import Finding, abandon, ask_cancellation, follow, replace_sent
from sync.queue.reading import Late, Summary
from sync.queue.reconciliation import RECOVERED, Reconciliation
from sync.queue.settlement import Heard, Settlement, Word
from sync.queue.standing import Chains, Elsewhere, Reconciling
from sync.queue.tables import Row

__all__ = [
    "RECOVERED",
    "Chains",
    "Counterfoil",
    "Elsewhere",
    "Entry",
    "Finding",
    "Frame",
    "Heard",
    "Late",
    "Outbox",
    "Reconciliation",
    "Reconciling",
    "Row",
    "Settlement",
    "Summary",
    "Word",
    "abandon",
    "ask_cancellation",
    "follow",
    "replace_sent",
    "salvage",
    "together",
]
