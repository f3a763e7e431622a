"""The tree of what can go wrong in `sync`.

Rules: every error has a stable `code` (scripts and screens depend on it), carries only `facts` that hold no personal
data, and says in English what is wrong; the terminal turns the code into French. `environment` is true when
something outside the program is missing (exit status 3 of the command line).
"""

from typing import ClassVar


class SyncError(Exception):
    """Base of the tree. `facts` are short, printable and free of personal data."""

    code: ClassVar[str] = "sync"
    environment: ClassVar[bool] = False

    def __init__(self, message: str = "", **facts: str | int) -> None:
        super().__init__(message or self.code)
        self.facts: dict[str, str | int] = facts


class ContractError(SyncError):
    """A message, envelope, dispatch or receipt that is not of the contract's form."""

    code = "contract_invalid"


class SignatureInvalid(SyncError):
    """A signature that does not verify, or that was made for another purpose or by another key."""

    code = "signature_invalid"


class SealInvalid(SyncError):
    """A sealed text that does not open with this key and this context."""

    code = "seal_invalid"


class PinWrong(SyncError):
    """The PIN does not open this slot."""

    code = "pin_wrong"


class KeyslotsInvalid(SyncError):
    """The keyslots file is missing, damaged, or not made for this device."""

    code = "keyslots_invalid"


class StoreError(SyncError):
    """Base of what the encrypted file can answer."""

    code = "store"


class StoreCorrupt(StoreError):
    """The encrypted file fails its checks, or the key is not its key."""

    code = "store_corrupt"


class StoreTooOld(StoreError):
    """The SQLite or SQLCipher library is older than the known corruption fixes (reference: SQLite 3.51.3)."""

    code = "store_library_too_old"
    environment = True


class DiskFull(StoreError):
    """The medium has no room left; nothing was acknowledged."""

    code = "disk_full"


class CounterfoilCorrupt(StoreError):
    """The counterfoil's chain is broken before its tail."""

    code = "counterfoil_corrupt"


class HomeMissing(SyncError):
    """There is no home in this folder."""

    code = "home_missing"
    environment = True


class HomeInUse(SyncError):
    """Another process of the same kind works on this home."""

    code = "home_in_use"


class ClaimUnknown(SyncError):
    """No claim has this id."""

    code = "claim_unknown"


class InvitationUnknown(SyncError):
    """No letter with this invitation was made."""

    code = "invitation_unknown"


class RenewalInvalid(SyncError):
    """What an insurer gave as the next certificate is none for this terminal; the present one is kept."""

    code = "renewal_invalid"


class TermsRolledBack(SyncError):
    """An insurer's keys or profile are older than those kept, or others under the same version; `part` says which."""

    code = "terms_rolled_back"


class TerminalUnknown(SyncError):
    """No terminal with this key id is enrolled."""

    code = "terminal_unknown"


class ClaimNotCorrectable(SyncError):
    """The claim has left, or its grace period is over: it can no longer be changed here."""

    code = "claim_not_correctable"


class InsurerUnknown(SyncError):
    """This terminal is not enrolled with this insurer."""

    code = "insurer_unknown"


class InsurerUnreachable(SyncError):
    """No connection, no answer in time, or a broken answer."""

    code = "insurer_unreachable"


class InsurerUntrusted(SyncError):
    """The peer's certificate is not one of the pinned authority for this insurer's name."""

    code = "insurer_untrusted"


class InsurerRefused(SyncError):
    """The insurer answered with a problem document (RFC 9457); `facts["problem"]` is its code.

    `refusal`: the insurer's signed word about one claim, as it came beside the problem.
    """

    code = "insurer_refused"
    refusal: str | None = None


class ReceiptInvalid(SyncError):
    """A receipt that does not verify, or that speaks of another claim: no state moves."""

    code = "receipt_invalid"


class RefusalInvalid(SyncError):
    """A refusal that does not verify, or says something else than its claim: nothing moves."""

    code = "refusal_invalid"


class EventInvalid(SyncError):
    """An event that the insurer did not sign, or that does not continue its chain: nothing of it is taken."""

    code = "event_invalid"


class EventsWithheld(SyncError):
    """The insurer signed that there are more events than came: somebody between keeps them back. `facts` count both."""

    code = "events_withheld"


class EventsExcessive(SyncError):
    """An insurer has more to say than this terminal's claims can explain: it is heard no further. `kept`."""

    code = "events_excessive"


class KeyInvalid(SyncError):
    """Bytes that are not a key, a request or a certificate of the expected kind; they are never echoed."""

    code = "key_invalid"


class ActivationCodeInvalid(SyncError):
    """A typed invitation or activation code that cannot be one: a symbol is wrong, missing or too many."""

    code = "activation_code_invalid"


class InsurerFolderMissing(SyncError):
    """There is no insurer in this folder: `comptoir-insurer init` was not run, or a part of it is not here."""

    code = "insurer_folder_missing"
    environment = True


class InsurerFolderExists(SyncError):
    """This folder already holds an insurer; its keys are never overwritten."""

    code = "insurer_folder_exists"


class MediumFailed(StoreError):
    """The medium refused to read, write or flush; nothing was acknowledged."""

    code = "medium_failed"
    environment = True


class StoreBusy(StoreError):
    """Another process held the encrypted file for too long; nothing was changed."""

    code = "store_busy"


class ClaimExists(SyncError):
    """A claim with this id is queued already: an id is used once, for ever."""

    code = "claim_exists"


class ClaimNotHeld(SyncError):
    """This claim does not wait for a person's word to go into the queue."""

    code = "claim_not_held"


class TransitionInvalid(SyncError):
    """A claim cannot go from its state to the one asked for; `facts` name both."""

    code = "transition_invalid"


class PinInvalid(SyncError):
    """A PIN has 4 to 12 digits."""

    code = "pin_invalid"


class PinSlotExists(SyncError):
    """This user already has a PIN."""

    code = "pin_slot_exists"


class HomeExists(SyncError):
    """There is a home in this folder already, or data that a new one would overwrite."""

    code = "home_exists"


class DeviceSecretUnknown(SyncError):
    """No installed provider of device secrets has this name."""

    code = "device_secret_unknown"
    environment = True


class AddressUnavailable(SyncError):
    """The server cannot listen on this address and port."""

    code = "address_unavailable"
    environment = True


class SlotUnknown(SyncError):
    """Nobody has a slot of this name and kind."""

    code = "slot_unknown"


class ProofInvalid(SyncError):
    """A proof from an insurer's log that does not verify: it counts for nothing."""

    code = "proof_invalid"


class ProofMissing(SyncError):
    """No proof yet that the insurer's log holds this claim: the receipt counts, the proof is asked for again."""

    code = "proof_missing"


class WitnessesMissing(SyncError):
    """A proof that holds, cosigned by fewer witnesses than the policy wants; `facts` give both numbers."""

    code = "witnesses_missing"


class LogForked(SyncError):
    """A log shows two stories: a tree that does not begin with one it signed before."""

    code = "log_forked"


class LogShrunk(SyncError):
    """A log shows fewer entries than it did before; `facts` give both numbers."""

    code = "log_shrunk"


class LogDamaged(SyncError):
    """An insurer's own log does not agree with its database: nothing is signed before a person has looked."""

    code = "log_damaged"


class RecoveryCodeInvalid(SyncError):
    """A typed recovery code that cannot be one (`reason`: form, check), or that is not this shop's (wrong)."""

    code = "recovery_code_invalid"


class RecoveryMissing(SyncError):
    """No recovery code was made for this shop."""

    code = "recovery_missing"


class StoreMoved(StoreError):
    """The content of this encrypted file went to another one; whoever opened it by itself has to ask where."""

    code = "store_moved"


class RotationUnderWay(SyncError):
    """An exchange of keys was begun and is not over; the next start of the terminal ends it."""

    code = "rotation_under_way"


class CardWrong(SyncError):
    """This professional card is not the one that opens this slot."""

    code = "card_wrong"


class ResetRefused(SyncError):
    """A terminal is not reset: something would be lost, or it is not the one that was meant."""

    code = "reset_refused"


class ClaimsUnsent(ResetRefused):
    """Claims have not left this terminal; `insurer`, `claims`."""

    code = "claims_unsent"


class ClaimsUnreceived(ResetRefused):
    """An insurer has not confirmed all claims that were numbered for it; `insurer`, `claims`."""

    code = "claims_unreceived"


class HeadDiffers(ResetRefused):
    """The last dispatch that an insurer gave in writing is not this terminal's last; `insurer`, `seq`."""

    code = "head_differs"


class ShopDiffers(ResetRefused):
    """This terminal belongs to another shop than the one that was named."""

    code = "shop_differs"


class BackupFolderInvalid(SyncError):
    """A folder that backups cannot be put into; `reason`: missing, inside (the home), or none (nothing was chosen)."""

    code = "backup_folder_invalid"


class BackupInvalid(SyncError):
    """A file that is no backup (`reason`: form), is sealed to another key (key), or is damaged (damaged)."""

    code = "backup_invalid"


class BackupUnreadable(SyncError):
    """The backup file cannot be opened or read where it lies."""

    code = "backup_unreadable"
    environment = True
