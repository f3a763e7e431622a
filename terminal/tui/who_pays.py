"""The panel "Qui paie quoi".

Rules: what is uncertain in a quote is said under it, never hidden; a dash until there is a quote, never a reassuring
0,00; the complementary part is an estimate as long as no agreement says otherwise.
"""

from textwrap import wrap

from terminal.domain.agreement import Agreement
from terminal.domain.pricing import Quote
from terminal.i18n import money_text, text, warning_text
from terminal.tui.spans import BLANK, Line, Role, Span, left_right
from terminal.workflow.types import QuoteAnswer

UNKNOWN = "—"


def who_pays_lines(answer: QuoteAnswer | None, *, offline: bool, width: int) -> list[Line]:
    """The lines of the panel in `width` columns."""
    quote = answer.quote if answer else None
    total = quote.total if quote else None
    lines = [
        _amount("who_pays.total", total.price if total else None, width, Role.TEXT),
        BLANK,
        _amount("who_pays.amo_short" if width < 26 else "who_pays.amo", total.amo if total else None, width, Role.TEXT),
        _amount("who_pays.amc", total.amc if total else None, width, Role.TEXT),
        BLANK,
        _amount(
            "who_pays.reste",
            total.reste_a_charge if total else None,
            width,
            Role.GOOD if total and not total.reste_a_charge else Role.STRONG,
        ),
        BLANK,
    ]
    if answer is not None and quote is not None:
        sure = _agreement(answer.agreement, width) if answer.agreement else _estimate(quote, offline=offline)
        lines += [*sure, *_beside(answer, width), *_warnings(quote, width)]
    return lines


def _amount(key: str, cents: int | None, width: int, role: Role) -> Line:
    shown = UNKNOWN if cents is None else money_text(cents)
    return left_right((Span(text(key), role),), (Span(shown, role),), width, role)


def _estimate(quote: Quote, *, offline: bool) -> list[Line]:
    if not quote.total.amc:
        return []
    following = ("who_pays.offline_1", "who_pays.offline_2") if offline else ("who_pays.online_1", "who_pays.online_2")
    return [(Span(text("who_pays.estimated"), Role.WARN),), *((Span(text(key)),) for key in following)]


def _agreement(agreement: Agreement, width: int) -> list[Line]:
    """The insurer's word, in the place of an estimate."""
    said = text("who_pays.agreement", number=agreement.number, until=agreement.until)
    return [(Span(part, Role.GOOD),) for part in wrap(said, max(width, 10))]


def _beside(answer: QuoteAnswer, width: int) -> list[Line]:
    """The class A equipment that must be offered too, an early renewal, and what was delivered before."""
    said: list[tuple[str, Role]] = []
    if answer.offer is not None:
        total = answer.offer.quote.total if answer.offer.quote else None
        reste = text("who_pays.class_a", reste=total.reste_a_charge) if total else text("who_pays.class_a_unknown")
        said.append((reste, Role.TEXT))
    if answer.renewal is not None and answer.renewal.early:
        said.append((f"▲ {text('who_pays.early')}", Role.WARN))
    for one in answer.earlier[:1]:
        said.append((f"▲ {text('who_pays.earlier', day=one.day, number=one.number or '?')}", Role.WARN))
    return [(Span(part, role),) for sentence, role in said for part in wrap(sentence, max(width, 10))]


def _warnings(quote: Quote, width: int) -> list[Line]:
    """What is uncertain or was adjusted, each said once however many lines it concerns."""
    said = {warning.code: warning_text(warning.code, warning.facts) for warning in quote.warnings}
    wrapped = (part for sentence in said.values() for part in wrap(f"▲ {sentence}", max(width, 10)))
    return [(Span(part, Role.WARN if part.startswith("▲") else Role.TEXT),) for part in wrapped]
