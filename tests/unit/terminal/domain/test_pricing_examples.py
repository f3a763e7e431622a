"""The worked examples: fourteen published or computed ones, and those derived by hand from the rules."""

import csv
import json
import re
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from terminal.catalogue import Catalogue
from terminal.domain import rights
from terminal.domain.pricing import EquipmentRules, LineInput, Quote, price_quote
from terminal.domain.rights import Contract, Grid
from terminal.workflow.quote import parse_quote

VECTORS = Path(__file__).parents[3] / "vectors" / "pricing"
TODAY = date(2024, 6, 1)


def rows_of(name: str) -> list[dict[str, str]]:
    """The rows of one of the vectors' tables."""
    return list(csv.DictReader((VECTORS / name).read_text(encoding="utf-8").splitlines()))


EXAMPLES = rows_of("exemples_calcul.csv")
WORKED = tomllib.loads((VECTORS / "worked_cases.toml").read_text(encoding="utf-8"))
DETAIL = re.compile(r"prix ([\d.]+) BR ([\d.]+) AMO ([\d.]+) AMC ([\d.]+) RAC ([\d.]+)")
CEILING_CUT = {"E10"}
"""The one example whose detail is before the ceiling and whose total is after it."""


def cents(euros: str) -> int:
    """Decimal euros as cents."""
    return int(Decimal(euros) * 100)


def named(example: dict[str, str]) -> str:
    """The id of an example with its confidence."""
    return f"{example['id']}-{re.sub('[^a-z0-9]+', '-', example['confiance'].lower()).strip('-')}"


def priced(example: dict[str, str], catalogue: Catalogue) -> Quote:
    """The quote of an example's hand-written input."""
    data = json.loads((VECTORS / "quotes" / f"{example['id']}.quote.json").read_text(encoding="utf-8"))
    return price_quote(parse_quote(data, catalogue), TODAY)


def test_every_example_has_its_quote_and_no_other_is_there() -> None:
    """The oracle and the inputs name the same fourteen examples."""
    inputs = {path.name.removesuffix(".quote.json") for path in (VECTORS / "quotes").iterdir()}
    assert inputs == {example["id"] for example in EXAMPLES}
    assert len(inputs) == 14


@pytest.mark.parametrize("example", EXAMPLES, ids=named)
def test_example_totals_to_the_cent(example: dict[str, str], catalogue: Catalogue) -> None:
    """Price, AMO, AMC and reste a charge of a worked example are those published."""
    total = priced(example, catalogue).total
    expected = tuple(cents(example[column]) for column in ("prix_total", "amo", "amc", "rac"))
    assert (total.price, total.amo, total.amc, total.reste_a_charge) == expected


@pytest.mark.parametrize("example", EXAMPLES, ids=named)
def test_example_lines_to_the_cent(example: dict[str, str], catalogue: Catalogue) -> None:
    """Each line of a worked example has the published price, base, AMO, and shares where no ceiling came after."""
    quote = priced(example, catalogue)
    expected: list[tuple[int, ...]] = [tuple(map(cents, row)) for row in DETAIL.findall(example["detail_lignes"])]
    shown: list[tuple[int, ...]] = [
        (line.price, line.base, line.amo, line.amc, line.reste_a_charge) for line in quote.lines
    ]
    if example["id"] in CEILING_CUT:
        expected, shown = [row[:3] for row in expected], [row[:3] for row in shown]
    assert len(expected) == len(quote.lines) > 1
    assert shown == expected


def worked_line(line: list[Any], catalogue: Catalogue) -> LineInput:
    """A line of the table of worked cases."""
    place, name, price, *rest = line
    item = catalogue.search(WORKED["codes"][name])[0]
    typed = rest[0] if rest else {}
    reason = "tariff of the shop" if {"plv", "base"} & typed.keys() else None
    eye = place if place in ("right", "left") else None
    return LineInput(item=item.item, eye=eye, lpp=item, price=price, plv_reason=reason, **typed)


def contract_of(case: dict[str, Any]) -> Contract:
    """The contract of a worked case."""
    if "grid" in case:
        frame, simple, complexe, tres_complexe = case["grid"]
        grid = Grid(frame, {"simple": simple, "complexe": complexe, "tres_complexe": tres_complexe})
        return Contract(case["kind"], grid, ani=case.get("ani", False))
    return Contract(case["kind"], real_cost=case["kind"] == "responsable", ani=case.get("ani", False))


@pytest.mark.parametrize("case", WORKED["case"], ids=lambda case: case["id"])
def test_case_worked_by_hand(case: dict[str, Any], catalogue: Catalogue, quote_of: Any) -> None:
    """A case gives the shares and the warnings that its derivation gives."""
    lines = [worked_line(line, catalogue) for line in case["lines"]]
    asked = quote_of(*lines, amo_rate=case.get("rate", 60), contract=contract_of(case))
    quote = price_quote(asked, TODAY, EquipmentRules(mixed_ceiling=case.get("mixed_ceiling", False)))
    assert [[line.amo, line.amc, line.reste_a_charge] for line in quote.lines] == case["expected"], case["derivation"]
    assert [warning.code for warning in quote.warnings] == case["warnings"]


def test_the_bounds_are_those_of_the_law() -> None:
    """Floors, ceilings and frame cap in the code are those of the table taken from R871-2 and D911-1."""
    rows = rows_of("contrat_responsable.csv")
    law = {row["cas"]: (row["min_eur"], row["max_eur"], row["min_ani_eur"]) for row in rows}
    levels = rights.LEVELS
    found = {rights.bounds(one, other) for one in levels for other in levels}
    assert {bound.case for bound in found} == set("abcdef")
    for bound in found:
        assert tuple(map(cents, law[bound.case])) == (bound.floor, bound.ceiling, bound.ani_floor)
    assert cents(law["monture"][1]) == rights.FRAME_CAP
    for row in rows[:6]:
        one, other = (
            {"t": "tres_complexe", "s": "simple", "c": "complexe"}[part[0]] for part in row["combinaison"].split("+")
        )
        assert rights.bounds(one, other).case == row["cas"]  # type: ignore[arg-type]  # read from the table
