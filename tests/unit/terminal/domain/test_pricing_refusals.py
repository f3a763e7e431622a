"""What is refused before a price is made: the code, the line, the rule and what would be accepted."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from terminal.domain import errors
from terminal.domain.pricing import LineInput, price_quote
from terminal.domain.rights import Contract, Grid

TODAY = date(2024, 6, 1)
FRAME_A, CHILD_A, FRAME_B = "2222124", "2254242", "2264861"
LENS_A, LENS_A_UNKNOWN, LENS_B = "2263287", "2249229", "2264803"
CONTACT, PRISM, CHILD_PRISM, ADAPTATION, SHELL = "2251545", "2247905", "2287862", "2226435", "2264223"
REASON = "tariff of the shop"


def refusal(error: type[errors.DomainError], asked: Any) -> dict[str, str | int]:
    """The facts with which `asked` is refused."""
    with pytest.raises(error) as raised:
        price_quote(asked, TODAY)
    assert type(raised.value) is error
    return raised.value.facts


def test_a_service_after_today(line_of: Any, quote_of: Any) -> None:
    """Tomorrow is refused with both dates, today is not."""
    frame = line_of(FRAME_A, 3000)
    facts = refusal(errors.ServiceDateFuture, quote_of(frame, service_date=date(2024, 6, 2)))
    assert facts == {"service_date": "2024-06-02", "today": "2024-06-01"}
    assert price_quote(quote_of(frame, service_date=TODAY), TODAY).total.price == 3000


@pytest.mark.parametrize("rate", [0, 59, 61, 65, 80, 99, 101, -60])
def test_a_rate_that_does_not_exist(rate: int, line_of: Any, quote_of: Any) -> None:
    """Only 60, 90 and 100 are rates of the AMO for optics."""
    facts = refusal(errors.AmoRateInvalid, quote_of(line_of(FRAME_A, 3000), amo_rate=rate))
    assert facts == {"amo_rate": rate, "accepted": "60, 90, 100"}


def test_a_birth_after_the_service(line_of: Any, quote_of: Any) -> None:
    """One of the dates is wrong; neither is repeated."""
    facts = refusal(errors.BirthDateInvalid, quote_of(line_of(FRAME_A, 3000), birth_date=date(2024, 5, 15)))
    assert facts == {"reason": "after_act"}


@pytest.mark.parametrize(("code", "price", "plv"), [(FRAME_A, 3001, 3000), (LENS_A, 3251, 3250)])
def test_a_price_above_the_plv(code: str, price: int, plv: int, line_of: Any, quote_of: Any) -> None:
    """One cent above is refused with line, ceiling and price; the ceiling itself is accepted."""
    lines = [line_of(PRISM, 100), line_of(code, price)]
    assert refusal(errors.PriceAbovePlv, quote_of(*lines)) == {"line": 2, "plv": plv, "price": price}
    assert price_quote(quote_of(line_of(code, plv)), TODAY).total.price == plv


def test_the_plv_of_a_pair_is_twice_that_of_a_unit(line_of: Any, quote_of: Any) -> None:
    """A price is that of the line: two units are measured against two ceilings."""
    facts = refusal(errors.PriceAbovePlv, quote_of(line_of(LENS_A, 6501, quantity=2)))
    assert facts == {"line": 1, "plv": 6500, "price": 6501}


def test_a_class_a_lens_without_a_tariff(line_of: Any, quote_of: Any) -> None:
    """It is refused with the line and what to type; with the typed ceiling it has a base of 30 %."""
    facts = refusal(errors.TariffUnknown, quote_of(line_of(FRAME_A, 3000), line_of(LENS_A_UNKNOWN, 9000)))
    assert facts == {"line": 2, "lpp_code": LENS_A_UNKNOWN, "needs": "plv"}
    typed = line_of(LENS_A_UNKNOWN, 9000, plv=9005, plv_reason=REASON)
    line = price_quote(quote_of(typed), TODAY).lines[0]
    assert (line.base, line.plv, line.plv_reason) == (2702, 9005, REASON)


@pytest.mark.parametrize(
    ("code", "fields", "needs"),
    [
        (ADAPTATION, {}, "plv"),
        (ADAPTATION, {"plv": 1000, "plv_reason": REASON}, "base"),
        ("2209738", {}, "base"),
        ("2278219", {}, "base"),
        ("2267641", {}, "base"),
    ],
)
def test_a_supplement_without_a_tariff(code: str, fields: Any, needs: str, line_of: Any, quote_of: Any) -> None:
    """No base is derived for a supplement: each missing figure is asked for by name."""
    facts = refusal(errors.TariffUnknown, quote_of(line_of(code, 1000, **fields)))
    assert facts == {"line": 1, "lpp_code": code, "needs": needs}


@pytest.mark.parametrize(
    ("code", "fields", "reason"),
    [
        (FRAME_A, {"item": "lens"}, "item"),
        (LENS_A, {"item": "frame"}, "item"),
        (FRAME_A, {"price": -1}, "price"),
        (FRAME_B, {"price": 10_000_001}, "price"),
        (FRAME_A, {"quantity": 0}, "quantity"),
        (PRISM, {"quantity": 10}, "quantity"),
        (FRAME_A, {"eye": "right"}, "eye"),
        (LENS_A, {"eye": "left", "quantity": 2}, "quantity"),
        (CONTACT, {"eye": "left", "quantity": 2}, "quantity"),
        (LENS_A_UNKNOWN, {"plv": 9000}, "plv_reason"),
        (LENS_A_UNKNOWN, {"plv": 9000, "plv_reason": "  "}, "plv_reason"),
        (LENS_A_UNKNOWN, {"plv": 9000, "plv_reason": "x" * 121}, "plv_reason"),
        (LENS_A, {"plv_reason": REASON}, "plv_reason"),
        (LENS_A_UNKNOWN, {"plv": 0, "plv_reason": REASON}, "plv"),
        (LENS_A_UNKNOWN, {"plv": 10_000_001, "plv_reason": REASON}, "plv"),
        (ADAPTATION, {"plv": 1000, "base": 0, "plv_reason": REASON}, "plv"),
        (FRAME_B, {"plv": 9000, "plv_reason": REASON}, "plv_not_applicable"),
        (CONTACT, {"plv": 9000, "plv_reason": REASON}, "plv_not_applicable"),
        (FRAME_A, {"plv": 4000, "plv_reason": REASON}, "plv_known"),
        (FRAME_B, {"base": 6, "plv_reason": REASON}, "base_known"),
        (LENS_A, {"base": 900, "plv_reason": REASON}, "base_not_applicable"),
        (ADAPTATION, {"plv": 1000, "base": 1001, "plv_reason": REASON}, "base"),
    ],
)
def test_a_line_that_contradicts_itself(code: str, fields: Any, reason: str, line_of: Any, quote_of: Any) -> None:
    """The line and the rule are named."""
    usual = {"price": 100} | fields
    lines = [line_of(PRISM, 100), line_of(code, usual.pop("price"), **usual)]
    facts = refusal(errors.LineInvalid, quote_of(*lines))
    assert (facts["line"], facts["reason"]) == (2, reason)


def test_an_unconfirmed_plv_may_be_typed_over(line_of: Any, quote_of: Any) -> None:
    """The shop's own tariff wins over one that a single source gave, and the quote says so."""
    quote = price_quote(quote_of(line_of(LENS_A, 4000, plv=4000, plv_reason=REASON)), TODAY)
    assert quote.lines[0].base == 1200
    assert [(warning.code, warning.facts) for warning in quote.warnings] == [("plv_typed", {"line": 1, "plv": 4000})]


def test_an_unconfirmed_base_may_be_typed_over(line_of: Any, quote_of: Any) -> None:
    """The shop's own base wins over one that was not read again since 2020; a sure one may be typed again as it is."""
    typed = line_of(PRISM, 500, base=400, plv_reason=REASON)
    assert price_quote(quote_of(typed), TODAY).lines[0].base == 400
    same = line_of(FRAME_B, 500, base=5, plv_reason=REASON)
    assert price_quote(quote_of(same), TODAY).lines[0].base == 5


def test_a_ceiling_without_a_base_gives_the_base_of_a_lens(line_of: Any, quote_of: Any) -> None:
    """An imported ceiling alone is enough for a class A lens; a base that is known beside a ceiling is kept."""
    line = line_of(LENS_A, 3000)
    for known, base in ((None, 975), (900, 900)):
        lpp = replace(line.lpp, base=known)
        assert price_quote(quote_of(replace(line, lpp=lpp)), TODAY).lines[0].base == base


def test_a_known_tariff_says_what_it_is(line_of: Any, quote_of: Any) -> None:
    """Whoever types another learns the one that is accepted."""
    plv = refusal(errors.LineInvalid, quote_of(line_of(FRAME_A, 100, plv=4000, plv_reason=REASON)))
    assert plv == {"line": 1, "reason": "plv_known", "accepted": "3000"}
    base = refusal(errors.LineInvalid, quote_of(line_of(FRAME_B, 100, base=6, plv_reason=REASON)))
    assert base == {"line": 1, "reason": "base_known", "accepted": "5"}


def test_what_a_bound_did_is_told_with_its_figures(line_of: Any, quote_of: Any) -> None:
    """The case of the law, its limit, and what was cut or raised in all."""
    lines = line_of(FRAME_B, 10000), line_of(LENS_B, 20000, eye="right"), line_of(LENS_B, 20000, eye="left")
    low = {"simple": 1000, "complexe": 1000, "tres_complexe": 1000}
    cases = [
        (Contract("responsable", real_cost=True), "ceiling_applied", {"case": "a", "ceiling": 42000, "cut": 8000}),
        (Contract("responsable", Grid(1000, low)), "floor_applied", {"case": "a", "floor": 5000, "raised": 2000}),  # type: ignore[arg-type]  # plain words
    ]
    for contract, code, facts in cases:
        warning = price_quote(quote_of(*lines, contract=contract), TODAY).warnings[-1]
        assert (warning.code, warning.facts) == (code, facts)


def test_a_known_plv_may_be_typed_again(line_of: Any, quote_of: Any) -> None:
    """Typing what the catalogue knows is no contradiction."""
    quote = price_quote(quote_of(line_of(FRAME_A, 3000, plv=3000, plv_reason=REASON)), TODAY)
    assert quote.lines[0].base == 900


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "lines"),
        ([(PRISM, {})] * 21, "lines"),
        ([(FRAME_B, {}), (FRAME_A, {})], "frame"),
        ([(FRAME_B, {"quantity": 2})], "frame"),
        ([(LENS_B, {"quantity": 2}), (LENS_B, {})], "lens"),
        ([(LENS_B, {"eye": "left"}), (LENS_B, {"eye": "left"})], "eye"),
        ([(CONTACT, {"quantity": 3})], "contact_lenses"),
        ([(CONTACT, {"eye": "right"}), (CONTACT, {"eye": "right"})], "eye"),
    ],
)
def test_more_than_one_equipment(lines: list[Any], reason: str, line_of: Any, quote_of: Any) -> None:
    """One frame, two lenses, one package an eye: what is too many is named."""
    asked = quote_of(*(line_of(code, 100, **fields) for code, fields in lines))
    assert refusal(errors.EquipmentInvalid, asked)["reason"] == reason


@pytest.mark.parametrize(
    ("code", "age_max"), [(CHILD_A, 15), ("2276870", 15), (CHILD_PRISM, 17), ("2227920", 5), ("2238958", 19)]
)
def test_a_code_with_an_age_limit(code: str, age_max: int, line_of: Any, quote_of: Any) -> None:
    """The last day before the birthday beyond the limit is covered, the birthday is not; the age is not repeated."""
    line = line_of(code, 100)
    service = date(2024, 5, 14)
    birthday = service.replace(year=service.year - age_max - 1)
    day_after = date.fromordinal(birthday.toordinal() + 1)
    assert price_quote(quote_of(line, birth_date=day_after), TODAY).total.price == 100
    facts = refusal(errors.AgeNotCovered, quote_of(line, birth_date=birthday))
    assert facts == {"line": 1, "lpp_code": code, "age_max": age_max}


@pytest.mark.parametrize("code", [FRAME_B, LENS_B])
def test_class_b_without_the_guarantees_of_the_contract(code: str, line_of: Any, quote_of: Any) -> None:
    """Nothing is assumed of a contrat responsable whose grid was not given; class A does not need it."""
    lines = [line_of(FRAME_A, 3000)] if code == LENS_B else []
    asked = quote_of(*lines, line_of(code, 9000), contract=Contract("responsable"))
    assert refusal(errors.GridMissing, asked) == {"line": len(lines) + 1}
    class_a = quote_of(line_of(FRAME_A, 3000), contract=Contract("responsable"))
    assert price_quote(class_a, TODAY).total.reste_a_charge == 0


@pytest.mark.parametrize("kind", ["none", "ticket_moderateur", "c2s"])
def test_real_cost_belongs_to_a_contrat_responsable(kind: Any) -> None:
    """Another contract at real cost contradicts itself."""
    with pytest.raises(errors.ContractInvalid) as raised:
        Contract(kind, real_cost=True)
    assert raised.value.facts["reason"] == "real_cost"


@pytest.mark.parametrize("kind", ["none", "ticket_moderateur", "c2s"])
def test_a_collective_contract_is_responsable(kind: Any) -> None:
    """Another contract with the floors of a collective one contradicts itself."""
    with pytest.raises(errors.ContractInvalid) as raised:
        Contract(kind, ani=True)
    assert raised.value.facts == {"reason": "ani"}


def test_the_most_units_of_a_code_are_kept_to(line_of: Any, quote_of: Any) -> None:
    """Where the nomenclature sets a most, one more is refused with it; the most itself is accepted."""
    line = line_of(PRISM, 200, quantity=2)
    bound = replace(line, lpp=replace(line.lpp, quantity_max=2))
    assert price_quote(quote_of(bound), TODAY).lines[0].quantity == 2
    facts = refusal(errors.LineInvalid, quote_of(replace(bound, quantity=3)))
    assert (facts["reason"], facts["accepted"]) == ("quantity", "1-2")


@pytest.mark.parametrize(
    ("frame", "lens", "reason"),
    [
        (-1, {"simple": 0, "complexe": 0, "tres_complexe": 0}, "grid_negative"),
        (0, {"simple": 0, "complexe": -1, "tres_complexe": 0}, "grid_negative"),
        (0, {"simple": 0, "complexe": 0}, "grid_levels"),
    ],
)
def test_a_grid_is_whole_and_not_negative(frame: int, lens: Any, reason: str) -> None:
    """A missing level or a negative guarantee is refused by name."""
    with pytest.raises(errors.ContractInvalid) as raised:
        Grid(frame, lens)
    assert raised.value.facts["reason"] == reason


def test_a_class_b_supplement_is_in_no_grid(line_of: Any, quote_of: Any) -> None:
    """The guarantees are for frames and lenses; an adaptation of class B lenses has the ticket moderateur."""
    line = line_of("2209738", 900, base=300, plv_reason=REASON)
    grid = Grid(10_000, {"simple": 1, "complexe": 1, "tres_complexe": 1})
    found = price_quote(quote_of(line, contract=Contract("responsable", grid)), TODAY).lines[0]
    assert (found.rule, found.amo, found.amc) == ("ticket_moderateur", 180, 120)


@pytest.mark.parametrize(
    "contract",
    [
        Contract("none", Grid(1, {"simple": 1, "complexe": 1, "tres_complexe": 1})),
        Contract("responsable", Grid(1, {"simple": 1, "complexe": 1, "tres_complexe": 1}), real_cost=True),
    ],
)
def test_a_grid_that_cannot_be_used_is_told(contract: Contract, line_of: Any, quote_of: Any) -> None:
    """It is not dropped in silence."""
    quote = price_quote(quote_of(line_of(FRAME_B, 9000), contract=contract), TODAY)
    assert [warning.code for warning in quote.warnings] == ["grid_unused"]


def test_an_item_without_regroupement_is_told(line_of: Any, quote_of: Any) -> None:
    """A code of low vision has no established regroupement: the quote holds and says so."""
    quote = price_quote(quote_of(line_of("2202305", 500)), TODAY)
    assert quote.lines[0].regroupement is None
    assert "regroupement_unknown" in [warning.code for warning in quote.warnings]


def test_a_makers_code_is_priced_as_its_generic(line_of: Any, quote_of: Any) -> None:
    """The maker's code is kept in the line, with the shares of its generic code."""
    own = price_quote(quote_of(line_of("7211444", 100, item="frame"), birth_date=date(2015, 1, 1)), TODAY).lines[0]
    generic = price_quote(quote_of(line_of("2276870", 100), birth_date=date(2015, 1, 1)), TODAY).lines[0]
    assert str(own.lpp_code) == "7211444"
    assert (own.regroupement, own.base, own.amo, own.amc) == (
        generic.regroupement,
        generic.base,
        generic.amo,
        generic.amc,
    )


def test_a_quote_shows_no_person(line_of: Any, quote_of: Any) -> None:
    """Neither the birth date nor the typed reason is in a repr."""
    asked = quote_of(
        line_of(LENS_A_UNKNOWN, 9000, plv=9000, plv_reason="a private remark"), birth_date=date(1984, 5, 17)
    )
    shown = repr(asked) + repr(price_quote(asked, TODAY))
    assert "1984" not in shown
    assert "private" not in shown


def test_a_line_is_positional_as_the_counter_writes_it(line_of: Any, quote_of: Any) -> None:
    """Item, eye, code, price, quantity, ceiling, reason: the order that callers rely on."""
    lpp = line_of(LENS_A_UNKNOWN, 1).lpp
    line = LineInput("lens", "left", lpp, 9000, 1, 9000, REASON)
    assert price_quote(quote_of(line), TODAY).lines[0].eye == "left"
