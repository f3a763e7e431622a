"""The two lines that are always in view: line and queue, then card, clock, disk, device secret, user and time.

Rules: "en ligne" is said of the last acknowledgement, never of a cable; number, amount and age of what waits are
never cut: on a narrow screen the words around them go first. Offline is amber on the whole band, for it is no fault;
red is for rejections and for what blocks: an untrusted clock, a disk below 5 % or its reserve spent, chains in
réconciliation, a claim without receipt after eight working days. Where the service that sends is not at work, that
stands in the place of the line, with what to do.
"""

from terminal.i18n import age_text, moment_text, money_text, text, time_text
from terminal.tui.card_slot import Slot
from terminal.tui.spans import Line, Role, Span, first_fitting, left_right, length
from terminal.tui.state import CounterState, Snapshot
from terminal.workflow.types import Status

DISK_FLOOR_PERCENT = 5
_GAP = "   "


def status_lines(state: CounterState, width: int) -> tuple[Line, Line]:
    """Both lines for a screen of `width` columns."""
    snapshot = state.snapshot
    if snapshot is None:
        return (Span(" " + text("status.reading"), Role.BAR_STRONG),), ()
    tone = _Tone(alarm=_is_down(snapshot.status))
    return _first(snapshot, tone, width), _second(state, snapshot, tone, width)


def ground_of(state: CounterState) -> Role:
    """The ground of the band: amber while the line is down, or nobody sends."""
    return Role.ALARM if state.snapshot is not None and _is_down(state.snapshot.status) else Role.BAR


def _is_down(status: Status) -> bool:
    return status.link == "offline" or status.sender != "working"


class _Tone:
    """The roles to use on a band that is amber or not."""

    def __init__(self, *, alarm: bool) -> None:
        self.plain = Role.ALARM if alarm else Role.BAR
        self.strong = Role.ALARM_STRONG if alarm else Role.BAR_STRONG
        self.warn = Role.ALARM_STRONG if alarm else Role.BAR_WARN
        self.bad = Role.ALARM_STRONG if alarm else Role.BAR_BAD


def _first(snapshot: Snapshot, tone: _Tone, width: int) -> Line:
    links, queues, rejects = _links(snapshot), _queues(snapshot), _rejects(snapshot.status.rejected)
    status = snapshot.status
    late = tone.bad if status.alarmed else tone.warn if status.warned else tone.strong
    steps = ((0, 0, 0), (1, 0, 0), (1, 1, 0), (1, 1, 1), (2, 1, 1), (2, 2, 1))
    lines = (
        left_right(
            (
                Span(f" {links[link]}{_GAP}", tone.strong),
                Span(queues[queue], late),
            ),
            (Span(rejects[reject], tone.bad),) if snapshot.status.rejected else (),
            width,
            tone.plain,
        )
        for link, queue, reject in steps
    )
    return first_fitting(lines, width)


def _links(snapshot: Snapshot) -> tuple[str, str, str]:
    status, last = snapshot.status, snapshot.status.last_receipt_at
    if status.sender in _SENDERS:
        full, short = (text(key) for key in _SENDERS[status.sender])
        return full, short, short
    if status.link == "offline":
        since = age_text(snapshot.now - last) if last else ""
        return (
            text("status.offline", since=since).rstrip(),
            text("status.offline", since=since).rstrip(),
            text("status.offline_short", since=since).rstrip(),
        )
    if status.link == "online" and last:
        plain = text("status.online")
        return text("status.online_since", time=moment_text(last, snapshot.now)), plain, plain
    unknown = text("status.unknown")
    return unknown, unknown, unknown


def _queues(snapshot: Snapshot) -> tuple[str, str, str]:
    status = snapshot.status
    if not status.waiting:
        return text("status.queue_empty"), text("status.queue_empty"), text("status.queue_empty_short")
    figures = [str(status.waiting)]
    if status.waiting_cents is not None:
        figures.append(money_text(status.waiting_cents))
    age = age_text(snapshot.now - status.oldest) if status.oldest else "?"
    return (
        text("status.queue", figures=" · ".join([*figures, text("status.oldest", age=age)])),
        text("status.queue_short", figures=" · ".join([*figures, text("status.oldest_short", age=age)])),
        " · ".join([*figures, age]),
    )


def _rejects(count: int) -> tuple[str, str]:
    words = text("status.rejects") if count > 1 else text("status.reject")
    return f"■ {count} {words} ", f"■ {count} "


def _second(state: CounterState, snapshot: Snapshot, tone: _Tone, width: int) -> Line:
    right = (Span(f"{state.user}  {time_text(snapshot.now)} ", tone.plain),)
    cards = {short: _card(state.slot.state, tone, short=short) for short in (False, True)}
    others = {short: _others(snapshot, tone, short=short) for short in (False, True)}
    steps = ((False, False), (False, True), (True, True))
    lines = [_joined([cards[card], *others[other]], gap, tone) for card, other in steps for gap in (_GAP, "  ")]
    return left_right(first_fitting(lines, width - length(right) - 1), right, width, tone.plain)


def _joined(facts: list[Span], gap: str, tone: _Tone) -> Line:
    spans = [Span(" ", tone.plain)]
    for fact in facts:
        spans += [fact, Span(gap, tone.plain)]
    return tuple(spans[:-1])


def _others(snapshot: Snapshot, tone: _Tone, *, short: bool) -> list[Span]:
    """Clock, disk and device secret."""
    status = snapshot.status
    facts = _alarms(status, tone, short=short)
    if not status.clock_trusted:
        facts.append(Span(text("status.clock_bad"), tone.bad))
    elif not facts:
        facts.append(Span(text("status.clock_ok"), tone.plain))
    low = status.disk_free_percent < DISK_FLOOR_PERCENT
    disk = text("status.disk_short" if short else "status.disk", percent=status.disk_free_percent)
    facts.append(Span(disk, tone.bad if low else tone.plain))
    if status.device_secret_weak:
        facts.append(Span(text("status.secret_weak_short" if short else "status.secret_weak"), tone.warn))
    return facts


def _alarms(status: Status, tone: _Tone, *, short: bool) -> list[Span]:
    """What stands before everything else, and in the place of a clock that is right.

    A damaged store, stopped chains, a spent reserve, late claims, old reference data, proofs that are due, an old
    backup.
    """
    alarms: list[Span] = []
    if status.damaged:
        alarms.append(Span(text("status.damaged_short" if short else "status.damaged"), tone.bad))
    if status.stopped is not None:
        alarms.append(Span(text("status.stopped_short" if short else "status.stopped"), tone.bad))
    if status.reserve_spent:
        alarms.append(Span(text("status.reserve_spent_short" if short else "status.reserve_spent"), tone.bad))
    alarms += _late(status, tone, short=short)
    if status.data is not None and status.data.late:
        alarms.append(Span(text("status.data_late_short" if short else "status.data_late"), tone.warn))
    if status.unproved:
        key = "status.unproved_short" if short else "status.unproved"
        alarms.append(Span(text(key, count=status.unproved), tone.warn))
    if status.backup_late:
        alarms.append(Span(text("status.backup_late_short" if short else "status.backup_late"), tone.warn))
    return alarms


def _late(status: Status, tone: _Tone, *, short: bool) -> list[Span]:
    """The claims that should have a receipt by now: the gravest alone."""
    if status.alarmed:
        key = "status.alarmed_short" if short else "status.alarmed"
        return [Span(text(key, count=status.alarmed), tone.bad)]
    key = "status.warned_short" if short else "status.warned"
    return [Span(text(key, count=status.warned), tone.warn)] if status.warned else []


_SENDERS = {
    "starting": ("status.sender_starting", "status.sender_starting_short"),
    "missing": ("status.sender_missing", "status.sender_missing_short"),
    "stuck": ("status.sender_stuck", "status.sender_stuck_short"),
}
_CARDS = {
    Slot.NO_READER: ("status.card_no_reader", "status.card_no_reader_short"),
    Slot.EMPTY: ("status.card_absent", "status.card_absent_short"),
    Slot.WAITING: ("status.card_waiting", "status.card_waiting_short"),
    Slot.READING: ("status.card_reading", "status.card_reading_short"),
    Slot.READ: ("status.card_read", "status.card_read_short"),
    Slot.FAILED: ("status.card_failed", "status.card_failed_short"),
    Slot.HAND_BACK: ("status.card_hand_back", "status.card_hand_back_short"),
}
_ASKING = (Slot.WAITING, Slot.FAILED, Slot.HAND_BACK, Slot.NO_READER)


def _card(slot: Slot, tone: _Tone, *, short: bool) -> Span:
    full_key, short_key = _CARDS[slot]
    return Span(text(short_key if short else full_key), tone.warn if slot in _ASKING else tone.plain)
