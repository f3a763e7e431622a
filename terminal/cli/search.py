"""`claim find`: claims by number, day, amount, state, insurer or name, as the search screen finds them.

Rules: the words are those of the screen; who looks is logged in, and what is shown is noted; no NIR is printed. The
answer ends with where to go on, so that a long history can be read in parts.
"""

import argparse
from typing import Any

from terminal.cli.output import Answer
from terminal.cli.session import logged_in
from terminal.domain.search import read_search
from terminal.i18n import age_text, money_text, text
from terminal.wording import state_words
from terminal.workflow.desk import Desk
from terminal.workflow.hear import take_in
from terminal.workflow.search import find
from terminal.workflow.types import Found, WorkItem


def find_claims(arguments: argparse.Namespace) -> Answer:
    """What was found, newest first; SearchInvalid, Locked, RoleRefused."""
    with logged_in(arguments) as desk:
        wanted = read_search(" ".join(arguments.words), desk.today(), state_words())
        take_in(desk)
        items, before = list[WorkItem](), arguments.before
        while len(items) < arguments.limit:
            found = find(desk, wanted, before, arguments.limit - len(items))
            items += found.items
            before = found.before
            if before is None:
                break
        return _answer(desk, Found(tuple(items), before))


def _answer(desk: Desk, found: Found) -> Answer:
    lines = [_line(desk, item) for item in found.items]
    count = text("search.over", count=len(found.items))
    more = [text("cli.find_more", before=found.before)] if found.before is not None else []
    return Answer({"claims": [_told(item) for item in found.items], "before": found.before}, [*lines, count, *more])


def _told(item: WorkItem) -> dict[str, Any]:
    return {
        "claim_id": item.claim_id,
        "number": item.number,
        "name": item.name,
        "insurer": item.insurer,
        "amount": item.amount,
        "state": item.state,
        "reason": item.reason,
        "kind": item.kind,
        "since": item.created_at.isoformat(timespec="seconds"),
    }


def _line(desk: Desk, item: WorkItem) -> str:
    return text(
        "cli.find_line",
        claim=item.claim_id,
        number=item.number,
        name=item.name or "—",
        insurer=item.insurer,
        amount=money_text(item.amount),
        state=text(f"state.{item.state}"),
        age=age_text(desk.now() - item.created_at),
    )
