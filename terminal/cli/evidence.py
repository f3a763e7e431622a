"""`evidence`: what the terminal can show of how it treats data. No name and no NIR is ever printed here."""

import argparse
from datetime import datetime
from typing import Final

import msgspec

from sync.queue.tables import instant
from terminal.cli.output import Answer
from terminal.cli.session import logged_in
from terminal.i18n import PARIS, error_text, text
from terminal.vault.journal import DONE, Entry
from terminal.workflow.read_journal import read_journal

_MARK: Final = 12
"""Signs of a pseudonym that a line shows: enough to tell the people of one shop apart."""


def journal(arguments: argparse.Namespace) -> Answer:
    """The access journal, newest entries last."""
    with logged_in(arguments) as desk:
        entries = read_journal(desk, arguments.limit, arguments.claim)
    shown = [{**msgspec.to_builtins(entry), "at": instant(entry.at).isoformat()} for entry in entries]
    return Answer({"entries": shown}, [_line(entry) for entry in entries])


def _line(entry: Entry) -> str:
    outcome = text("cli.journal.done") if entry.outcome == DONE else error_text(entry.outcome)[0]
    return text(
        "cli.journal_line",
        entry=entry.entry,
        at=_moment(instant(entry.at)),
        who=entry.who or text("cli.journal.nobody"),
        what=text(f"cli.journal.act_{entry.what}"),
        whom=entry.whom[:_MARK] or "-",
        subject=entry.subject or "-",
        origin=text(f"cli.journal.from_{entry.origin}"),
        outcome=outcome,
    )


def _moment(at: datetime) -> str:
    return at.astimezone(PARIS).strftime("%d/%m/%Y %H:%M:%S")
