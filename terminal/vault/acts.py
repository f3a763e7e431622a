"""What the access journal can say was done: stable codes; their French labels stand in `locale/fr.toml`.

Rules: a code is never renamed, because old entries keep it; every act on a person's data has one, and so has every act
on the means to reach such data (accounts, keys, backups, exports).
"""

from enum import StrEnum


class Act(StrEnum):
    """The acts, by what they touch."""

    UNLOCKED = "unlocked"
    ACCOUNT_CHANGED = "account_changed"
    DOSSIER_LISTED = "dossier_listed"
    DOSSIER_OPENED = "dossier_opened"
    NIR_REVEALED = "nir_revealed"
    CLAIM_SUBMITTED = "claim_submitted"
    CLAIM_CORRECTED = "claim_corrected"
    CLAIM_CANCELLED = "claim_cancelled"
    CLAIM_RELEASED = "claim_released"
    DUPLICATE_MEANT = "duplicate_meant"
    CLAIM_ABANDONED = "claim_abandoned"
    CANCELLATION_REQUESTED = "cancellation_requested"
    OUTCOME_RECEIVED = "outcome_received"
    DOSSIER_ERASED = "dossier_erased"
    REQUEST_RECEIVED = "request_received"
    REQUEST_ANSWERED = "request_answered"
    REQUEST_REFUSED = "request_refused"
    EXPORTED = "exported"
    BACKED_UP = "backed_up"
    RESTORED = "restored"
    KEYS_CHANGED = "keys_changed"
    JOURNAL_READ = "journal_read"
