"""The demonstration without a screen: each step of the job, told in one line and counted.

Rules: a step is told after it held, never before; the figures come from the terminal's store and from the insurers'
own answers, so that a step that failed cannot be counted.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from terminal.cli.demo_cards import HOLDERS, DemoCards
from terminal.cli.demo_insurers import DemoInsurer
from terminal.cli.demo_service import Drained, drain
from terminal.cli.output import DONE, REFUSED, Answer
from terminal.domain.claim import ClaimState
from terminal.domain.pricing import Quote
from terminal.i18n import money_text, text
from terminal.workflow.desk import Desk
from terminal.workflow.identify import read_people
from terminal.workflow.models import FRAME_A, LENS_A
from terminal.workflow.recipients import first_contract
from terminal.workflow.submit import quote_draft, register
from terminal.workflow.types import Draft, DraftLine, Person, Submitted
from terminal.workflow.verify import receipts_that_verify

LINES: Final = (
    DraftLine("frame", None, FRAME_A, 3000),
    DraftLine("lens", "right", LENS_A, 3250),
    DraftLine("lens", "left", LENS_A, 3250),
)
CHILD_FRAME: Final = "2254242"


@dataclass
class Stage:
    """What the play is played with."""

    desk: Desk
    cards: DemoCards
    insurers: tuple[DemoInsurer, ...]
    arguments: argparse.Namespace
    told: list[str] = field(default_factory=list)

    def tell(self, key: str, **facts: object) -> None:
        """Say one step: at once on a terminal, in the answer for `--json`."""
        line = text(f"cli.demo.{key}", **facts)
        self.told.append(line)
        if not self.arguments.json:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


def play_headless(stage: Stage) -> Answer:
    """The whole job: cards, quotes, durable claims, push, receipts, and what the insurers read."""
    if stage.arguments.offline_first:
        _stop(stage)
    done = [register_one(stage, number) for number in _counted(stage, "registering", stage.arguments.claims)]
    if stage.arguments.offline_first:
        _try_in_vain(stage)
    report = _push(stage)
    return _judge(stage, done, report)


def register_one(stage: Stage, number: int) -> Submitted:
    """Register the claim of this number, for the holders and the insurers in turn."""
    people = _card(stage, HOLDERS[number % len(HOLDERS)])
    person = people[number // len(HOLDERS) % len(people)]
    draft = _draft(stage, person, stage.insurers[number % len(stage.insurers)].amc)
    quote = quote_draft(stage.desk, draft).quote
    submitted = register(stage.desk, draft)
    if stage.arguments.claims == 1 and stage.arguments.hostile is None:
        _tell_claim(stage, people, quote, submitted)
    return submitted


def _tell_claim(stage: Stage, people: tuple[Person, ...], quote: Quote, submitted: Submitted) -> None:
    total = quote.total
    stage.tell("card_read", reader=stage.cards.reader, people=len(people))
    amounts = {"amo": total.amo, "amc": total.amc, "reste": total.reste_a_charge, "price": total.price}
    stage.tell("quoted", **{name: money_text(cents) for name, cents in amounts.items()})
    stage.tell("queued", number=submitted.number)


def _card(stage: Stage, profile: str) -> tuple[Person, ...]:
    stage.cards.insert(profile)
    try:
        return read_people(stage.cards.source, stage.cards.reader)
    finally:
        stage.cards.remove()


def _draft(stage: Stage, person: Person, amc: str) -> Draft:
    today = stage.desk.today()
    contract = first_contract(stage.desk.home.insurers.get(amc), today)
    child = person.birth_date is not None and person.birth_date + timedelta(days=365.25 * 16) > today
    frame = DraftLine("frame", None, CHILD_FRAME, 3000) if child else LINES[0]
    return Draft(person, today - timedelta(days=9), 60, (frame, *LINES[1:]), amc, contract)


def _stop(stage: Stage) -> None:
    for insurer in stage.insurers:
        insurer.stop()
    stage.tell("insurers_down")


def _try_in_vain(stage: Stage) -> None:
    report = drain(stage.desk.home.path)
    stage.tell("kept", waiting=stage.desk.home.outbox.summary().waiting, errors=len(report.errors))
    for insurer in stage.insurers:
        insurer.start()
    stage.tell("insurers_up")


def _push(stage: Stage) -> Drained:
    report = drain(stage.desk.home.path)
    stage.tell("pushed", pushed=report.pushed, duplicates=report.duplicates)
    return report


def _judge(stage: Stage, done: list[Submitted], report: Drained) -> Answer:
    verified = receipts_that_verify(stage.desk)
    stage.tell("receipts", verified=verified)
    opened, identical = opened_as_signed(stage, {submitted.claim_id for submitted in done})
    stage.tell("opened", opened=opened, identical=identical)
    states = stage.desk.home.outbox.summary().states
    figures = {
        "claims": len(done),
        "acknowledged": states.get(ClaimState.ACKNOWLEDGED, 0),
        "receipts_verified": verified,
        "duplicates": report.duplicates,
        "opened": opened,
        "identical": identical,
    }
    wanted = {"acknowledged", "receipts_verified", "opened", "identical"}
    held = all(figures[name] == len(done) for name in wanted) and report.duplicates == 0
    data = {"ok": held, **figures, "reader": stage.arguments.reader, "offline_first": stage.arguments.offline_first}
    return Answer({**data, "steps": stage.told}, (), DONE if held else REFUSED)


def opened_as_signed(stage: Stage, mine: set[str]) -> tuple[int, int]:
    """How many of my claims the insurers opened, and how many as the very bytes that were signed here."""
    signed = {
        claim_id: dossier.signed_sha256 for claim_id, (_, dossier) in stage.desk.vault.dossiers.many(mine).items()
    }
    read = [claim for insurer in stage.insurers for claim in insurer.claims() if claim["claim_id"] in mine]
    return len(read), sum(claim["signed_sha256"] == signed[claim["claim_id"]] for claim in read)


def _counted(stage: Stage, key: str, total: int) -> Iterator[int]:
    """0 to total-1, with a progress bar on standard error when somebody watches a terminal."""
    if stage.arguments.json or total == 1 or not sys.stderr.isatty():
        yield from range(total)
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(range(total), text(f"cli.demo.{key}"), console=Console(stderr=True))
