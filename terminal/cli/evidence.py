"""`evidence`: what the terminal can show of how it treats data. No name and no NIR is ever printed here."""

import argparse
from datetime import datetime
from typing import Final

import msgspec

from sync.queue.tables import instant
from terminal.cli.output import Answer
from terminal.cli.session import desk_of, logged_in
from terminal.i18n import PARIS, error_text, text
from terminal.vault.erasure import Erasures, read_certificate
from terminal.vault.journal import DONE, Entry
from terminal.vault.sent_fields import SentFields
from terminal.workflow.access import MACHINE
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
        who=text("cli.journal.nobody") if entry.who in ("", MACHINE) else entry.who,
        what=text(f"cli.journal.act_{entry.what}"),
        whom=entry.whom[:_MARK] or "-",
        subject=entry.subject or "-",
        origin=text(f"cli.journal.from_{entry.origin}"),
        outcome=outcome,
    )


def _moment(at: datetime) -> str:
    return at.astimezone(PARIS).strftime("%d/%m/%Y %H:%M:%S")


def erasures(arguments: argparse.Namespace) -> Answer:
    """The certificates of what was erased, as they were signed; they name claims by their id and nobody."""
    with desk_of(arguments) as desk:
        signed = Erasures(desk.home.store).certificates()
        found = [read_certificate(one, desk.home.signer.public) for one in signed]
    shown = [{**msgspec.to_builtins(certificate), "jws": jws} for certificate, jws in zip(found, signed, strict=True)]
    lines = [
        text(
            "cli.erasure_line",
            number=one.number,
            at=_moment(datetime.fromisoformat(one.at)),
            dossiers=len(one.dossiers),
            rule=text(f"cli.erasure_{one.rule}", days=one.retention_days),
        )
        for one in found
    ]
    return Answer({"certificates": shown}, [*lines, text("cli.erasure_limits")])


def minimisation(arguments: argparse.Namespace) -> Answer:
    """How often each field really left, by insurer; what could have left and did not has a zero."""
    with desk_of(arguments) as desk:
        counts = SentFields(desk.home.store).counts()
    shown = [
        {"insurer": one.insurer, "messages": one.messages, "unknown": one.unknown, "fields": one.fields}
        for one in counts
    ]
    lines = []
    for one in counts:
        lines.append(text("cli.sent_to", insurer=one.insurer, messages=one.messages))
        lines += [text("cli.sent_field", count=count, field=name) for name, count in one.fields.items()]
    return Answer({"insurers": shown}, lines)
