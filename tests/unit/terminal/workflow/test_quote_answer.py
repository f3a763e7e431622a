"""The whole answer of `quote`: conditions, class A equipment, the catalogue applied; and written corrections."""

import copy
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from terminal.catalogue import Catalogue, load_catalogue
from terminal.domain import errors
from terminal.workflow.conditions import Conditions, Sold, judge_conditions
from terminal.workflow.quote import answer_quote, answer_to_json, lens_code_from_json

TODAY = date(2024, 6, 1)
QUOTES = Path(__file__).parents[3] / "vectors" / "pricing" / "quotes"
PLV = {"plv": 9000, "plv_reason": "tarif 2024"}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """The catalogue that the program carries."""
    return load_catalogue()


def asked(name: str = "E10", **changes: Any) -> Any:
    """One of the worked examples as JSON, with keys changed."""
    return json.loads((QUOTES / f"{name}.quote.json").read_text(encoding="utf-8")) | changes


def answered(catalogue: Catalogue, data: Any) -> Any:
    """The JSON of the answer, after a round trip."""
    return json.loads(json.dumps(answer_to_json(answer_quote(data, catalogue, TODAY))))


def test_a_class_b_quote_has_its_class_a_equipment(catalogue: Catalogue) -> None:
    """Frame and lenses of class A at their ceilings, with nothing left to pay under a contrat responsable."""
    answer = answered(catalogue, asked("E10"))
    offer = answer["class_a"]
    assert [(line["line"], line["lpp_code"], line["price"]) for line in offer["lines"]] == [
        (1, "2222124", 3000),
        (2, "2263287", 3250),
        (3, "2263287", 3250),
    ]
    assert [line["eye"] for line in offer["lines"]] == [line["eye"] for line in answer["lines"]]
    assert offer["total"] == {"price": 9500, "amo": 1710, "amc": 7790, "reste_a_charge": 0}
    frame = {"line": 1, "eye": None, "item": "frame", "lpp_code": "2222124", "regroupement": "M01", "price": 3000}
    assert offer["lines"][0] == frame | {"label": "OPTIQUE, MONTURE ADULTE DE CLASSE A"}


def test_a_class_a_quote_needs_no_other(catalogue: Catalogue) -> None:
    """Class A throughout is its own offer; so are contact lenses alone."""
    assert "class_a" not in answered(catalogue, asked("E1"))
    assert "class_a" not in answered(catalogue, asked("E13"))


def test_the_class_a_part_of_a_mixed_quote_is_kept(catalogue: Catalogue) -> None:
    """Its own lenses at their own price, beside the class A frame."""
    offer = answered(catalogue, asked("E7"))["class_a"]
    assert [(line["lpp_code"], line["price"]) for line in offer["lines"]] == [
        ("2222124", 3000),
        ("2263287", 3250),
        ("2263287", 3250),
    ]
    assert offer["total"]["reste_a_charge"] == 0


def test_an_offer_with_an_unknown_price_has_no_total(catalogue: Catalogue) -> None:
    """The lines are named, the price is null, and nothing is added up."""
    offer = answered(catalogue, asked("E5"))["class_a"]
    assert [line["price"] for line in offer["lines"]] == [3000, None, None]
    assert offer["lines"][1]["lpp_code"] is not None
    assert offer["total"] is None


def test_a_pair_on_one_line_has_twice_the_ceiling(catalogue: Catalogue) -> None:
    """The offer answers to the quantity."""
    data = asked("E10")
    data["lines"] = [{"item": "lens", "lpp_code": "2264803", "price": 40000, "quantity": 2}]
    offer = answered(catalogue, data)["class_a"]
    assert (offer["lines"][0]["price"], offer["total"]["price"]) == (6500, 6500)


def test_the_shop_may_write_the_offer_with_its_own_ceilings(catalogue: Catalogue) -> None:
    """Typed prices with their reason make it whole."""
    frame = {"item": "frame", "lpp_code": "2222124", "price": 3000}
    lens = {"item": "lens", "lpp_code": "2249229", "price": 9000, **PLV}
    lenses = [{**lens, "eye": "right"}, {**lens, "eye": "left"}]
    offer = answered(catalogue, asked("E5", class_a=[frame, *lenses]))["class_a"]
    assert offer["total"] == {"price": 21000, "amo": 3780, "amc": 17220, "reste_a_charge": 0}


@pytest.mark.parametrize(
    ("lines", "facts"),
    [
        (
            [{"item": "frame", "lpp_code": "2264861", "price": 3000}],
            {"line": 1, "lpp_code": "2264861", "reason": "class"},
        ),
        (
            [{"item": "contact_lenses", "lpp_code": "2251545", "price": 3000}],
            {"line": 1, "lpp_code": "2251545", "reason": "class"},
        ),
        (
            [{"item": "frame", "lpp_code": "2222124", "price": 3000}],
            {"line": 0, "reason": "equipment", "accepted": "{'frame': 1, 'lens': 2}"},
        ),
    ],
)
def test_a_written_offer_is_the_same_equipment_in_class_a(lines: Any, facts: Any, catalogue: Catalogue) -> None:
    """Another class, another item, or fewer things are refused."""
    with pytest.raises(errors.OfferInvalid) as raised:
        answer_quote(asked("E5", class_a=lines), catalogue, TODAY)
    assert raised.value.facts == facts


def test_the_answer_names_its_catalogue(catalogue: Catalogue) -> None:
    """The version that was applied; its digest is for claims."""
    assert answered(catalogue, asked("E1"))["catalogue"] == "cnam-577-2020"


def test_a_prescription_that_has_expired_refuses_the_quote(catalogue: Catalogue) -> None:
    """By its date and its prescriber; without a prescription nothing is judged."""
    data = asked("E1", prescription={"date": "2019-05-14"})
    service = date.fromisoformat(data["service_date"])
    issued = service.replace(year=service.year - 3)
    assert answered(catalogue, asked("E1", prescription={"date": issued.isoformat()}))
    with pytest.raises(errors.PrescriptionExpired):
        answer_quote(
            asked("E1", prescription={"date": issued.isoformat(), "prescriber": "orthoptist"}), catalogue, TODAY
        )
    with pytest.raises(errors.PrescriptionFuture):
        answer_quote(asked("E1", prescription={"date": "2999-01-01"}), catalogue, TODAY)
    with pytest.raises(errors.InputInvalid) as raised:
        answer_quote(asked("E1", prescription={"date": "2024-01-01", "prescriber": "optician"}), catalogue, TODAY)
    assert raised.value.facts == {"key": "prescription.prescriber", "reason": "wrong_value"}


def test_a_renewal_is_judged_and_said(catalogue: Catalogue) -> None:
    """Due, early with its ground, or refused; the ground is in no answer."""
    data = asked("E1")
    service = date.fromisoformat(data["service_date"])
    last = service.replace(year=service.year - 1)
    early = answered(catalogue, data | {"renewal": {"last": last.isoformat(), "ground": "sight_changed"}})
    due = last.replace(year=last.year + 2).isoformat()
    assert early["renewal"] == {"early": True, "last": last.isoformat(), "due": due}
    assert "sight" not in json.dumps(early)
    with pytest.raises(errors.RenewalTooEarly):
        answer_quote(data | {"renewal": {"last": last.isoformat()}}, catalogue, TODAY)
    assert "renewal" not in answered(catalogue, data)
    with pytest.raises(errors.InputInvalid):
        answer_quote(data | {"renewal": {"last": last.isoformat(), "ground": "lost"}}, catalogue, TODAY)


def test_contact_lenses_are_renewed_by_eye(catalogue: Catalogue) -> None:
    """A package of last month for one eye refuses the pair, and the eye is named."""
    data = asked("E13")
    service = date.fromisoformat(data["service_date"])
    recent = service.replace(month=service.month - 1).isoformat()
    with pytest.raises(errors.RenewalTooEarly) as raised:
        answer_quote(data | {"renewal": {"contact_lenses": {"left": recent}}}, catalogue, TODAY)
    assert raised.value.facts["eye"] == "left"


BORN, DELIVERY = date(1984, 5, 17), date(2024, 5, 14)


@pytest.mark.parametrize(
    ("sold", "refused"),
    [
        ([Sold("frame"), Sold("lens", "right")], False),
        ([Sold("contact_lenses", "right")], True),
        ([Sold("lens"), Sold("contact_lenses")], True),
        ([Sold("supplement")], False),
        ([], False),
    ],
)
def test_what_is_sold_decides_the_validity(sold: list[Sold], refused: bool) -> None:
    """Four years after the prescription of an adult of forty: glasses may still be delivered, contact lenses not."""
    known = Conditions(prescribed=date(2020, 5, 14))
    if refused:
        with pytest.raises(errors.PrescriptionExpired):
            judge_conditions(known, DELIVERY, BORN, sold)
    else:
        assert judge_conditions(known, DELIVERY, BORN, sold) is None


def test_only_what_is_sold_is_renewed() -> None:
    """Glasses of last month do not concern contact lenses, nor the other way round."""
    recent = date(2024, 4, 14)
    glasses = Conditions(last_glasses=recent)
    assert judge_conditions(glasses, DELIVERY, BORN, [Sold("contact_lenses"), Sold("supplement")]) is None
    lenses = Conditions(last_contact_lenses={"right": recent})
    assert judge_conditions(lenses, DELIVERY, BORN, [Sold("frame"), Sold("contact_lenses", "left")]) is None
    for conditions, sold in (
        (glasses, Sold("lens", "left")),
        (glasses, Sold("frame")),
        (lenses, Sold("contact_lenses")),
    ):
        with pytest.raises(errors.RenewalTooEarly):
            judge_conditions(conditions, DELIVERY, BORN, [sold])


def test_a_ground_does_not_show() -> None:
    """A medical ground is health data."""
    assert "medical" not in repr(Conditions(ground="medical_situation"))


def test_a_written_correction_gives_its_code_and_why(catalogue: Catalogue) -> None:
    """The reason of the nomenclature's best known trap, as the screen will say it."""
    answer = lens_code_from_json({"type": "unifocal", "class": "A", "text": "+2,00 (-3,00) 90°"}, catalogue)
    assert answer == {
        "lpp_code": "2234050",
        "regroupement": "V01",
        "level": "simple",
        "label": "OPTIQUE, VERRE UNIFOCAL CLASSE A, SPH [0 A - 2,00] ET CYL (+) [0,25 A 4,00]",
        "reason": [
            {"code": "transposed", "text": "−1,00 (+3,00) 180°"},
            {"code": "sphere_band", "text": "[0 ; −2]"},
            {"code": "cylinder_band", "text": "≤ 4"},
        ],
        "notes": [],
    }


def test_both_eyes_of_a_written_correction(catalogue: Catalogue) -> None:
    """One answer for each eye that is named."""
    data = {"type": "progressive", "class": "B", "text": "OD -1,25 add 2,00 OG plan add 2,00"}
    answer = lens_code_from_json(data, catalogue)
    assert set(answer) == {"right", "left"}
    assert answer["right"]["lpp_code"] != ""
    assert answer["left"]["level"] == "complexe"


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"type": "unifocal", "class": "A", "text": 3}, "text"),
        ({"type": "unifocal", "class": "A", "text": "plan", "sphere": 0}, "sphere"),
        ({"type": "unifocal", "text": "plan"}, "class"),
    ],
)
def test_the_shape_of_a_written_correction_is_strict(data: Any, key: str, catalogue: Catalogue) -> None:
    """Text or figures, never both."""
    with pytest.raises(errors.InputInvalid) as raised:
        lens_code_from_json(copy.deepcopy(data), catalogue)
    assert raised.value.facts["key"] == key
