"""The enrolments as lines: whether the insurer answers, how long the certificate holds, since when.

Rules: pure; a word and a sign before a colour; two lines each, and what is wrong is said by the message row.
"""

from collections.abc import Mapping

from terminal.i18n import date_text, text
from terminal.tui.request_lines import legible
from terminal.tui.spans import Line, Role, Room, Span, cut
from terminal.workflow.office import Enrolment

REVOKED = "certificate_revoked"
_EACH = 2
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
    """Two lines an insurer; the selected one is among them. `reached`: a code by AMC number, empty when it answered."""
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


def _row(one: Enrolment, reached: Mapping[str, str], width: int, *, selected: bool) -> tuple[Line, Line]:
    standing = standing_of(one, reached)
    sign, role = STANDINGS[standing]
    said = text(f"insurers.{standing}")
    name = cut(legible(one.name), max(10, width - len(said) - 16))
    head = f"{name:<{max(10, width - len(said) - 14)}}{one.amc:<11}"
    first = Span(head, Role.SELECTED if selected else Role.STRONG)
    until = date_text(one.until) if one.until else "—"
    facts = [
        text("insurers.until", until=until),
        text("insurers.keys", version=one.keys if one.keys is not None else "—"),
        text("insurers.since", day=date_text(one.since)),
        legible(one.hosting),
    ]
    return (Span(f"{sign} ", role), first, Span(said, role)), (Span(cut("  " + " · ".join(facts), width)),)
