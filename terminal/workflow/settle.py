"""Stopped chains: a person agrees that they are settled, and what came of it.

Rules: only the responsible person agrees, because a second copy of this terminal may be at work and has to be put away
first. Where the service runs it does the rest; else one pass is made here, which waits for the line.
"""

from sync.errors import HomeInUse
from sync.home import home_lock
from terminal.domain.roles import Role
from terminal.workflow.desk import Desk
from terminal.workflow.people import require_role
from terminal.workflow.types import Settled


def settle_chains(desk: Desk) -> Settled:
    """Agree, and settle now where no service runs. Locked, RoleRefused, StoreError; an insurer's failure is told."""
    from sync.daemon import drain_now  # noqa: PLC0415 - the line is loaded when it is used, not with the screens

    require_role(desk, Role.RESPONSIBLE)
    desk.home.outbox.chains.allow()
    try:
        with home_lock(desk.home.path, "sync"):
            report = drain_now(desk.home)
    except HomeInUse:
        return Settled(by_service=True)
    return Settled(
        settled=sum(len(done.settled) for done in report.settled),
        renumbered=sum(len(done.renumbered) for done in report.settled),
        resumed=sum(len(done.resumed) for done in report.settled),
        elsewhere=sum(len(done.elsewhere) for done in report.settled),
        errors=dict(report.errors),
    )
