"""Everything there is to say about a quote: why each code, why each amount with its source, the class A equipment.

Rules: pure; nothing is computed here, the domain has explained it; a line that is too long is wrapped, never cut. The
reason of a code holds the correction: it is shown while the claim is written, and nothing keeps it.
"""

from collections.abc import Iterator
from textwrap import wrap

from terminal.domain.explanation import explain
from terminal.i18n import date_text, money_text, text, warning_text
from terminal.tui.claim_entry import Completed
from terminal.tui.claim_form import EYES
from terminal.tui.spans import Line, Role, Span
from terminal.wording import console, lens_notes, lens_reason, reason_text, source_text
from terminal.workflow.offer import ClassAOffer
from terminal.workflow.types import Delivered, QuoteAnswer

INDENT = "    "


def detail_lines(completed: Completed, answer: QuoteAnswer, width: int) -> list[Line]:
    """The lines of the page in `width` columns."""
    return [
        *_codes(completed, width),
        *_amounts(completed, answer, width),
        *_doubts(answer, width),
        *_offer(answer.offer, width),
        *_earlier(answer.earlier, width),
        *_tables(answer, width),
    ]


def code_reasons(completed: Completed) -> list[str]:
    """Why each lens that a correction chose has its code, one sentence an eye."""
    return [
        console(
            text("detail.code", eye=EYES[eye].upper(), code=str(choice.item.code), reason=lens_reason(choice.reason))
        )
        for eye, choice in completed.choices.items()
    ]


def _codes(completed: Completed, width: int) -> Iterator[Line]:
    if not completed.choices:
        return
    yield _title("detail.codes")
    for reason, choice in zip(code_reasons(completed), completed.choices.values(), strict=True):
        yield from _said(reason, width)
        for note in lens_notes(choice.notes):
            yield from _said(f"▲ {note}", width, Role.WARN)


def _amounts(completed: Completed, answer: QuoteAnswer, width: int) -> Iterator[Line]:
    yield _title("detail.amounts")
    reasons = explain(answer.quote)
    for number, (place, line) in enumerate(zip(completed.places, answer.quote.lines, strict=True), start=1):
        head = text("detail.line", what=text(f"detail.place_{place}"), code=str(line.lpp_code))
        yield from _said(f"{head}  {money_text(line.price)}", width, Role.STRONG)
        for reason in reasons:
            if reason.line == number:
                yield from _said(f"{reason_text(reason)}{source_text(reason)}", width)


def _doubts(answer: QuoteAnswer, width: int) -> Iterator[Line]:
    said = dict.fromkeys(warning_text(warning.code, warning.facts) for warning in answer.quote.warnings)
    for sentence in said:
        yield from _said(f"▲ {sentence}", width, Role.WARN)


def _offer(offer: ClassAOffer | None, width: int) -> Iterator[Line]:
    """The class A equipment that must be offered beside this one."""
    if offer is None:
        return
    yield _title("detail.class_a")
    for line in offer.lines:
        price = text("cli.unknown") if line.price is None else money_text(line.price)
        code, label = (str(line.item.code), line.item.label) if line.item else (text("cli.unknown"), "")
        yield from _said(text("detail.offer_line", code=code, price=price, label=label), width)
    if offer.quote is None:
        yield from _said(text("detail.offer_incomplete"), width, Role.WARN)
        return
    total = offer.quote.total
    shares = {"price": total.price, "amo": total.amo, "amc": total.amc, "reste": total.reste_a_charge}
    yield from _said(text("detail.offer_total", **shares), width, Role.STRONG)


def _earlier(earlier: tuple[Delivered, ...], width: int) -> Iterator[Line]:
    if earlier:
        yield _title("detail.earlier")
    for one in earlier:
        yield from _said(text("detail.delivered", day=one.day, number=one.number or "?"), width)


def _tables(answer: QuoteAnswer, width: int) -> Iterator[Line]:
    yield _title("detail.tables")
    since = date_text(answer.catalogue.effective_from)
    yield from _said(text("detail.catalogue", version=answer.catalogue.version, since=since), width)


def _title(key: str) -> Line:
    return (Span(f" {text(key)}", Role.TITLE),)


def _said(sentence: str, width: int, role: Role = Role.TEXT) -> Iterator[Line]:
    for part in wrap(console(sentence), max(20, width - len(INDENT)), subsequent_indent="  "):
        yield (Span(INDENT + part, role),)
