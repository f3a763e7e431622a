"""`comptoir-insurer conformance URL --letter FILE`: every rule of the contract, asked of an implementation that is up.

Rules: one line a rule as it is judged, then the sums; with `--json` one object. Exit status 0 when no rule is broken.
"""

import argparse
import importlib
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Final

from sync.conformance.kit import Kit, read_letter
from sync.conformance.rules import RULES, Verdict, judge_all

_MODULES: Final = (
    "enrolment_rules",
    "request_rules",
    "package_rules",
    "chain_rules",
    "batch_rules",
    "reading_rules",
)
"""Where the rules are, in the order in which they are asked: what must not spend the letter comes first."""
_MARKS: Final = {"pass": "pass", "fail": "FAIL", "skip": "skip"}
_REFUSED: Final = 1


def add_conformance_command(commands: Any, _add: object = None) -> None:
    """Add `conformance` to the parsers of `comptoir-insurer`; unlike the others it reads no insurer's folder."""
    text = "play a terminal against an implementation of the contract, and report each rule"
    command: argparse.ArgumentParser = commands.add_parser("conformance", help=text, description=text)
    command.add_argument("url", help="where the implementation is reached, an https address with its port")
    command.add_argument(
        "--letter",
        type=Path,
        action="append",
        required=True,
        help="a file as `invite --json` prints it; a second one for a second terminal, a third to be spent on guesses",
    )
    command.add_argument("--only", action="append", default=[], help="ask the rules whose id begins so; repeatable")
    command.add_argument("--json", action="store_true", help="one JSON object on standard output")
    command.set_defaults(command=_conformance)


def load_rules() -> None:
    """Fill the list of rules, once."""
    for name in _MODULES:
        importlib.import_module(f"sync.conformance.{name}")


def _conformance(asked: argparse.Namespace) -> int:
    load_rules()
    kit = Kit([read_letter(path, asked.url.rstrip("/")) for path in asked.letter])
    verdicts: list[Verdict] = []
    try:
        for verdict in judge_all(kit, asked.only):
            verdicts.append(verdict)
            if not asked.json:
                sys.stdout.write(_line(verdict) + "\n")
                sys.stdout.flush()
    finally:
        kit.close()
    sums = Counter(verdict.outcome for verdict in verdicts)
    if asked.json:
        sys.stdout.write(json.dumps(_report(asked.url, verdicts), ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(f"{sums['pass']} passed, {sums['fail']} failed, {sums['skip']} skipped\n")
    return _REFUSED if sums["fail"] else 0


def _line(verdict: Verdict) -> str:
    reason = f" [{verdict.reason}]" if verdict.reason else ""
    return f"{_MARKS[verdict.outcome]}  {verdict.rule.id}  {verdict.rule.says}{reason}"


def _report(url: str, verdicts: list[Verdict]) -> dict[str, Any]:
    sums = Counter(verdict.outcome for verdict in verdicts)
    return {
        "endpoint": url,
        "passed": sums["pass"],
        "failed": sums["fail"],
        "skipped": sums["skip"],
        "hostile": sum(rule.hostile for rule in RULES),
        "rules": [
            {
                "id": verdict.rule.id,
                "section": verdict.rule.section,
                "says": verdict.rule.says,
                "hostile": verdict.rule.hostile,
                "outcome": verdict.outcome,
                "reason": verdict.reason,
            }
            for verdict in verdicts
        ],
    }
