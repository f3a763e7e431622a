"""Why each amount is what it is: the rule, the figures, the row of the catalogue or the article."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from terminal.domain.explanation import Reason, explain
from terminal.domain.lpp import TariffRow
from terminal.domain.pricing import Quote, price_quote
from terminal.domain.rights import Contract, Grid

TODAY = date(2024, 6, 1)
FRAME_A, FRAME_B = "2222124", "2264861"
LENS_A, LENS_A_UNKNOWN, LENS_B = "2263287", "2249229", "2264803"
ADAPTATION, MAKER_FRAME = "2226435", "7211444"
AMOUNTS = ["plv", "base", "amo", "amc", "reste_a_charge"]


def rules(quote: Quote, line: int = 1) -> dict[str, list[str]]:
    """The rules behind each amount of a line."""
    found: dict[str, list[str]] = {}
    for reason in explain(quote):
        if reason.line == line:
            found.setdefault(reason.amount, []).append(reason.rule)
    return found


def of(quote: Quote, rule: str) -> Reason:
    """The one reason with this rule."""
    return next(reason for reason in explain(quote) if reason.rule == rule)


def grid(frame: int, lens: int, **fields: Any) -> Contract:
    """A contrat responsable with one guarantee for every lens."""
    return Contract("responsable", Grid(frame, {"simple": lens, "complexe": lens, "tres_complexe": lens}), **fields)


def test_every_amount_of_every_line_has_its_reason(line_of: Any, quote_of: Any) -> None:
    """Line by line, in the order in which one asks; each reason names the amount that the line has."""
    quote = price_quote(quote_of(line_of(FRAME_A, 3000), line_of(LENS_B, 10000)), TODAY)
    assert [(reason.line, reason.amount) for reason in explain(quote)] == [(n, a) for n in (1, 2) for a in AMOUNTS]
    for reason in explain(quote):
        line = quote.lines[reason.line - 1]
        if reason.amount != "plv":
            assert reason.cents == getattr(line, reason.amount)


def test_a_class_a_frame_by_its_row(line_of: Any, quote_of: Any) -> None:
    """Ceiling and base name version, file, row and source; the AMO its article; the reste is a difference."""
    quote = price_quote(quote_of(line_of(FRAME_A, 3000), contract=Contract("responsable")), TODAY)
    plv, base, amo, amc, reste = explain(quote)
    row = line_of(FRAME_A, 1).lpp.tariff_row
    assert plv.source.startswith(f"cnam-577-2020 generic_codes.csv:{row.row} DREES")
    assert base.source == plv.source
    facts = {"confidence": "high", "lpp_code": FRAME_A}
    assert plv == Reason(1, "plv", 3000, "plv_row", plv.source, facts)  # type: ignore[arg-type]  # plain cents
    assert base == Reason(1, "base", 900, "base_row", plv.source, facts)  # type: ignore[arg-type]  # plain cents
    assert amo == Reason(1, "amo", 540, "amo_of_base", "CSS R160-5", {"rate": 60, "of": 900})  # type: ignore[arg-type]  # plain cents
    assert (amc.rule, amc.source, amc.facts) == ("amc_class_a", "CSS R871-2 3, L861-3", {"promised": 3000, "amo": 540})
    assert (reste.rule, reste.source) == ("reste_difference", "")
    assert reste.facts == {"price": 3000, "amo": 540, "amc": 2460}


@pytest.mark.parametrize(("rate", "law"), [(60, "CSS R160-5"), (90, "CSS L325-1, D325-6"), (100, "CSS L160-14")])
def test_the_rate_has_its_article(rate: int, law: str, line_of: Any, quote_of: Any) -> None:
    """Common regime, Alsace-Moselle, exempted."""
    amo = of(price_quote(quote_of(line_of(FRAME_A, 3000), amo_rate=rate), TODAY), "amo_of_base")
    assert (amo.source, amo.facts["rate"]) == (law, rate)


def test_a_price_below_the_base_is_what_the_rate_is_taken_of(line_of: Any, quote_of: Any) -> None:
    """The AMO's reason says price, not base; a price that equals the base says base."""
    below = price_quote(quote_of(line_of(FRAME_A, 899)), TODAY)
    assert of(below, "amo_of_price").facts == {"rate": 60, "of": 899}
    assert "amo_of_base" in rules(price_quote(quote_of(line_of(FRAME_A, 900)), TODAY))["amo"]


def test_what_was_typed_is_said_to_be(line_of: Any, quote_of: Any) -> None:
    """A typed ceiling gives a base of 30 %; a typed base is the shop's; the typed reason is not repeated."""
    lens = line_of(LENS_A_UNKNOWN, 9000, plv=9005, plv_reason="a private remark")
    other = line_of(ADAPTATION, 900, plv=1000, base=300, plv_reason="a private remark")
    quote = price_quote(quote_of(lens, other), TODAY)
    assert rules(quote, 1)["plv"] == ["plv_typed"]
    assert of(quote, "plv_typed").cents == 9005
    assert of(quote, "base_typed").cents == 300
    base = of(quote, "base_of_plv")
    facts = {"percent": 30, "plv": 9005}
    assert base == Reason(1, "base", 2702, "base_of_plv", "SOURCE §5", facts)  # type: ignore[arg-type]  # plain cents
    assert rules(quote, 2)["base"] == ["base_typed"]
    assert {reason.source for reason in explain(quote) if reason.rule.endswith("_typed")} == {"shop"}
    assert "private" not in repr(explain(quote))


@pytest.mark.parametrize(
    ("contract", "rule", "expected"),
    [
        (Contract("none"), "amc_none", ("", 3)),
        (Contract("ticket_moderateur"), "amc_ticket_moderateur", ("CSS L871-1", 5)),
        (Contract("responsable", real_cost=True), "amc_real_cost", ("contract", 10000)),
        (grid(8000, 8000), "amc_grid", ("contract", 8000)),
    ],
)
def test_the_contract_has_its_rule(
    contract: Contract, rule: str, expected: tuple[str, int], line_of: Any, quote_of: Any
) -> None:
    """What a contract promises of a class B frame of 100 euros, and where that is from."""
    quote = price_quote(quote_of(line_of(FRAME_B, 10000), contract=contract), TODAY)
    amc = of(quote, rule)
    assert (amc.source, amc.facts) == (expected[0], {"promised": expected[1], "amo": 3})
    assert rules(quote)["plv"] == ["price_free"]
    free = explain(quote)[0]
    assert (free.cents, free.source[:32]) == (0, "cnam-577-2020 generic_codes.csv:")


def test_cap_and_ceiling_follow_the_promise(line_of: Any, quote_of: Any) -> None:
    """A frame over its cap, then lenses cut to the ceiling: each says what was taken, in order."""
    lines = line_of(FRAME_B, 15000), line_of(LENS_B, 20000, eye="right"), line_of(LENS_B, 20000, eye="left")
    quote = price_quote(quote_of(*lines, contract=Contract("responsable", real_cost=True)), TODAY)
    assert rules(quote, 1)["amc"] == ["amc_real_cost", "amc_frame_cap"]
    assert rules(quote, 2)["amc"] == rules(quote, 3)["amc"] == ["amc_real_cost", "amc_ceiling"]
    cap, ceiling = of(quote, "amc_frame_cap"), of(quote, "amc_ceiling")
    assert (cap.source, cap.facts) == ("CSS R871-2 3", {"cap": 10000})
    assert (cap.cents, ceiling.cents) == (9997, 15997)
    assert (ceiling.source, ceiling.facts) == ("CSS R871-2 3", {"case": "a", "limit": 42000, "cents": 4000})


@pytest.mark.parametrize(
    ("ani", "rule", "expected"),
    [(False, "amc_floor", ("CSS R871-2 3", 5000, 1000)), (True, "amc_ani_floor", ("CSS D911-1", 10000, 3500))],
)
def test_a_floor_says_which_one(
    ani: bool, rule: str, expected: tuple[str, int, int], line_of: Any, quote_of: Any
) -> None:
    """The law's floor or that of a collective contract, with what it added to the line."""
    lines = line_of(FRAME_B, 10000), line_of(LENS_B, 10000, eye="right"), line_of(LENS_B, 10000, eye="left")
    quote = price_quote(quote_of(*lines, contract=grid(1000, 1000, ani=ani)), TODAY)
    assert rules(quote, 1)["amc"] == ["amc_grid"]
    reason = of(quote, rule)
    law, limit, cents = expected
    assert (reason.line, reason.source, reason.cents) == (2, law, quote.lines[1].amc)
    assert reason.facts == {"case": "a", "limit": limit, "cents": cents}


def test_a_makers_code_names_its_generic(line_of: Any, quote_of: Any) -> None:
    """The row is that of the generic code whose tariff it takes."""
    line = line_of(MAKER_FRAME, 100)
    quote = price_quote(quote_of(line, birth_date=line.lpp.age_max and TODAY.replace(year=2015)), TODAY)
    assert of(quote, "base_row").facts == {"confidence": "high", "lpp_code": "2276870"}


def test_a_dated_row_says_since_when(line_of: Any, quote_of: Any) -> None:
    """An imported tariff shows its first day; an item without a row shows nothing."""
    line = line_of(FRAME_A, 100)

    row = TariffRow("nx-1", "generic_tariffs.csv", 7, "CNAM", TODAY)
    dated = price_quote(quote_of(replace(line, lpp=replace(line.lpp, tariff_row=row))), TODAY)
    assert of(dated, "base_row").source == "nx-1 generic_tariffs.csv:7 (2024-06-01) CNAM"
    bare = price_quote(quote_of(replace(line, lpp=replace(line.lpp, tariff_row=None))), TODAY)
    assert of(bare, "base_row").source == ""


def test_a_trail_is_no_part_of_a_lines_identity(line_of: Any, quote_of: Any) -> None:
    """Two lines with the same amounts are equal and show alike, whatever led to them."""
    line = price_quote(quote_of(line_of(FRAME_A, 3000)), TODAY).lines[0]
    again = price_quote(quote_of(line_of(LENS_B, 1), line_of(FRAME_A, 3000)), TODAY).lines[1]
    assert line == again
    assert "trail" not in repr(line)
