"""Claims as FHIR R4 Claim resources, one a line (NDJSON, as FHIR's bulk data has it).

Rules: no national profile of Claim exists, so none is claimed: `meta.profile` is absent. Only value sets of the
standard itself carry its systems; codes and identifiers of French origin carry names of ours (`urn:comptoir:…`),
because no registered system was verified for them. Shares have no place in a Claim and are extensions. Amounts are
euros with two decimals, exactly the cents that were claimed. What a claim does not say is left out.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Any, Final

import msgspec

from sync.contract.message import Beneficiary, ClaimMessage, Line
from sync.receiver.exports.lines import received_at
from sync.receiver.opener import Opened

URN: Final = "urn:comptoir:fhir:"
HL7: Final = "http://terminology.hl7.org/CodeSystem/"
_USES: Final = {"preauthorisation": "preauthorization"}
_YEAR: Final = re.compile(r"(?!0000)[0-9]{4}")
_encoder = msgspec.json.Encoder(decimal_format="number", order="sorted")


def resource_line(claim: Opened) -> bytes:
    """The Claim of an opened claim as a line, without its line feed."""
    return _encoder.encode(resource_of(claim))


def resource_of(claim: Opened) -> dict[str, Any]:
    """The Claim of an opened claim."""
    message = claim.message
    related = {"related": [_prior(message.supersedes)]} if message.supersedes else {}
    return {
        "resourceType": "Claim",
        "contained": [_patient(message), _coverage(message)],
        "extension": _digests(claim),
        "identifier": [_identifier("urn:ietf:rfc:3986", f"urn:uuid:{claim.claim_id}")],
        "status": "cancelled" if message.kind == "cancellation" else "active",
        "type": _coded(f"{HL7}claim-type", "vision"),
        "use": _USES.get(message.kind, "claim"),
        "patient": {"reference": "#patient"},
        "billablePeriod": {"start": message.service_date.isoformat(), "end": message.service_date.isoformat()},
        "created": received_at(claim),
        "insurer": _reference("amc", message.insurer),
        "provider": _reference("shop", claim.shop),
        "priority": _coded(f"{HL7}processpriority", "normal"),
        **related,
        "insurance": [_insurance(message)],
        "item": [_item(number, line, message) for number, line in enumerate(message.lines, 1)],
        "total": _money(sum(line.price for line in message.lines)),
    }


def _patient(message: ClaimMessage) -> dict[str, Any]:
    beneficiary = message.beneficiary
    name = {"name": [{"text": beneficiary.name}]} if beneficiary.name else {}
    rank = {"url": f"{URN}rank", "valueInteger": beneficiary.rank}
    return {"resourceType": "Patient", "id": "patient", **name, **_born(beneficiary), "extension": [rank]}


def _born(beneficiary: Beneficiary) -> dict[str, Any]:
    """A date, or only the year of a lunar one: then the card's own date is beside it."""
    raw = beneficiary.birth_date
    try:
        return {"birthDate": date.fromisoformat(raw).isoformat()}
    except ValueError:
        beside = {"_birthDate": {"extension": [{"url": f"{URN}birth-date-on-card", "valueString": raw}]}}
        return {"birthDate": raw[:4], **beside} if _YEAR.match(raw) else beside


def _coverage(message: ClaimMessage) -> dict[str, Any]:
    member = message.member
    return {
        "resourceType": "Coverage",
        "id": "coverage",
        "identifier": [_identifier(f"{URN}member:{member.kind}", member.value)],
        "status": "active",
        "beneficiary": {"reference": "#patient"},
        "payor": [_reference("amc", message.insurer)],
    }


def _insurance(message: ClaimMessage) -> dict[str, Any]:
    agreed = {"preAuthRef": [message.pec.number]} if message.pec else {}
    return {"sequence": 1, "focal": True, "coverage": {"reference": "#coverage"}, **agreed}


def _digests(claim: Opened) -> list[dict[str, str]]:
    stated = {"receipt": claim.receipt, "catalogue": claim.message.tables.catalogue}
    stated["profile"] = claim.message.tables.profile
    return [{"url": f"{URN}{name}-sha256", "valueString": value} for name, value in stated.items()]


def _item(number: int, line: Line, message: ClaimMessage) -> dict[str, Any]:
    eye = {"bodySite": _coded(f"{URN}eye", line.eye)} if line.eye else {}
    shares = {"base": line.base, "amo": line.amo, "amc": line.amc, "reste-a-charge": line.reste_a_charge}
    level = "lpp" if line.code.isdigit() else "regroupement"
    return {
        "sequence": number,
        "category": _coded(f"{URN}item", line.item),
        "productOrService": _coded(f"{URN}code:{level}", line.code),
        "servicedDate": message.service_date.isoformat(),
        "quantity": {"value": line.quantity},
        "net": _money(line.price),
        **eye,
        "extension": [{"url": f"{URN}{name}", "valueMoney": _money(cents)} for name, cents in shares.items()],
    }


def _prior(claim_id: str) -> dict[str, Any]:
    identifier = _identifier("urn:ietf:rfc:3986", f"urn:uuid:{claim_id}")
    return {"claim": {"identifier": identifier}, "relationship": _coded(f"{HL7}ex-relatedclaimrelationship", "prior")}


def _money(cents: int) -> dict[str, Any]:
    return {"value": Decimal(cents).scaleb(-2), "currency": "EUR"}


def _coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def _identifier(system: str, value: str) -> dict[str, str]:
    return {"system": system, "value": value}


def _reference(kind: str, value: str) -> dict[str, Any]:
    return {"identifier": _identifier(f"{URN}{kind}", value)}
