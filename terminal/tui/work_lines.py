"""The rows of the work list: what needs a person first, then what waits, newest first.

Rules: pure; a state is a word and a symbol before it is a colour; age stands at the right edge and is never cut; on a
narrow screen the insurer goes first.
"""

from terminal.i18n import age_text, error_text, money_text, reason_texts, sentences, text
from terminal.tui.spans import Line, Role, Room, Span, cut
from terminal.tui.state import CounterState, Snapshot
from terminal.workflow.types import WorkItem

WIDE = 88
LONG_REMARK = 28
_NAME, _AMOUNT, _INSURER, _AGE = 15, 11, 14, 8
_STATES: dict[str, tuple[str, Role]] = {
    "draft": ("·", Role.TEXT),
    "queued": ("▶", Role.STRONG),
    "sending": ("▶", Role.STRONG),
    "acknowledged": ("●", Role.GOOD),
    "accepted": ("●", Role.GOOD),
    "partial": ("▲", Role.WARN),
    "refused": ("■", Role.BAD),
    "paid": ("●", Role.GOOD),
    "rejected": ("■", Role.BAD),
    "superseded": ("·", Role.MUTED),
    "cancellation_requested": ("▲", Role.WARN),
    "cancelled": ("·", Role.MUTED),
    "blocked": ("▲", Role.WARN),
}
NEED_A_PERSON = ("rejected", "refused", "blocked")


def to_handle(items: tuple[WorkItem, ...]) -> int:
    """How many rows need a person."""
    return sum(item.state in NEED_A_PERSON and not item.handled for item in items)


def work_line(item: WorkItem, state: CounterState, snapshot: Snapshot, width: int, *, selected: bool = False) -> Line:
    """One row in `width` columns."""
    symbol, role = _sign(item)
    age = f"{age_text(snapshot.now - item.created_at):>{_AGE}}"
    insurer = f"{cut(item.insurer, _INSURER - 1):<{_INSURER}}" if width >= WIDE else ""
    known = f"{short_number(item.number):<5}{cut(state.shown_name(item.name), _NAME - 1):<{_NAME}}"
    head = f"{known}{amount_text(item):>{_AMOUNT}}  {insurer}"
    label = f"{text(f'state.{item.state}'):<11}"
    room = max(0, width - 2 - len(label) - len(head) - len(age))
    why = f"{cut(remark(item, snapshot, short=room < LONG_REMARK), room):<{room}}"
    if selected:
        return Span(f"{symbol} ", role), Span(label + head + why + age, Role.SELECTED)
    return Span(f"{symbol} {label}", role), Span(head + why + age)


def _sign(item: WorkItem) -> tuple[str, Role]:
    """That of its state, or of what is late about it."""
    if item.late == "alarm":
        return "■", Role.BAD
    return ("▲", Role.WARN) if item.late or item.unproved else state_sign(item.state)


def state_sign(state: str) -> tuple[str, Role]:
    """The symbol of a state, and how grave it is."""
    return _STATES.get(state, ("?", Role.WARN))


def work_lines(state: CounterState, room: Room, selected: int | None = None) -> list[Line]:
    """As many rows as fit; the selected one is always among them."""
    snapshot = state.snapshot
    if snapshot is None or not snapshot.items:
        return [(Span(text("work.empty"), Role.MUTED),)] if snapshot else []
    first = 0 if selected is None else first_shown(selected, room.height)
    rows = list(enumerate(snapshot.items))[first : first + room.height]
    return [work_line(item, state, snapshot, room.width, selected=index == selected) for index, item in rows]


def first_shown(selected: int, height: int) -> int:
    """The place of the first row that is drawn in `height` rows."""
    return max(0, selected - height + 1)


def short_number(number: str) -> str:
    """The part of a claim's number that people say: `0434` of `2026-0434`."""
    return number.rpartition("-")[2][-5:]


def amount_text(item: WorkItem) -> str:
    """The amount, or a dash when the dossier is not known here."""
    return money_text(item.amount) if item.name else "—"


def remark(item: WorkItem, snapshot: Snapshot, *, short: bool) -> str:
    """Why the claim is where it is, or what comes next."""
    if item.correctable:
        left = age_text(item.not_before - snapshot.now)
        return text("work.correctable_short" if short else "work.correctable", left=left)
    if (said := _answer(item, snapshot, short=short)) is not None:
        return said
    if item.late:
        full_key, short_key = _LATE[item.late]
        return text(short_key if short else full_key)
    if item.reason and (f"error.{item.reason}.what" in sentences() or item.state in _UNDER_WAY):
        return error_text(item.reason)[0]
    if item.state in _NEXT:
        offline = snapshot.status.link == "offline"
        return text("work.leaves_offline" if offline and item.state == "queued" else _NEXT[item.state])
    return item.reason or ""


def _answer(item: WorkItem, snapshot: Snapshot, *, short: bool) -> str | None:
    """What the insurer said of it: paid, why not, how much, until when."""
    if item.paid is not None:
        return text("work.paid", amount=item.paid)
    if item.agreed is None or item.state not in _ANSWERED:
        return (
            text("work.agreement_asked") if item.kind == "preauthorisation" and item.state == "acknowledged" else None
        )
    if item.state == "refused" and item.reason:
        return reason_texts(item.reason)[0]
    if item.until is not None:
        key = "work.agreement_expired" if item.until < snapshot.today else "work.agreement"
        return text(f"{key}_short" if short else key, until=item.until)
    return text("work.agreed", amount=item.agreed)


_UNDER_WAY = ("queued", "sending")
"""Here a reason is why a try failed: one that has no sentence is told by its code."""
_LATE = {
    "warn": ("work.late_warn", "work.late_warn_short"),
    "alarm": ("work.late_alarm", "work.late_alarm_short"),
}
_ANSWERED = ("accepted", "partial", "refused")
_NEXT = {
    "queued": "work.leaves",
    "sending": "work.sending",
    "acknowledged": "work.acknowledged",
    "blocked": "work.blocked",
    "rejected": "work.rejected",
}
