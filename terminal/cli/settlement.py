"""`settlement read FILE`: an insurer's file of one day, taken in and compared. No name is printed."""

import argparse
from typing import Any

import msgspec

from sync.durable import medium_errors
from terminal.cli.output import DONE, REFUSED, Answer
from terminal.cli.session import logged_in
from terminal.i18n import date_text, money_text, text
from terminal.workflow.settlement import Compared, SettlementRead, read_settlement


def read(arguments: argparse.Namespace) -> Answer:
    """Status 1 when something differs, is unknown here, or could not be taken in."""
    with medium_errors():
        content = arguments.file.read_bytes()
    with logged_in(arguments) as desk:
        found = read_settlement(desk, content)
    return Answer(_json(found), _lines(found), DONE if found.agrees else REFUSED)


def _json(found: SettlementRead) -> dict[str, Any]:
    lines = [
        {**msgspec.to_builtins(one.line), "finding": one.finding, "state_here": one.state, "number": one.number}
        for one in found.lines
    ]
    return {
        "insurer": found.insurer,
        "day": found.settlement.day.isoformat(),
        "agreed": found.settlement.agreed,
        "paid": found.settlement.paid,
        "events": found.events,
        "gap": found.gap,
        "claims": lines,
        "no_word": list(found.no_word),
        "not_received": list(found.not_received),
    }


def _lines(found: SettlementRead) -> list[str]:
    sheet = found.settlement
    said = [
        text("cli.settlement.title", insurer=found.insurer, day=date_text(sheet.day)),
        *(_line(one) for one in found.lines),
        text("cli.settlement.total", agreed=money_text(sheet.agreed), paid=money_text(sheet.paid)),
        text("cli.settlement.events", count=found.events),
    ]
    if found.gap:
        said.append(text("cli.settlement.gap"))
    said += [text("cli.settlement.no_word", claim=claim_id) for claim_id in found.no_word]
    return said + [text("cli.settlement.not_received", claim=claim_id) for claim_id in found.not_received]


def _line(one: Compared) -> str:
    state = text(f"state.{one.line.state}")
    amounts = {"agreed": money_text(one.line.agreed), "paid": money_text(one.line.paid)}
    finding = text(f"cli.settlement.{one.finding}", state=text(f"state.{one.state}") if one.state else "")
    return text("cli.settlement.line", number=one.number, state=state, **amounts, finding=finding)
