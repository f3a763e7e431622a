"""Document requests as lines: which wait, what is asked, and exactly what would leave.

Rules: pure; no person is named, a claim by its number and a document by its kind; whatever an insurer wrote is cut to
the signs that a console has; each member of the answer is shown, so that nothing leaves unseen.
"""

from collections.abc import Iterator
from datetime import date
from textwrap import wrap
from typing import TYPE_CHECKING

from terminal.i18n import date_text, text
from terminal.tui.spans import Line, Role, Room, Span, cut
from terminal.workflow.types import AskedDocument

if TYPE_CHECKING:
    from terminal.workflow.types import DocumentAnswer, RefusalReason

REASONS: "tuple[RefusalReason, ...]" = ("ground_insufficient", "not_needed", "not_held", "erased")
"""The reasons of a refusal, as 1, 2, 3, 4."""
_NUMBER, _INSURER, _EACH = 12, 24, 2
_LABEL = 14
_BEYOND_LATIN = "’œŒ€…–—"


def request_list(asked: tuple[AskedDocument, ...], today: date, room: Room, selected: int) -> list[Line]:
    """Two lines a request; the selected one is among them."""
    if not asked:
        return [(Span(text("request.none"), Role.MUTED),)]
    fitting = max(1, room.height // _EACH)
    first = max(0, selected - fitting + 1)
    rows = list(enumerate(asked))[first : first + fitting]
    return [line for place, one in rows for line in _listed(one, today, room.width, selected=place == selected)]


def request_head(asked: AskedDocument, today: date, width: int) -> list[Line]:
    """Who asks for what, on what ground, until when."""
    ground = wrap(f"« {legible(asked.ground)} »", max(20, width - _LABEL)) or [""]
    return [
        _labelled("request.insurer", legible(asked.insurer_name or asked.insurer)),
        _labelled("request.asked", document_text(asked)),
        _labelled("request.ground", ground[0]),
        *((Span(" " * _LABEL + part),) for part in ground[1:]),
        _labelled("request.until", _until(asked, today), Role.BAD if asked.late else Role.STRONG),
    ]


def leaving_lines(answer: "DocumentAnswer", width: int) -> list[Line]:
    """Every member of the answer that would leave, what matters first."""
    if answer.verdict == "refused":
        told = [text("request.leaves_refusal", reason=text(f"request.reason_{answer.reason}"))]
    else:
        told = list(_told(answer))
    return [
        (Span(text("request.leaves"), Role.TITLE),),
        *((Span(f"  {line}", Role.STRONG),) for line in told),
        *((Span(f"  {part}"),) for part in wrap(_with(answer), max(20, width - 2))),
    ]


def reason_lines() -> list[Line]:
    """The reasons to choose from."""
    return [
        (Span(text("request.which_reason"), Role.TITLE),),
        *(
            (Span(f"  {number}  ", Role.STRONG), Span(text(f"request.reason_{reason}")))
            for number, reason in enumerate(REASONS, start=1)
        ),
    ]


def document_text(asked: AskedDocument) -> str:
    """The kind of document, in French."""
    return text(f"cli.request.document_{asked.document}") if asked.document else ""


def legible(words: str) -> str:
    """What somebody else wrote, in the signs of a console; no control sign passes."""
    return "".join(sign if _is_legible(sign) else "?" for sign in words)


def _is_legible(sign: str) -> bool:
    return sign.isprintable() and (ord(sign) < 0x100 or sign in _BEYOND_LATIN)


def _listed(asked: AskedDocument, today: date, width: int, *, selected: bool) -> Iterator[Line]:
    role = Role.BAD if asked.late else Role.WARN
    head = f"{cut(asked.number, _NUMBER - 1):<{_NUMBER}}{cut(legible(asked.insurer_name), _INSURER - 1):<{_INSURER}}"
    line = cut(f"{head}{_until(asked, today)}", max(0, width - 2))
    yield Span("■ " if asked.late else "▲ ", role), Span(line, Role.SELECTED if selected else Role.STRONG)
    yield (Span(cut(f"  {document_text(asked)} · {legible(asked.ground)}", width)),)


def _until(asked: AskedDocument, today: date) -> str:
    if asked.deadline is None:
        return ""
    days = (asked.deadline - today).days
    key = "request.late" if asked.late else "request.today" if not days else "request.days"
    return text(key, deadline=asked.deadline, days=days)


def _labelled(key: str, words: str, role: Role = Role.TEXT) -> Line:
    return Span(f"{text(key):<{_LABEL}}", Role.MUTED), Span(words, role)


def _told(answer: "DocumentAnswer") -> Iterator[str]:
    for one in answer.openings:
        yield text("request.leaves_code", line=one.line + 1, code=one.code)
    if answer.last_equipment_date is not None:
        yield text("request.leaves_date", day=date_text(answer.last_equipment_date))
    if answer.early_renewal is not None:
        yield text("request.leaves_attestation")
    if answer.invoice_reference is not None:
        yield text("request.leaves_invoice", reference=answer.invoice_reference)


def _with(answer: "DocumentAnswer") -> str:
    """The members that every answer has; salts are long and mean nothing to a reader: they are named, not shown."""
    salts = text("request.leaves_salts") if answer.openings else ""
    routing = "/".join(part for part in (answer.insurer, answer.convention, answer.csr) if part)
    numbers = text(
        "request.leaves_numbers",
        claim=answer.claim_id,
        request=answer.request_id,
        shop=answer.shop,
        routing=routing,
    )
    return f"{salts} {numbers}".strip()
