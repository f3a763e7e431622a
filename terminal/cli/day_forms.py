"""The day's sheet as CSV, as text and as PDF.

Rules: the CSV is what a French spreadsheet opens (semicolons, decimal commas, UTF-8 with its mark), and no cell of it
is a formula; text and PDF show the same lines. An unknown amount is an empty cell, never a zero. The PDF has the
standard fonts: a sign they lack loses its accent, or becomes a question mark; the CSV is exact.
"""

import csv
import io
import unicodedata
from typing import TYPE_CHECKING, Final

from terminal.i18n import NBSP, PARIS, date_text, money_text, text
from terminal.workflow.day_sheet import DayLine, DaySheet, InsurerDay

if TYPE_CHECKING:
    from fpdf import FPDF

AMOUNTS: Final = ("price", "amo", "amc", "reste_a_charge")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_PRINTED: Final = ("number", "insurer", *AMOUNTS, "state")
_WIDTHS: Final = (26, 62, 30, 30, 30, 32, 30)
_NAMED: Final = 40
_HEIGHT: Final = 6.0


def csv_bytes(sheet: DaySheet) -> bytes:
    """The sheet as CSV, a line of titles first."""
    written = io.StringIO()
    table = csv.writer(written, delimiter=";", lineterminator="\r\n")
    named = ("name",) if sheet.with_names else ()
    titles = ("number", "claim", "insurer_number", "insurer", *AMOUNTS, "state", *named)
    table.writerow([text(f"cli.day.{title}") for title in titles])
    for line in sheet.lines:
        known = [line.number, line.claim_id, line.insurer, line.insurer_name, *map(_decimal, _amounts(line))]
        shown = [*known, text(f"state.{line.state}"), *([line.name] if sheet.with_names else [])]
        table.writerow([_harmless(cell) for cell in shown])
    return b"\xef\xbb\xbf" + written.getvalue().encode("utf-8")


def text_lines(sheet: DaySheet) -> list[str]:
    """The sheet as lines of text, of 80 columns without names."""
    lines = [_title(sheet), text("cli.day.shop", name=sheet.shop_name, shop=sheet.shop), ""]
    titles = [text(f"cli.day.{name}") for name in ("number", "insurer", "amc", "reste_a_charge", "state")]
    lines.append(_columns(titles))
    for line in sheet.lines:
        cells = [line.number, line.insurer_name, _money(line.amc), _money(line.reste_a_charge)]
        lines.append(f"{_columns([*cells, text(f'state.{line.state}')])}  {line.name}".rstrip())
    return [*lines, "", *_totals(sheet)]


def ticket_lines_of(sheet: DaySheet) -> list[str]:
    """The sheet for a ticket printer: the title, a line for each insurer, the totals."""
    insurers = [
        text("cli.day.ticket_insurer", name=one.name[:20], count=one.claims, amc=money_text(_all_of(one)))
        for one in sheet.by_insurer()
    ]
    shop = text("cli.day.shop", name=sheet.shop_name, shop=sheet.shop)
    return [_title(sheet), shop, "", *insurers, "", *_totals(sheet)]


def _all_of(one: InsurerDay) -> int:
    return one.sent + one.waiting + one.rejected


def pdf_bytes(sheet: DaySheet) -> bytes:
    """The sheet as a PDF, A4 lying."""
    from fpdf import FPDF

    pdf = FPDF(orientation="landscape", format="A4")
    pdf.set_creation_date(sheet.made_at)
    pdf.set_title(_printable(_title(sheet)))
    pdf.add_page()
    pdf.set_font("helvetica", style="B", size=13)
    _write(pdf, _title(sheet))
    pdf.set_font("helvetica", size=10)
    _write(pdf, text("cli.day.shop", name=sheet.shop_name, shop=sheet.shop))
    pdf.ln(_HEIGHT)
    named = sheet.with_names
    _row(pdf, [text(f"cli.day.{name}") for name in (*_PRINTED, *(("name",) if named else ()))])
    for line in sheet.lines:
        amounts = [_money(amount) for amount in _amounts(line)]
        cells = [line.number, line.insurer_name, *amounts, text(f"state.{line.state}")]
        _row(pdf, [*cells, line.name] if named else cells)
    pdf.ln(_HEIGHT)
    for total in _totals(sheet):
        _write(pdf, total)
    return bytes(pdf.output())


def _title(sheet: DaySheet) -> str:
    return text(
        "cli.day.title", day=date_text(sheet.day), made=sheet.made_at.astimezone(PARIS).strftime("%d/%m/%Y %H:%M")
    )


def _totals(sheet: DaySheet) -> list[str]:
    states = dict.fromkeys(line.state for line in sheet.lines)
    counts = [(state, [line for line in sheet.lines if line.state == state]) for state in states]
    by_state = [_of_state(state, some) for state, some in counts]
    unknown = sum(line.amc is None for line in sheet.lines)
    amc, price = (money_text(sheet.total(amount)) for amount in ("amc", "price"))
    whole = text("cli.day.total", count=len(sheet.lines), amc=amc, price=price)
    return [*by_state, whole, *([text("cli.day.unknown", count=unknown)] if unknown else [])]


def _of_state(state: str, lines: list[DayLine]) -> str:
    amc = money_text(sum(line.amc or 0 for line in lines))
    return text("cli.day.of_state", state=text(f"state.{state}"), count=len(lines), amc=amc)


def _amounts(line: DayLine) -> list[int | None]:
    return [getattr(line, name) for name in AMOUNTS]


def _columns(cells: list[str]) -> str:
    number, insurer, amc, rest, state = cells
    return f"{number:<12} {insurer[:24]:<24} {amc:>13} {rest:>14} {state:<12}".rstrip()


def _decimal(cents: int | None) -> str:
    return "" if cents is None else f"{cents // 100},{cents % 100:02d}"


def _money(cents: int | None) -> str:
    return "" if cents is None else money_text(cents)


def _harmless(cell: str) -> str:
    """The cell as text: a spreadsheet would run what begins like a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _row(pdf: "FPDF", cells: list[str]) -> None:
    for width, cell, name in zip((*_WIDTHS, _NAMED), cells, (*_PRINTED, "name"), strict=False):
        pdf.cell(width, _HEIGHT, _printable(cell), border=1, align="R" if name in AMOUNTS else "L")
    pdf.ln(_HEIGHT)


def _write(pdf: "FPDF", line: str) -> None:
    pdf.cell(0, _HEIGHT, _printable(line), new_x="LMARGIN", new_y="NEXT")


def _printable(line: str) -> str:
    """What the standard fonts can show (Latin-1); the euro by its letters."""
    spelled = line.replace("€", "EUR").replace(NBSP, " ").replace("’", "'").replace("Œ", "OE").replace("œ", "oe")
    try:
        spelled.encode("latin-1")
    except UnicodeEncodeError:
        folded = unicodedata.normalize("NFKD", spelled)
        return (
            "".join(sign for sign in folded if not unicodedata.combining(sign))
            .encode("latin-1", "replace")
            .decode("latin-1")
        )
    return spelled
