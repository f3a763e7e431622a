"""Schemas and structs are one contract: the same fields, the same bounds, the same verdict."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

import sync.contract
from sync.contract import (
    enrolment,
    envelope,
    events,
    exchange,
    keys,
    message,
    outcomes,
    problems,
    profile,
    renewal,
    settlement,
)
from sync.contract.message import ClaimMessage, decode_message, encode_message
from sync.errors import ContractError
from tests.unit.sync.contract.records import CLAIM

SCHEMAS = Path(sync.contract.__file__).parent / "schemas"
STRUCTS: dict[str, type[msgspec.Struct]] = {
    "claim": message.ClaimMessage,
    "envelope": envelope.Envelope,
    "dispatch": envelope.Dispatch,
    "package": envelope.Package,
    "receipt": envelope.Receipt,
    "refusal": envelope.ClaimRefusal,
    "state": envelope.ChainState,
    "keys": keys.KeySet,
    "event": events.Event,
    "document-request": events.DocumentRequest,
    "document-answer": events.DocumentAnswer,
    "outcome": outcomes.Outcome,
    "payment": outcomes.Payment,
    "settlement": settlement.Settlement,
    "settlement-file": settlement.SettlementFile,
    "profile": profile.Profile,
    "enrolment-request": enrolment.EnrolmentRequest,
    "enrolment-answer": enrolment.EnrolmentAnswer,
    "renewal-request": renewal.RenewalRequest,
    "renewal-answer": renewal.RenewalAnswer,
    "directory-entry": enrolment.DirectoryEntry,
    "batch-results": exchange.BatchAnswer,
    "problem": problems.Problem,
}
TOLD = ("$schema", "$id", "title", "description", "default")
LEFT_OUT_WHEN_EMPTY = {
    ("claim", "evidence"),
    ("profile", "fields"),
    ("state", "missing"),
    ("document-answer", "openings"),
    ("outcome", "lines"),
    ("outcome", "reasons"),
    ("settlement-file", "events"),
}
"""Lists that the canonical form leaves out when they are empty: the schema says that they have an item."""


def written(name: str) -> dict[str, Any]:
    """A schema as it is in its file."""
    found: dict[str, Any] = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
    return found


def said_by(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """The schema of a struct, its root inlined as the files have it."""
    (_, parts) = msgspec.json.schema_components([struct], ref_template="#/$defs/{name}")
    root = parts.pop(struct.__name__)
    return {**root, **({"$defs": parts} if parts else {})}


def plain(node: Any) -> Any:
    """A schema without prose, with one spelling for what two spellings say."""
    if isinstance(node, list):
        return [plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: plain(value) for key, value in node.items() if key not in TOLD or not isinstance(value, str | list)}
    found = {key: value for key, value in found.items() if key != "default"}
    options = [option for option in found.pop("anyOf", []) if option != {"type": "null"}]
    for option in options:
        found = {**option, **found}
    if "const" in found:
        found["enum"] = [found.pop("const")]
    if "enum" in found:
        found = {"enum": sorted(found["enum"])}
    if found.get("format") == "date":
        found = {"type": "string", "format": "date"}
    return found


def test_every_schema_has_its_struct() -> None:
    """No schema file is without a struct to agree with; the batch is compared by its own test."""
    files = {path.name.removesuffix(".schema.json") for path in SCHEMAS.iterdir()}
    assert files == set(STRUCTS) | {"batch"}


@pytest.mark.parametrize("name", STRUCTS)
def test_schema_and_struct_agree(name: str) -> None:
    """Fields, required fields, types, patterns, bounds and strictness are the same."""
    schema, struct = plain(written(name)), plain(said_by(STRUCTS[name]))
    for owner, field in LEFT_OUT_WHEN_EMPTY:
        if owner == name:
            assert schema["properties"][field].pop("minItems") == 1
    if name == "state":
        assert schema["properties"]["missing"].pop("maxItems") == exchange.MAX_MISSING
    if name == "outcome":
        assert schema["$defs"]["LineOutcome"]["properties"]["reasons"].pop("minItems") == 1
    if name == "profile":
        assert schema["$defs"]["LogTerms"]["properties"]["witnesses"].pop("minItems") == 1
        levels = struct["$defs"]["GuaranteeGrid"]["properties"].pop("lens")
        lens = schema["$defs"]["GuaranteeGrid"]["properties"].pop("lens")
        assert set(lens["properties"]) == set(lens["required"]) == {"simple", "complexe", "tres_complexe"}
        assert [lens["properties"][level] for level in lens["required"]] == [levels["additionalProperties"]] * 3
    assert schema == struct


@pytest.mark.parametrize("name", [*STRUCTS, "batch"])
def test_schemas_are_valid_and_described(name: str) -> None:
    """Each file is a valid schema of draft 2020-12 with an id, and each property says what it is."""
    schema = written(name)
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:comptoir:schema:{name}:v1"
    objects = [schema, *schema.get("$defs", {}).values()]
    bare = [field for part in objects for field, says in part["properties"].items() if "description" not in says]
    assert bare == []


def test_a_batch_is_made_of_packages() -> None:
    """The batch's schema holds the limit of the code and the package's schema."""
    items = written("batch")["properties"]["packages"]
    assert items["maxItems"] == exchange.MAX_BATCH
    assert items["items"] == {"$ref": "package.schema.json"}


def validator(name: str) -> Draft202012Validator:
    """A validator of one schema, formats checked."""
    registry: Registry[Any] = Registry().with_resources(
        [("package.schema.json", Resource.from_contents(written("package")))]
    )
    return Draft202012Validator(written(name), registry=registry, format_checker=FormatChecker())


CLAIMS = validator("claim")


def accepted(plain_claim: Any) -> bool:
    """Whether the code takes a claim that comes in canonical form."""
    try:
        decode_message(msgspec.json.encode(plain_claim, order="sorted"))
    except ContractError:
        return False
    return True


@settings(max_examples=40)
@given(CLAIM)
def test_what_is_valid_is_valid_to_both(claim: dict[str, Any]) -> None:
    """A valid claim passes the schema, becomes a message and comes back from its bytes."""
    assert CLAIMS.is_valid(claim)
    found = msgspec.convert(claim, ClaimMessage)
    assert decode_message(encode_message(found)) == found
    assert json.loads(encode_message(found)) == claim


WRONG: st.SearchStrategy[Any] = st.sampled_from(
    [None, -1, 0, 10, 10**8, True, "", "x", "12345678\n", "2026-13-01", [], {}, 1.5]
)


@settings(max_examples=80)
@given(claim=CLAIM, wrong=WRONG, data=st.data())
def test_what_one_refuses_the_other_refuses(claim: dict[str, Any], wrong: Any, data: st.DataObject) -> None:
    """With one value replaced, removed or added, schema and struct give the same verdict."""
    holder = data.draw(
        st.sampled_from([claim, claim["member"], claim["beneficiary"], claim["lines"][0], claim["tables"]])
    )
    name = data.draw(st.sampled_from([*holder, "sphere"]))
    if data.draw(st.booleans()):
        holder[name] = wrong
    else:
        holder.pop(name, None)
    assert CLAIMS.is_valid(claim) == accepted(claim)


def test_an_empty_list_is_not_spelled_out() -> None:
    """`evidence: []` is refused by the schema, and by the decoder because the canonical form leaves it out."""
    claim = json.loads(encode_message(_some_claim()))
    spelled = msgspec.json.encode({**claim, "evidence": []}, order="sorted")
    assert not CLAIMS.is_valid({**claim, "evidence": []})
    with pytest.raises(ContractError):
        decode_message(spelled)


def _some_claim() -> ClaimMessage:
    line = {"item": "frame", "code": "2222124", "quantity": 1, "price": 1, "base": 1, "amo": 1, "amc": 0}
    plain_claim = {
        "schema": "comptoir/claim/v1",
        "claim_id": "01980000-0000-7000-8000-000000000001",
        "kind": "claim",
        "insurer": "99999997",
        "convention": "OPTI",
        "shop": "759999991",
        "member": {"kind": "adherent", "value": "A1"},
        "beneficiary": {"birth_date": "1984-05-01", "rank": 1},
        "service_date": "2026-11-20",
        "amo_rate": 60,
        "lines": [{**line, "reste_a_charge": 0}],
        "tables": {"catalogue": "0" * 64, "profile": "1" * 64},
    }
    return msgspec.convert(plain_claim, ClaimMessage)
