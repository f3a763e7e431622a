"""The JSON of quote and of lpp code: strict in, exact out, and errors that name the key and never the value."""

import copy
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from terminal.catalogue import Catalogue, load_catalogue
from terminal.domain import errors
from terminal.domain.pricing import price_quote
from terminal.domain.rights import Contract, Grid
from terminal.workflow.quote import lens_code_from_json, parse_contract, parse_quote, quote_to_json

TODAY = date(2024, 6, 1)
QUOTES = Path(__file__).parents[3] / "vectors" / "pricing" / "quotes"
LENS = {"type": "progressive", "class": "B", "sphere": -125, "cylinder": -50}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """The catalogue that the program carries."""
    return load_catalogue()


@pytest.fixture
def asked() -> Any:
    """A class B quote as it comes from a file, free to be spoilt."""
    return json.loads((QUOTES / "E5.quote.json").read_text(encoding="utf-8"))


def spoilt(data: Any, path: str, value: Any) -> Any:
    """A copy of `data` with the key at the dotted `path` set, or removed when the value is `...`."""
    data = copy.deepcopy(data)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    target = data
    for part in parents:
        target = target[part]
    if value is ...:
        del target[last]
    else:
        target[last] = value
    return data


def test_the_answer_has_exactly_the_documented_keys(asked: Any, catalogue: Catalogue) -> None:
    """Lines as they came with their shares, totals, warnings: this is the stable shape of the command."""
    answer = quote_to_json(price_quote(parse_quote(asked, catalogue), TODAY))
    explanations: Any = answer.pop("explanations")
    frame = {"item": "frame", "eye": None, "lpp_code": "2264861", "price": 14000, "quantity": 1, "base": 5, "amo": 3}
    lens = {"item": "lens", "lpp_code": "2263494", "price": 22000, "quantity": 1, "base": 5, "amo": 3, "amc": 12997}
    lens |= {"reste_a_charge": 9000, "regroupement": "VM1"}
    assert answer == {
        "lines": [
            frame | {"amc": 7997, "reste_a_charge": 6000, "regroupement": "M03"},
            lens | {"eye": "right"},
            lens | {"eye": "left"},
        ],
        "total": {"price": 58000, "amo": 9, "amc": 33991, "reste_a_charge": 24000},
        "warnings": [],
    }
    assert [(row["line"], row["amount"]) for row in explanations] == [
        (line, amount) for line in (1, 2, 3) for amount in ("plv", "base", "amo", "amc", "reste_a_charge")
    ]
    assert all(row.keys() == {"line", "amount", "cents", "rule", "facts", "source"} for row in explanations)


def test_a_typed_tariff_comes_back_with_its_reason(catalogue: Catalogue) -> None:
    """The quote records the ceiling that was typed and why, and warns of it."""
    data = json.loads((QUOTES / "E2.quote.json").read_text(encoding="utf-8"))
    answer = quote_to_json(price_quote(parse_quote(data, catalogue), TODAY))
    lines: Any = answer["lines"]
    assert "plv" not in lines[0]
    assert (lines[1]["plv"], lines[1]["plv_reason"]) == (9000, data["lines"][1]["plv_reason"])
    assert answer["warnings"] == [{"code": "plv_typed", "facts": {"line": line, "plv": 9000}} for line in (2, 3)]


def test_the_answer_is_plain_json_without_floats(asked: Any, catalogue: Catalogue) -> None:
    """It survives a JSON round trip unchanged, and no number in it is a float."""
    answer = quote_to_json(price_quote(parse_quote(asked, catalogue), TODAY))
    assert json.loads(json.dumps(answer)) == answer
    assert msgspec.json.decode(msgspec.json.encode(answer)) == answer
    assert "." not in re.sub(r'"[^"]*"', "", json.dumps(answer))


def test_what_may_be_left_out(asked: Any, catalogue: Catalogue) -> None:
    """Eye and quantity of a line, grid and real cost of a contract have a documented default."""
    short = copy.deepcopy(asked)
    del short["lines"][0]["eye"], short["lines"][0]["quantity"], short["contract"]["real_cost"]
    assert parse_quote(short, catalogue) == parse_quote(asked, catalogue)
    none = parse_quote(spoilt(asked, "contract", {"kind": "none", "grid": None}), catalogue)
    assert none.contract == Contract("none")


def test_a_lunar_birth_date_is_accepted(asked: Any, catalogue: Catalogue) -> None:
    """Someone whose register lost the month is quoted like anybody."""
    assert parse_quote(spoilt(asked, "birth_date", "1950-20-00"), catalogue).birth_date == date(1950, 1, 1)


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        ("amo_rate", ..., ("amo_rate", "missing_key")),
        ("lines", ..., ("lines", "missing_key")),
        ("lines.0.price", ..., ("lines[0].price", "missing_key")),
        ("contract.grid.frame", ..., ("contract.grid.frame", "missing_key")),
        ("surname", "MARTIN", ("surname", "unknown_key")),
        ("lines.1.sphere", -125, ("lines[1].sphere", "unknown_key")),
        ("contract.grid.audio", 1, ("contract.grid.audio", "unknown_key")),
        ("amo_rate", 60.0, ("amo_rate", "wrong_type")),
        ("amo_rate", "60", ("amo_rate", "wrong_type")),
        ("amo_rate", True, ("amo_rate", "wrong_type")),
        ("lines.0.price", 140.5, ("lines[0].price", "wrong_type")),
        ("lines.0.price", None, ("lines[0].price", "wrong_type")),
        ("lines.0.lpp_code", 2264861, ("lines[0].lpp_code", "wrong_type")),
        ("lines.0.quantity", 1.0, ("lines[0].quantity", "wrong_type")),
        ("lines.0.item", "montures", ("lines[0].item", "wrong_value")),
        ("lines.1.eye", "droit", ("lines[1].eye", "wrong_value")),
        ("lines", {}, ("lines", "wrong_type")),
        ("contract", None, ("contract", "wrong_type")),
        ("contract.kind", "mutuelle", ("contract.kind", "wrong_value")),
        ("contract.real_cost", 1, ("contract.real_cost", "wrong_type")),
        ("contract.grid.lens.simple", 80.0, ("contract.grid.lens.simple", "wrong_type")),
        ("contract.grid.lens.autre", 80, ("contract.grid.lens.autre", "unknown_key")),
        ("service_date", "14/05/2024", ("service_date", "wrong_value")),
        ("service_date", "2024-05-14T10:00:00Z", ("service_date", "wrong_value")),
        ("birth_date", 19840517, ("birth_date", "wrong_type")),
    ],
)
def test_a_wrong_shape_names_the_key(
    path: str, value: Any, fault: tuple[str, str], asked: Any, catalogue: Catalogue
) -> None:
    """Missing, unknown, of another type or not one of its words: the key and the fault, never coerced."""
    with pytest.raises(errors.InputInvalid) as raised:
        parse_quote(spoilt(asked, path, value), catalogue)
    assert (raised.value.facts["key"], raised.value.facts["reason"]) == fault


@pytest.mark.parametrize("data", [None, [], "quote", 3, {"lines": []}, {1: 2}])
def test_what_is_no_quote_at_all(data: object, catalogue: Catalogue) -> None:
    """Any other JSON value is refused the same way."""
    with pytest.raises(errors.InputInvalid) as raised:
        parse_quote(data, catalogue)
    assert raised.value.facts["key"]


@pytest.mark.parametrize(
    "path", ["amo_rate", "lines.0.item", "contract.kind", "service_date", "birth_date", "lines.1.eye"]
)
def test_an_error_never_repeats_a_value(path: str, asked: Any, catalogue: Catalogue) -> None:
    """A name typed in the wrong place is not in the error, its facts or its causes."""
    with pytest.raises(errors.DomainError) as raised:
        parse_quote(spoilt(asked, path, "DUPONT-ESSAI"), catalogue)
    error = raised.value
    assert error.__cause__ is None
    assert error.__context__ is None
    assert "DUPONT" not in repr(error) + str(error) + repr(error.facts)


@pytest.mark.parametrize(
    ("code", "error", "facts"),
    [
        ("2263495", errors.LppCodeInvalid, {"line": 2, "reason": "key", "lpp_code": "2263495"}),
        ("226349", errors.LppCodeInvalid, {"line": 2, "reason": "form", "accepted": "7"}),
        ("2000004", errors.LppCodeUnknown, {"line": 2, "lpp_code": "2000004", "version": "cnam-577-2020"}),
        ("2203240", errors.LppCodeClosed, {"line": 2, "lpp_code": "2203240", "ended": "2020-01-01"}),
        ("7284880", errors.LppCodeUnmapped, {"line": 2, "lpp_code": "7284880"}),
    ],
)
def test_a_code_that_cannot_be_billed_names_its_line(
    code: str, error: type[errors.DomainError], facts: dict[str, Any], asked: Any, catalogue: Catalogue
) -> None:
    """Lines count from one."""
    with pytest.raises(error) as raised:
        parse_quote(spoilt(asked, "lines.1.lpp_code", code), catalogue)
    assert raised.value.facts == facts


def test_a_service_before_the_catalogue(asked: Any, catalogue: Catalogue) -> None:
    """The data cover no day before the nomenclature."""
    with pytest.raises(errors.ServiceDateUncovered):
        parse_quote(spoilt(asked, "service_date", "2019-12-31"), catalogue)


def test_the_contract_alone() -> None:
    """The contract object is read by the same rules."""
    lens = {"simple": 8000, "complexe": 13000, "tres_complexe": 16000}
    data = {"kind": "responsable", "grid": {"frame": 10000, "lens": lens}, "real_cost": False}
    assert parse_contract(data) == Contract("responsable", Grid(10000, lens))  # type: ignore[arg-type]  # plain strings
    with pytest.raises(errors.InputInvalid):
        parse_contract({"kind": "responsable", "reel": True})
    with pytest.raises(errors.ContractInvalid):
        parse_contract({"kind": "none", "real_cost": True})
    with pytest.raises(errors.InputInvalid) as raised:
        parse_contract({"kind": "responsable", "grid": {"frame": 1, "lens": {"simple": 1}}})
    assert raised.value.facts == {"key": "grid.lens.complexe", "reason": "missing_key"}
    with pytest.raises(errors.ContractInvalid):
        parse_contract({"kind": "responsable", "grid": {"frame": -1, "lens": lens}})


def test_the_code_of_a_correction(catalogue: Catalogue) -> None:
    """Code, regroupement, level and label, the same for both notations."""
    answer = lens_code_from_json(LENS, catalogue)
    assert answer == {
        "lpp_code": "2203948",
        "regroupement": "VM2",
        "level": "complexe",
        "label": "OPTIQUE, VERRE PROGRESSIF CLASSE B, SPH [0 A - 2,00] ET CYL (+) [0,25 A 4,00]",
    }
    assert lens_code_from_json(LENS | {"sphere": -175, "cylinder": 50}, catalogue) == answer


@pytest.mark.parametrize(
    ("changed", "error", "facts"),
    [
        ({"sphere": -1.25}, errors.InputInvalid, {"key": "sphere", "reason": "wrong_type"}),
        ({"sphere": "-1,25"}, errors.InputInvalid, {"key": "sphere", "reason": "wrong_type"}),
        ({"type": "bifocal"}, errors.InputInvalid, {"key": "type", "reason": "wrong_value"}),
        ({"class": "C"}, errors.InputInvalid, {"key": "class", "reason": "wrong_value"}),
        ({"axis": 90}, errors.InputInvalid, {"key": "axis", "reason": "unknown_key"}),
        (
            {"sphere": -130},
            errors.CorrectionOutOfRange,
            {"field": "sphere", "reason": "grid", "step": 25, "limit": 4000},
        ),
        (
            {"cylinder": 1100},
            errors.CorrectionOutOfRange,
            {"field": "cylinder", "reason": "limit", "step": 25, "limit": 1000},
        ),
    ],
)
def test_a_correction_that_is_none(
    changed: Any, error: type[errors.DomainError], facts: Any, catalogue: Catalogue
) -> None:
    """The key or the field is named; the power is not repeated."""
    with pytest.raises(error) as raised:
        lens_code_from_json(LENS | changed, catalogue)
    assert raised.value.facts == facts
