"""The letter of an insurer as a form: whom, which invitation, and the activation code twice.

Rules: pure; a wrong check symbol is said as soon as the code is whole; the second entry shows as dots and is typed,
unless the whole code came from a scanner, whose check symbol is proof enough.
"""

from collections.abc import Callable

from terminal.i18n import text
from terminal.tui.entry import EntryError
from terminal.tui.form_field import Field, Kind
from terminal.tui.form_model import Form
from terminal.tui.form_rows import Cell, FormRow, Gap, Heading, Remark, Row
from terminal.tui.request_lines import legible
from terminal.tui.spans import Role
from terminal.workflow.letters import code_fault, is_invitation, same_code
from terminal.workflow.office import Listed

CODE_WIDTH = 26
INVITATION_WIDTH = 9
AMC_WIDTH = 10
SHOWN = 6
"""Insurers that are listed with a figure; the others are named by their number."""


class MissingListed(EntryError):
    """No insurer is chosen."""

    code = "missing_listed"


class InvitationWrong(EntryError):
    """Not the number of an invitation."""

    code = "entry_invitation"


class CodesDiffer(EntryError):
    """Two entries of an activation code are not the same."""

    code = "entry_codes_differ"


class CodeWrong(EntryError):
    """The check symbol does not agree, or symbols are missing."""

    code = "entry_code_wrong"


def enrol_form(listed: int) -> Form:
    """The four fields, empty, for so many insurers; whom by figure, or by AMC number where there are many."""
    who = Field("insurer", Kind.DIGITS, AMC_WIDTH)
    who.give("1" if listed == 1 else "")
    return Form(
        [
            who,
            Field("invitation", Kind.FREE, INVITATION_WIDTH, complete=is_invitation),
            Field("code", Kind.FREE, CODE_WIDTH, complete=_is_code),
            Field("code_again", Kind.FREE, CODE_WIDTH, blind=True, complete=_is_code),
        ]
    )


def enrol_rows(form: Form, listed: tuple[Listed, ...]) -> list[FormRow]:
    """The rows: whom one can choose, then what the letter says."""
    form["code"].blind = form.active == "code_again"
    names = [Remark(_named(number, one), Role.STRONG) for number, one in enumerate(listed[:SHOWN], start=1)]
    return [
        Heading(1, text("enrol.whom")),
        *(names or [Remark(text("enrol.nobody"), Role.WARN), Remark(text("enrol.nobody_todo"))]),
        *([Remark(text("enrol.more", count=len(listed) - SHOWN), Role.MUTED)] if len(listed) > SHOWN else []),
        Row(text("enrol.insurer"), (Cell("insurer"),), *_whom_hint(form, listed)),
        Gap(),
        Heading(2, text("enrol.letter")),
        Row(text("enrol.invitation"), (Cell("invitation"),), (text("enrol.invitation_hint"),), Role.MUTED),
        Row(text("enrol.code"), (Cell("code"),), *_code_hint(form["code"].text)),
        Row(text("enrol.code_again"), (Cell("code_again"),), *_again_hint(form)),
        Gap(),
        Remark(text("enrol.never_leaves"), Role.MUTED),
    ]


def scanned_whole(form: Form) -> None:
    """The code came in one piece: its check symbol stands for the second entry."""
    if _is_code(form["code"].text):
        form["code_again"].give(form["code"].text)


def read_letter(form: Form, listed: tuple[Listed, ...]) -> tuple[Listed, str, str]:
    """Whom, invitation and code; EntryError, with the cursor at what is wrong."""
    chosen = _chosen(form, listed)
    if chosen is None:
        form.go("insurer")
        raise MissingListed
    for key, holds, error in _CHECKS:
        if not holds(form):
            form.go(key)
            raise error
    return chosen, form["invitation"].text, form["code"].text


def _chosen(form: Form, listed: tuple[Listed, ...]) -> Listed | None:
    """By the figure before the name, or by the AMC number."""
    typed = form["insurer"].text
    if len(typed) == 1 and 1 <= int(typed) <= min(len(listed), SHOWN):
        return listed[int(typed) - 1]
    return next((one for one in listed if one.amc == typed), None)


def _whom_hint(form: Form, listed: tuple[Listed, ...]) -> tuple[tuple[str, ...], Role]:
    """Who was chosen, and where they say that they host."""
    chosen = _chosen(form, listed)
    if chosen is None:
        return (text("enrol.whom_hint"),), Role.MUTED
    name, hosting = legible(chosen.name), legible(chosen.hosting)
    return (text("enrol.hosted", name=name, hosting=hosting), hosting), Role.GOOD


def _named(number: int, one: Listed) -> str:
    said = text("enrol.already") if one.enrolled else one.file
    return f"{number}  {legible(one.name)}  {one.amc}" + (f"  ({said})" if said else "")


def _code_hint(typed: str) -> tuple[tuple[str, ...], Role]:
    fault = code_fault(typed)
    if fault is None:
        return (text("enrol.code_right"), text("enrol.code_right_short")), Role.GOOD
    if fault == "short":
        return (text("enrol.code_hint"), text("enrol.code_hint_short")), Role.MUTED
    return (text("enrol.code_wrong"), text("enrol.code_wrong_short")), Role.BAD


def _again_hint(form: Form) -> tuple[tuple[str, ...], Role]:
    if not _is_code(form["code_again"].text) or not _is_code(form["code"].text):
        return (text("enrol.again_hint"), text("enrol.again_hint_short")), Role.MUTED
    if same_code(form["code"].text, form["code_again"].text):
        return (text("enrol.again_same"),), Role.GOOD
    return (text("enrol.again_differs"),), Role.BAD


def _is_code(typed: str) -> bool:
    return code_fault(typed) is None


_CHECKS: tuple[tuple[str, Callable[[Form], bool], EntryError], ...] = (
    ("invitation", lambda form: is_invitation(form["invitation"].text), InvitationWrong()),
    ("code", lambda form: _is_code(form["code"].text), CodeWrong()),
    (
        "code_again",
        lambda form: _is_code(form["code_again"].text) and same_code(form["code"].text, form["code_again"].text),
        CodesDiffer(),
    ),
)
