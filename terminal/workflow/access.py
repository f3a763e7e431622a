"""Noting in the access journal what is done at this desk.

Rules: what is written is who is logged in (the machine itself when nobody is), whose data (a pseudonym), the act, the
instant, where it was asked for, and how it ended; an act that changes something carries its entry in its own
transaction, an act that shows something is noted before it is shown. A name on a list is noted once for each log-in, an
opened dossier every time. Adding up amounts without showing whose they are is no access to a person's data and is not
noted.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from hardware import HardwareError
from sync.errors import SyncError
from terminal.domain.errors import DomainError
from terminal.vault.acts import Act
from terminal.vault.dossiers import Dossier
from terminal.vault.journal import DONE, Deed, Writing, person_mark
from terminal.workflow.desk import Desk
from terminal.workflow.types import Person

MACHINE: Final = "@terminal"
"""Who did what nobody was logged in for, such as a backup by a timer; no account can have this name."""


def log_in(desk: Desk, account_id: str, pin: str) -> None:
    """Open the shop key for an account; a refusal is noted, with its code, and raised.

    A name that is no account is not kept: people type PINs in the wrong place.
    """
    _admit(desk, account_id, lambda: desk.vault.unlock(account_id, pin))


def log_in_by_card(desk: Desk, account_id: str, reproduce: Callable[[bytes], bytes]) -> None:
    """The same by the professional card of the account, noted alike."""
    _admit(desk, account_id, lambda: desk.vault.unlock_by_card(account_id, reproduce))


def _admit(desk: Desk, account_id: str, unlock: Callable[[], None]) -> None:
    known = any(account.id == account_id for account in desk.vault.accounts.all())
    with attempt(desk, Act.UNLOCKED, account_id if known else ""):
        unlock()
    if sees_dossiers(desk):
        desk.vault.journal.begin_seal(desk.vault.seed)
    desk.shown.clear()
    note(desk, Act.UNLOCKED, account_id)


def sees_dossiers(desk: Desk) -> bool:
    """Whether somebody is logged in who has the shop key."""
    return desk.vault.user is not None and desk.vault.user.role.sees_dossiers


def deed(desk: Desk, what: Act, subject: str = "", *, whom: str = "", outcome: str = DONE) -> Deed:
    """An entry as this desk would write it now."""
    user = desk.vault.user
    who = user.id if user else MACHINE
    return Deed(what, desk.now(), desk.origin, who=who, whom=whom, subject=subject, outcome=outcome)


def note(desk: Desk, what: Act, subject: str = "", *, whom: str = "", outcome: str = DONE) -> None:
    """Write an entry now: it is durable when this returns."""
    desk.vault.journal.record(deed(desk, what, subject, whom=whom, outcome=outcome))


def noting(desk: Desk, what: Act, subject: str, *, whom: str = "") -> Writing:
    """What to run inside the transaction of an act on the data of a person; without `whom`, of a known claim."""
    return desk.vault.journal.writing(deed(desk, what, subject, whom=whom or desk.vault.journal.whom_of(subject)))


@contextmanager
def attempt(desk: Desk, what: Act, subject: str = "", *, whom: str = "") -> Iterator[None]:
    """Note an act that is refused, with the code of the refusal; one that succeeds notes itself."""
    try:
        yield
    except (SyncError, DomainError, HardwareError) as error:
        note(desk, what, subject, whom=whom, outcome=error.code)
        raise


def note_listed(desk: Desk, dossiers: dict[str, tuple[str, Dossier]]) -> None:
    """Note the dossiers of a list that were not on one since the last log-in, in one transaction."""
    new = [claim_id for claim_id in dossiers if claim_id not in desk.shown]
    deeds = [deed(desk, Act.DOSSIER_LISTED, claim_id, whom=whom_in(desk, dossiers[claim_id][1])) for claim_id in new]
    desk.vault.journal.record(*deeds)
    desk.shown.update(new)


def whom(desk: Desk, person: Person) -> str:
    """The journal's pseudonym of somebody at the counter."""
    return person_mark(desk.vault.seed, person.nir.digits, person.birth_date_raw, person.rank)


def whom_in(desk: Desk, dossier: Dossier) -> str:
    """The journal's pseudonym of the person of a dossier."""
    return person_mark(desk.vault.seed, dossier.nir[:13], dossier.birth_date_raw, dossier.rank)
