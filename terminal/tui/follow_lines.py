"""What became of a claim, as lines: what was said, what it means, what can be done, when what happened.

Rules: pure; a state is a word and a symbol before it is a colour; a reason is put into French, or shown as the code it
is; what can be done is numbered, and a number stands there only when it does something; an amount that is not decided
is a dash.
"""

from collections.abc import Iterator
from textwrap import wrap

from terminal.i18n import date_text, moment_text, money_text, reason_texts, text
from terminal.tui.request_lines import legible
from terminal.tui.spans import BLANK, Line, Role, Span, cut
from terminal.tui.state import CounterState, Snapshot
from terminal.tui.work_lines import state_sign
from terminal.wording import act_text
from terminal.workflow.followed import FollowAct, FollowLine, FollowUp

_ASKED_TWICE: tuple[FollowAct, ...] = ("request_cancellation", "abandon")
"""Acts that cannot be taken back."""
_PLACES = {("frame", None): "frame", ("lens", "right"): "od", ("lens", "left"): "og"}
_UNKNOWN = "—"


def is_asked_twice(act: FollowAct) -> bool:
    """Whether a person says it twice."""
    return act in _ASKED_TWICE


def follow_lines(followed: FollowUp, state: CounterState, snapshot: Snapshot, width: int) -> list[Line]:
    """The page in `width` columns."""
    parts = (
        _head(followed, state, width),
        _meaning(followed, width),
        _decided(followed, width),
        _acts(followed, width),
        _history(followed, snapshot, width),
    )
    lines: list[Line] = []
    for part in parts:
        found = list(part)
        lines += [*([BLANK] if lines and found else []), *found]
    return lines


def _head(followed: FollowUp, state: CounterState, width: int) -> Iterator[Line]:
    item = followed.item
    symbol, role = state_sign(item.state)
    asks = item.kind == "preauthorisation"
    word = text("follow.agreement_state" if asks else "follow.state", state=text(f"state.{item.state}"))
    by = text("follow.by", insurer=legible(item.insurer)) if followed.decided_on else legible(item.insurer)
    when = text("follow.on", day=followed.decided_on) if followed.decided_on else ""
    yield (Span(cut(f"{symbol} {word} {by} {when}".rstrip(), width), role),)
    name = state.shown_name(item.name) if item.name else ""
    yield (Span(cut(text("follow.whose", name=name, amount=item.amount), width)),)
    if followed.number and item.until:
        words = text("follow.expired" if followed.expired else "follow.valid", number=followed.number, until=item.until)
        yield (Span(cut(words, width), Role.BAD if followed.expired else Role.GOOD),)


def _meaning(followed: FollowUp, width: int) -> Iterator[Line]:
    """The reasons of the insurer and what to do about each; those of lines stand here too, each once."""
    of_lines = (reason for line in followed.lines for reason in line.reasons)
    codes = tuple(dict.fromkeys((*followed.reasons, *of_lines)))
    if codes:
        yield (Span(text("follow.meaning"), Role.TITLE),)
    for code in codes:
        what, todo = reason_texts(code)
        yield from _wrapped(what, width, Role.STRONG)
        yield from _wrapped(todo, width)
    if followed.odd:
        yield from _wrapped(text("follow.odd"), width, Role.WARN)


def _decided(followed: FollowUp, width: int) -> Iterator[Line]:
    if all(line.agreed is None for line in followed.lines):
        return
    yield (Span(text("follow.lines"), Role.TITLE),)
    for line in followed.lines:
        yield _line(line, width)


def _line(line: FollowLine, width: int) -> Line:
    key = _PLACES.get((line.item, line.eye))
    name = text(f"detail.place_{key}") if key else line.lpp_code
    agreed = _UNKNOWN if line.agreed is None else money_text(line.agreed)
    role = Role.GOOD if line.agreed == line.asked else Role.WARN if line.agreed else Role.BAD
    words = text("follow.line", what=f"{name:<8}", asked=f"{money_text(line.asked):>11}", agreed=f"{agreed:>11}")
    return (Span(cut(f"  {words}", width), role),)


def _acts(followed: FollowUp, width: int) -> Iterator[Line]:
    if not followed.acts:
        return
    yield (Span(text("follow.can_do"), Role.TITLE),)
    for number, act in enumerate(followed.acts, start=1):
        yield Span(f" {number} ", Role.KEY), Span(cut(f" {act_text(act, followed.item.kind)}", max(0, width - 3)))


def _history(followed: FollowUp, snapshot: Snapshot, width: int) -> Iterator[Line]:
    yield (Span(text("follow.history"), Role.TITLE),)
    item = followed.item
    told = [text("follow.registered", when=moment_text(item.created_at, snapshot.now))]
    if followed.received_at:
        told.append(text("follow.received", when=moment_text(followed.received_at, snapshot.now)))
    if followed.decided_on:
        told.append(text("follow.answered", day=date_text(followed.decided_on)))
    for part in followed.paid:
        paid = {"day": part.day, "amount": part.amount, "reference": legible(part.reference)}
        told.append(text("follow.paid", **paid))
    for sentence in told:
        yield from _wrapped(sentence, width)


def _wrapped(sentence: str, width: int, role: Role = Role.TEXT) -> Iterator[Line]:
    for part in wrap(sentence, max(20, width - 2), initial_indent="  ", subsequent_indent="  "):
        yield (Span(part, role),)
