"""The enrolments as lines: whether the insurer answers, how long the certificate holds, since when.

Rules: pure; a word and a sign before a colour; where each says that it hosts is never cut away; what is wrong is said
by the message row.
"""

from collections.abc import Mapping

from terminal.i18n import date_text, text
from terminal.tui.request_lines import legible
from terminal.tui.spans import Line, Role, Room, Span, cut
from terminal.workflow.office import Enrolment

REVOKED = "certificate_revoked"
_EACH = 3
_AMC, _STANDING = 11, 18
STANDINGS = {
    "answers": ("●", Role.GOOD),
    "asking": ("·", Role.TEXT),
    "ending": ("▲", Role.WARN),
    "silent": ("▲", Role.WARN),
    "trouble": ("▲", Role.WARN),
    "over": ("■", Role.BAD),
    "revoked": ("■", Role.BAD),
    "unreadable": ("■", Role.BAD),
}


def insurer_lines(found: tuple[Enrolment, ...], reached: Mapping[str, str], room: Room, selected: int) -> list[Line]:
    """Three lines an insurer; the selected one is in view. `reached`: a code by AMC number, empty when it answered."""
    if not found:
        return [(Span(text("insurers.none"), Role.MUTED),)]
    fitting = max(1, room.height // _EACH)
    first = max(0, selected - fitting + 1)
    rows = list(enumerate(found))[first : first + fitting]
    return [line for place, one in rows for line in _row(one, reached, room.width, selected=place == selected)]


def standing_of(one: Enrolment, reached: Mapping[str, str]) -> str:
    """How an enrolment is, the gravest first, as a key of its words."""
    code = reached.get(one.amc)
    if code == REVOKED or (code is None and one.trouble == REVOKED):
        return "revoked"
    if one.certificate in ("over", "unreadable"):
        return one.certificate
    if code:
        return "silent"
    if one.trouble is not None and code is None:
        return "trouble"
    if one.certificate == "ending":
        return "ending"
    return "asking" if code is None else "answers"


def trouble_of(one: Enrolment, reached: Mapping[str, str]) -> str | None:
    """The code of what is wrong, if anything is."""
    return reached.get(one.amc) or one.trouble


def _row(one: Enrolment, reached: Mapping[str, str], width: int, *, selected: bool) -> tuple[Line, ...]:
    standing = standing_of(one, reached)
    sign, role = STANDINGS[standing]
    said = f"{text(f'insurers.{standing}'):>{_STANDING}}"
    room = max(10, width - 2 - _AMC - _STANDING)
    head = f"{cut(legible(one.name), room - 1):<{room}}{one.amc:<{_AMC}}"
    facts = [
        text("insurers.until", until=date_text(one.until) if one.until else "—"),
        text("insurers.keys", version=one.keys if one.keys is not None else "—"),
        text("insurers.since", day=date_text(one.since)),
    ]
    return (
        (Span(f"{sign} ", role), Span(head, Role.SELECTED if selected else Role.STRONG), Span(said, role)),
        (Span(cut("  " + " · ".join(facts), width)),),
        (Span(cut("  " + text("insurers.hosted", hosting=legible(one.hosting)), width), Role.MUTED),),
    )
