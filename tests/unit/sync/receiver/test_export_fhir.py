"""Claims as FHIR: judged by the models of an independent library, and the amounts are those of the claim."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
from fhir.resources.R4B.claim import Claim
from hypothesis import given, settings

from sync.contract.message import Beneficiary, ClaimMessage, Pec
from sync.receiver.exports.fhir import resource_line
from sync.receiver.opener import Opened
from tests.unit.sync.contract.records import MESSAGE
from tests.unit.sync.receiver.visitor import claim_message, new_claim_id

AT = int(datetime(2026, 11, 22, 10, 30, 5, 999_000, UTC).timestamp() * 1000)


def opened(message: ClaimMessage) -> Opened:
    """A message as the opener gives it."""
    return Opened(message.claim_id, 7, "k" * 43, message.shop, AT, "a" * 64, message, b"")


def validated(message: ClaimMessage) -> tuple[Any, dict[str, Any]]:
    """The resource, accepted by the library, and its JSON with exact decimals."""
    line = resource_line(opened(message))
    assert b"\n" not in line
    plain: dict[str, Any] = json.loads(line, parse_float=Decimal)
    return Claim.model_validate_json(line), plain


@settings(max_examples=40)
@given(message=MESSAGE)
def test_any_claim_is_a_valid_resource_with_its_amounts(message: ClaimMessage) -> None:
    """The library accepts it; the amounts are the cents; use and status follow from the kind."""
    claim, plain = validated(message)
    assert [Decimal(item["net"]["value"]) * 100 for item in plain["item"]] == [line.price for line in message.lines]
    assert Decimal(plain["total"]["value"]) * 100 == sum(line.price for line in message.lines)
    for item, line in zip(plain["item"], message.lines, strict=True):
        shares = {one["url"].rpartition(":")[2]: one["valueMoney"]["value"] * 100 for one in item["extension"]}
        assert shares == {
            "base": line.base, "amo": line.amo, "amc": line.amc, "reste-a-charge": line.reste_a_charge
        }  # fmt: skip
    assert claim.use == ("preauthorization" if message.kind == "preauthorisation" else "claim")
    assert claim.status == ("cancelled" if message.kind == "cancellation" else "active")
    assert (claim.related is not None) == (message.supersedes is not None)


def test_what_a_claim_says_and_where() -> None:
    """Route, member, dates, codes, agreement and receipt stand where a reader of FHIR looks; no profile is claimed."""
    agreed = Pec(number="PEC-7", date=datetime(2026, 11, 1, tzinfo=UTC).date())
    message = msgspec.structs.replace(claim_message("01980000-0000-7000-8000-000000000001"), pec=agreed)
    claim, plain = validated(message)
    assert claim.identifier[0].value == "urn:uuid:01980000-0000-7000-8000-000000000001"
    assert claim.insurer.identifier.value == message.insurer
    assert claim.provider.identifier.value == message.shop
    assert plain["created"] == "2026-11-22T10:30:05Z"
    assert claim.insurance[0].preAuthRef == ["PEC-7"]
    assert claim.item[0].productOrService.coding[0].system == "urn:comptoir:fhir:code:lpp"
    assert claim.item[0].productOrService.coding[0].code == "2222124"
    patient, coverage = plain["contained"]
    assert (patient["birthDate"], coverage["identifier"][0]["value"]) == ("1984-05-01", "A0001")
    assert "name" not in patient
    assert "meta" not in plain
    assert {"url": "urn:comptoir:fhir:receipt-sha256", "valueString": "a" * 64} in plain["extension"]


def test_a_lunar_birth_date_is_a_year_with_the_date_on_the_card_beside_it() -> None:
    """FHIR has no month 30: the year stands, and nothing is invented."""
    lunar = Beneficiary(birth_date="1984-30-00", rank=2, name="Éléonore D’Essai")
    _, plain = validated(msgspec.structs.replace(claim_message(new_claim_id()), beneficiary=lunar))
    patient = plain["contained"][0]
    assert patient["birthDate"] == "1984"
    assert patient["_birthDate"]["extension"][0]["valueString"] == "1984-30-00"
    assert patient["name"] == [{"text": "Éléonore D’Essai"}]
