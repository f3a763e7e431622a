"""Four eyes: two people agree on one act, on one subject, once.

Rules: the first person is whoever is logged in, the second types a PIN of their own, which counts as any other try;
they are two accounts, both may see dossiers, and at least one of them is the responsible person. What they agreed to
is used once, for that subject, while the first person is still logged in. An act that needs it takes the `Approval` as
an argument and begins with `approval.use(…)`.
"""

from dataclasses import dataclass
from enum import StrEnum

from terminal.domain.roles import Role
from terminal.vault.refusals import ApprovalInvalid, Locked, SecondPersonInvalid
from terminal.workflow.desk import Desk
from terminal.workflow.people import require_role


class Act(StrEnum):
    """What needs two people."""

    ERASE = "erase"
    EXPORT = "export"


@dataclass(slots=True)
class Approval:
    """What two people agreed to. `first` and `second` are account ids; `subject` names what it is about, no person."""

    act: Act
    subject: str
    first: str
    second: str
    used: bool = False

    def use(self, desk: Desk, act: Act, subject: str) -> None:
        """Begin the act; ApprovalInvalid (`reason`: act, subject, used, user) and nothing is done otherwise."""
        user = desk.vault.user
        if user is None:
            raise Locked
        wrong = [
            reason
            for reason, right in (
                ("act", act is self.act),
                ("subject", subject == self.subject),
                ("user", user.id == self.first),
                ("used", not self.used),
            )
            if not right
        ]
        if wrong:
            raise ApprovalInvalid("this is not what two people agreed to", reason=wrong[0])
        self.used = True


def agree(desk: Desk, act: Act, subject: str, second: str, pin: str) -> Approval:
    """What the person logged in and `second`, by their PIN, agree to.

    Locked, RoleRefused; SecondPersonInvalid (`reason`: same, technician, responsible), before the PIN is tried;
    PinWrong, PinWait, PinLocked, AccountUnknown, AccountDisabled.
    """
    first = require_role(desk, Role.RESPONSIBLE, Role.STAFF)
    other = desk.vault.accounts.get(second)
    if other.id == first.id:
        raise SecondPersonInvalid("one person is not two", reason="same")
    if not other.role.sees_dossiers:
        raise SecondPersonInvalid("a technician sees no dossier", reason="technician")
    if Role.RESPONSIBLE not in (first.role, other.role):
        raise SecondPersonInvalid("one of the two is the responsible person", reason="responsible")
    desk.vault.confirm(other.id, pin)
    return Approval(act, subject, first.id, other.id)
