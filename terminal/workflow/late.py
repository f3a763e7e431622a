"""What is late: claims without a receipt after so many working days, and a service that does not send any.

Rules: what counts is the insurer's receipt, whatever kept it away; while the clock is doubted, a claim is late only by
a day that is surely past. A service is at work when it says so itself, in its status file, and its process is there.
"""

from sync.deadlines import Lateness, day_in_france, lateness
from sync.queue import Late, Row
from sync.service_state import is_alive, is_awaited, is_running, read_state
from terminal.domain.claim import ClaimState
from terminal.workflow.desk import Desk
from terminal.workflow.types import Sender

WITHOUT_RECEIPT = (ClaimState.QUEUED, ClaimState.SENDING, ClaimState.BLOCKED)


def late_of(desk: Desk) -> Late:
    """How many claims are warned of, and how many are an alarm."""
    return desk.home.outbox.late(desk.today(), trusted=desk.clock.trusted)


def lateness_of(desk: Desk, row: Row) -> Lateness | None:
    """How late one claim is; None for one in time, and for one that has its receipt."""
    registered, today = day_in_france(row.created_at), desk.today()
    if row.state not in WITHOUT_RECEIPT or (registered > today and not desk.clock.trusted):
        return None
    return lateness(registered, today)


def late_rows(desk: Desk, limit: int) -> list[Row]:
    """The claims that wait and are late, in the order of their registration, among the first `limit` that wait."""
    if late_of(desk) == Late():
        return []
    waiting = desk.home.outbox.get_all(desk.home.outbox.ids(WITHOUT_RECEIPT[:2])[:limit])
    return [row for row in waiting if lateness_of(desk, row)]


def sender_of(desk: Desk) -> Sender:
    """Whether the service that sends is at work, is there and does not go on, is about to come, or is not there."""
    state = read_state(desk.home.path)
    if not is_running(state):
        return "starting" if is_awaited(state) else "missing"
    return "working" if is_alive(state) and state is not None and state.trouble is None else "stuck"
