"""`lpp import`, `lpp rollback`, `lpp versions`: the catalogue of a home, changed with open eyes.

Rules: an import shows what it would change and puts nothing in force without `--accept`, or without a yes at the
keyboard; a file that is not whole is refused with its record. Questions about tariffs use the home's catalogue where
there is one.
"""

import argparse
import sys
from collections.abc import Iterator
from typing import Any

from terminal.bootstrap import system_clock
from terminal.catalogue import Catalogue, Shelf
from terminal.catalogue.comparison import Comparison, PriceChange, compare
from terminal.catalogue.proposal import Proposal, propose
from terminal.catalogue.reading import read_official
from terminal.cli.output import Answer
from terminal.cli.session import home_of
from terminal.domain.errors import ServiceDateUncovered
from terminal.i18n import date_text, money_text, text

SHOWN = 10
"""Lines of each list that people see; `--json` has them all."""
_YES = ("o", "oui")


def catalogue_of(arguments: argparse.Namespace) -> Catalogue:
    """The catalogue in force in the command's home; the program's own where nothing was imported."""
    return Shelf(home_of(arguments)).current()


def catalogue_of_today(arguments: argparse.Namespace) -> Catalogue:
    """The same as it answers today; with its newest tariffs where the clock says a day before all of it."""
    catalogue = catalogue_of(arguments)
    try:
        return catalogue.in_force(system_clock().today())
    except ServiceDateUncovered:
        return catalogue


def import_file(arguments: argparse.Namespace) -> Answer:
    """Read a file of tariffs, show what it changes, and put it in force when that is said."""
    shelf = _shelf(arguments)
    before = shelf.current()
    proposal = propose(before, read_official(arguments.file), arguments.effective_from)
    changes = compare(before, proposal, system_clock().today())
    lines = list(comparison_lines(changes))
    accepted = arguments.accept or agreed(lines, as_json=arguments.json)
    if accepted:
        shelf.accept(proposal)
    verdict = "cli.import.accepted" if accepted else "cli.import.not_accepted"
    said = [] if interactive(as_json=arguments.json) and not arguments.accept else lines
    return Answer(
        comparison_json(changes, proposal, accepted=accepted),
        [*said, text(verdict, version=proposal.catalogue.version)],
    )


def roll_back(arguments: argparse.Namespace) -> Answer:
    """Take the last import out of force; its file is kept."""
    now = _shelf(arguments).roll_back()
    return Answer({"version": now.version, "digest": now.digest}, [text("cli.import.rolled_back", version=now.version)])


def versions(arguments: argparse.Namespace) -> Answer:
    """The versions in force, newest first, the program's own last."""
    shelf = Shelf(home_of(arguments))
    found = [shelf.by_digest(digest) for digest in shelf.accepted()] + [shelf.seed()]
    rows = [
        {"version": one.version, "digest": one.digest, "effective_from": one.effective_from.isoformat()}
        for one in found
    ]
    shown = [text("cli.import.version", version=one.version, since=date_text(one.effective_from)) for one in found]
    return Answer({"versions": rows}, shown)


def _shelf(arguments: argparse.Namespace) -> Shelf:
    shelf = Shelf(home_of(arguments))
    shelf.keep_seed()
    return shelf


def interactive(*, as_json: bool) -> bool:
    """Whether somebody sits at the keyboard and can be asked."""
    return sys.stdin.isatty() and not as_json


def agreed(lines: list[str], *, as_json: bool) -> bool:
    """Whether the person at the keyboard says yes to what is shown; without a keyboard, no."""
    if not interactive(as_json=as_json):
        return False
    sys.stdout.write("\n".join([*lines, text("cli.import.question")]))
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in _YES


def comparison_json(changes: Comparison, proposal: Proposal, *, accepted: bool) -> dict[str, Any]:
    """A comparison as `--json` shows it, whole."""
    return {
        "accepted": accepted,
        "version": proposal.catalogue.version,
        "digest": proposal.catalogue.digest,
        "effective_from": proposal.catalogue.effective_from.isoformat(),
        "form": proposal.official.form,
        "new": [str(code) for code in changes.new],
        "ended": {str(code): day.isoformat() for code, day in changes.ended.items()},
        "reopened": [str(code) for code in changes.reopened],
        "prices": [_price_to_json(price) for price in changes.prices],
        "regroupements": [
            {"lpp_code": str(one.code), "deduced": one.deduced, "official": one.official}
            for one in changes.regroupements
        ],
        "relabelled": [str(code) for code in changes.relabelled],
        "absent": [str(code) for code in changes.absent],
        "left_out": changes.left_out,
    }


def _price_to_json(price: PriceChange) -> dict[str, Any]:
    return {
        "lpp_code": str(price.code),
        "since": price.since.isoformat() if price.since else None,
        "plv_before": price.plv_before,
        "plv": price.plv,
        "base_before": price.base_before,
        "base": price.base,
    }


def comparison_lines(changes: Comparison) -> Iterator[str]:
    """What would change, in French: a count for each list, and its first lines."""
    yield from _listed("new", [str(code) for code in changes.new])
    yield from _listed("ended", [f"{code} {date_text(day)}" for code, day in changes.ended.items()])
    yield from _listed("reopened", [str(code) for code in changes.reopened])
    yield from _listed("prices", [_price_line(price) for price in changes.prices])
    yield from _listed(
        "regroupements", [f"{one.code} {one.deduced or '-'} → {one.official or '-'}" for one in changes.regroupements]
    )
    yield from _listed("relabelled", [str(code) for code in changes.relabelled])
    yield from _listed("absent", [str(code) for code in changes.absent])
    yield text("cli.import.left_out", count=changes.left_out)


def _listed(name: str, rows: list[str]) -> Iterator[str]:
    yield text(f"cli.import.{name}", count=len(rows))
    yield from (f"  {row}" for row in rows[:SHOWN])
    if len(rows) > SHOWN:
        yield f"  {text('cli.import.more', count=len(rows) - SHOWN)}"


def _price_line(price: PriceChange) -> str:
    since = date_text(price.since) if price.since else text("cli.unknown")
    return text(
        "cli.import.price",
        code=str(price.code),
        since=since,
        plv_before=_money(price.plv_before),
        plv=_money(price.plv),
        base_before=_money(price.base_before),
        base=_money(price.base),
    )


def _money(cents: int | None) -> str:
    return text("cli.unknown") if cents is None else money_text(cents)
