"""Each refusal says which rule and what would be accepted: the whole of its facts, word for word."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from terminal.domain.age import birth_date
from terminal.domain.errors import DomainError
from terminal.domain.identifiers import AmcNumber, AmId, LppCode, Nir
from terminal.domain.prescription import Correction
from terminal.domain.pricing import price_quote
from terminal.domain.rights import Contract, Grid

LEVELS = "simple, complexe, tres_complexe"
CASES: list[tuple[Callable[[Any], object], Any, dict[str, str | int]]] = [
    (birth_date, "17/05/1984", {"reason": "form", "accepted": "YYYY-MM-DD"}),
    (birth_date, "0000-05-17", {"reason": "form", "accepted": "YYYY-MM-DD"}),
    (Nir, "28405759990", {"reason": "length", "accepted": "13 + 2"}),
    (Nir, "not a number!", {"reason": "characters", "accepted": "13 + 2"}),
    (Nir.parse, "28405759990014", {"reason": "length", "accepted": "13 + 2"}),
    (Nir.parse, "28405759990014X", {"reason": "characters", "accepted": "13 + 2"}),
    (Nir.parse, "284057599900150", {}),
    (AmId.parse, "75000999", {"reason": "form", "accepted": "9"}),
    (AmId.parse, "750009996", {"reason": "key", "accepted": "9"}),
    (AmcNumber.parse, "9999999", {"accepted": "8-10"}),
    (LppCode.parse, "222212", {"reason": "form", "accepted": "7"}),
    (LppCode.parse, "2222125", {"reason": "key", "lpp_code": "2222125"}),
    (lambda lens: Grid(0, lens), {"simple": 0}, {"reason": "grid_levels", "accepted": LEVELS}),
    (lambda sphere: Correction(sphere, 0), 10, {"field": "sphere", "reason": "grid", "step": 25, "limit": 4000}),
]  # fmt: skip


@pytest.mark.parametrize(("make", "text", "facts"), CASES)
def test_the_facts_of_a_refusal(make: Callable[[Any], object], text: Any, facts: dict[str, str | int]) -> None:
    """No more and no less than these."""
    with pytest.raises(DomainError) as raised:
        make(text)
    assert raised.value.facts == facts


TODAY = date(2024, 6, 1)
FRAME_A, FRAME_B, LENS_A, LENS_B = "2222124", "2264861", "2263287", "2264803"
CONTACT, PRISM, ADAPTATION, LOW_VISION = "2251545", "2247905", "2226435", "2202305"
WHY = {"plv_reason": "tariff of the shop"}

LINES: list[tuple[str, dict[str, Any], dict[str, str | int]]] = [
    (FRAME_A, {"item": "lens"}, {"reason": "item", "accepted": "frame"}),
    (FRAME_B, {"price": 10_000_001}, {"reason": "price", "accepted": "0-10000000"}),
    (FRAME_A, {"eye": "right"}, {"reason": "eye", "accepted": "null"}),
    (CONTACT, {"eye": "left", "quantity": 2}, {"reason": "quantity", "accepted": "1"}),
    (PRISM, {"quantity": 10}, {"reason": "quantity", "accepted": "1-9"}),
    (ADAPTATION, {"plv": 0, **WHY}, {"reason": "plv", "accepted": "1-10000000"}),
    (ADAPTATION, {"plv": 1}, {"reason": "plv_reason"}),
    (ADAPTATION, {"plv": 1, "plv_reason": "x" * 121}, {"reason": "plv_reason", "accepted": "1-120"}),
    (ADAPTATION, {"plv": 1000, "base": 1001, **WHY}, {"reason": "base", "accepted": "1-1000"}),
    (LENS_A, {"base": 900, **WHY}, {"reason": "base_not_applicable"}),
    (FRAME_B, {"plv": 900, **WHY}, {"reason": "plv_not_applicable"}),
]
EQUIPMENTS: list[tuple[list[tuple[str, dict[str, Any]]], dict[str, str | int]]] = [
    ([], {"reason": "lines", "accepted": "1-20"}),
    ([(PRISM, {})] * 21, {"reason": "lines", "accepted": "1-20"}),
    ([(FRAME_B, {}), (FRAME_A, {})], {"reason": "frame", "accepted": "1"}),
    ([(LENS_B, {"quantity": 3})], {"reason": "lens", "accepted": "2"}),
    ([(LENS_B, {"eye": "left"}), (LENS_B, {"eye": "left"})], {"reason": "eye", "accepted": "right, left"}),
]


@pytest.mark.parametrize(("code", "fields", "facts"), LINES)
def test_the_facts_of_a_refused_line(code: str, fields: Any, facts: Any, line_of: Any, quote_of: Any) -> None:
    """The number of the line, the rule, and what it takes."""
    usual = {"price": 100} | fields
    with pytest.raises(DomainError) as raised:
        price_quote(quote_of(line_of(PRISM, 100), line_of(code, usual.pop("price"), **usual)), TODAY)
    assert raised.value.facts == {"line": 2} | facts


@pytest.mark.parametrize(("lines", "facts"), EQUIPMENTS)
def test_the_facts_of_a_refused_equipment(lines: Any, facts: Any, line_of: Any, quote_of: Any) -> None:
    """What there is too much of, and how much there may be."""
    with pytest.raises(DomainError) as raised:
        price_quote(quote_of(*(line_of(code, 100, **fields) for code, fields in lines)), TODAY)
    assert raised.value.facts == facts


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        (FRAME_B, {"price": 10_000_000}),
        (PRISM, {"quantity": 9}),
        (ADAPTATION, {"plv": 10_000_000, "base": 10_000_000, **WHY}),
        (ADAPTATION, {"price": 1, "plv": 1, "base": 1, **WHY}),
        (ADAPTATION, {"plv": 1000, "base": 1000, "plv_reason": "x" * 120}),
    ],
)
def test_the_limits_themselves_are_accepted(code: str, fields: Any, line_of: Any, quote_of: Any) -> None:
    """The dearest, the most, the longest, and the smallest tariff."""
    usual = {"price": 100} | fields
    price = usual.pop("price")
    assert price_quote(quote_of(line_of(code, price, **usual)), TODAY).total.price == price


def test_twenty_lines_are_accepted(line_of: Any, quote_of: Any) -> None:
    """The most that a quote may have."""
    assert price_quote(quote_of(*[line_of(PRISM, 100)] * 20), TODAY).total.price == 2000


GRID = Grid(10_000, {"simple": 8_000, "complexe": 8_000, "tres_complexe": 8_000})
RESPONSABLE = Contract("responsable", GRID)
WARNINGS: list[tuple[list[tuple[str, int, dict[str, Any]]], dict[str, Any], list[tuple[str, dict[str, str | int]]]]] = [
    ([(FRAME_B, 100, {})], {"contract": Contract("none", GRID)}, [("grid_unused", {"contract": "none"})]),
    (
        [(ADAPTATION, 900, {"plv": 1000, "base": 300, **WHY})],
        {},
        [("plv_typed", {"line": 1, "plv": 1000}), ("base_typed", {"line": 1, "base": 300})],
    ),
    ([(PRISM, 100, {})], {}, [("tariff_unconfirmed", {"line": 1, "confidence": "medium"})]),
    (
        [(FRAME_B, 20_000, {})],
        {"contract": Contract("responsable", real_cost=True)},
        [("frame_cap_applied", {"line": 1, "cap": 10_000})],
    ),
    (
        [(FRAME_B, 100, {}), (CONTACT, 9_000, {})],
        {"contract": RESPONSABLE},
        [("tariff_unconfirmed", {"line": 2, "confidence": "medium"}), ("guarantee_unconfirmed", {"line": 2})],
    ),
    (
        [(LOW_VISION, 100, {})],
        {},
        [("tariff_unconfirmed", {"line": 1, "confidence": "medium"}), ("regroupement_unknown", {"line": 1})],
    ),
    (
        [(FRAME_A, 3000, {}), (LENS_A, 3250, {"eye": "left"}), (LENS_A, 3250, {"eye": "right"})],
        {"amo_rate": 90},
        [
            ("tariff_unconfirmed", {"line": 2, "confidence": "medium"}),
            ("tariff_unconfirmed", {"line": 3, "confidence": "medium"}),
            ("rounding_unconfirmed", {"amo": 2566, "amo_of_sum": 2565}),
        ],
    ),
]


@pytest.mark.parametrize(("lines", "fields", "warnings"), WARNINGS)
def test_the_facts_of_a_warning(lines: Any, fields: Any, warnings: Any, line_of: Any, quote_of: Any) -> None:
    """Which line, and the figures that the sentence needs; nothing else is told."""
    quote = price_quote(quote_of(*(line_of(code, price, **more) for code, price, more in lines), **fields), TODAY)
    assert [(warning.code, dict(warning.facts)) for warning in quote.warnings] == warnings


def test_a_priced_line_says_what_was_sold(line_of: Any, quote_of: Any) -> None:
    """Item, eye, code, regroupement, quantity; a typed ceiling with its reason, and none where none was typed."""
    typed = line_of(LENS_A, 4000, eye="left", plv=4000, **WHY)
    lens, frame = price_quote(quote_of(typed, line_of(FRAME_B, 100)), TODAY).lines
    assert (lens.item, lens.eye, str(lens.lpp_code), lens.regroupement) == ("lens", "left", LENS_A, "V01")
    assert (lens.plv, lens.plv_reason, lens.quantity) == (4000, "tariff of the shop", 1)
    assert (frame.item, frame.regroupement, frame.plv, frame.plv_reason) == ("frame", "M03", None, None)
