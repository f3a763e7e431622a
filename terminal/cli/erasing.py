"""`data erase`: what the rule says is erased now; one dossier with `--claim`, at the word of two people."""

import argparse

from terminal.cli.input import read_secret
from terminal.cli.output import Answer
from terminal.cli.session import desk_of, logged_in
from terminal.domain.errors import InputInvalid
from terminal.i18n import text
from terminal.workflow import four_eyes
from terminal.workflow.erase import erase_dossier, erase_due


def erase(arguments: argparse.Namespace) -> Answer:
    """Erase by the rule, which needs nobody to be logged in; or one claim's dossier, which needs two people."""
    if arguments.claim:
        return _one(arguments)
    with desk_of(arguments) as desk:
        done = erase_due(desk)
    data = {"dossiers": done.dossiers, "deliveries": done.deliveries, "certificates": list(done.certificates)}
    lines = [text("cli.erased", dossiers=done.dossiers, deliveries=done.deliveries)]
    if done.skipped:
        lines = [text("cli.erased_skipped")]
    if done.certificates:
        lines.append(text("cli.erasure_limits"))
    return Answer({**data, "skipped": done.skipped}, lines)


def _one(arguments: argparse.Namespace) -> Answer:
    if not arguments.second:
        raise InputInvalid("a second person has to agree", key="second", reason="missing")
    with logged_in(arguments) as desk:
        pin = read_secret(arguments.second_pin_file, "pin")
        approval = four_eyes.agree(desk, four_eyes.Act.ERASE, arguments.claim, arguments.second, pin)
        number = erase_dossier(desk, arguments.claim, approval)
    lines = [text("cli.erased_one", number=number), text("cli.erasure_limits")]
    return Answer({"claim_id": arguments.claim, "certificates": [number]}, lines)
