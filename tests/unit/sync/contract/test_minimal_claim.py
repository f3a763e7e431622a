"""What the claim cannot say: no field for a correction, a prescription, a prescriber or an image, in any language."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

import sync.contract
from sync.contract.envelope import Envelope, Package
from sync.contract.message import ClaimMessage, Line
from sync.contract.profile import OptionalField

SCHEMAS = Path(sync.contract.__file__).parent / "schemas"
FORBIDDEN = (
    *("correction", "sphere", "cylind", "axis", "axe", "addition", "prism", "dioptr", "acuit", "pupil", "puissance"),
    *("prescri", "ordonnance", "ophtalm", "ophthalm", "doctor", "medecin", "physician", "rpps", "finess"),
    *("image", "scan", "photo", "picture", "attachment", "piece_jointe", "document", "pdf", "blob"),
    *("diagnos", "patholog", "symptom", "exemption", "exoneration", "health", "sante"),
)


def schema_names(node: Any) -> Iterator[str]:
    """Every property name in a JSON schema, at any depth."""
    if isinstance(node, dict):
        yield from node.get("properties", {})
        for child in node.values():
            yield from schema_names(child)
    elif isinstance(node, list):
        for child in node:
            yield from schema_names(child)


def struct_names(kind: Any) -> Iterator[str]:
    """Every field name of a struct and of the structs in it."""
    for struct in _structs_in(msgspec.inspect.type_info(kind)):
        yield from (field.encode_name for field in struct.fields)


def _structs_in(info: Any) -> Iterator[msgspec.inspect.StructType]:
    if isinstance(info, msgspec.inspect.StructType):
        yield info
        for field in info.fields:
            yield from _structs_in(field.type)
    for part in (getattr(info, "item_type", None), *getattr(info, "item_types", ()), *getattr(info, "types", ())):
        if part is not None:
            yield from _structs_in(part)


def forbidden_in(names: Iterator[str]) -> list[str]:
    """The names that say what a claim must not say."""
    return sorted({name for name in names if any(word in name.lower() for word in FORBIDDEN)})


def test_no_schema_of_a_claim_has_a_forbidden_field() -> None:
    """Claim, envelope and package have no such property, at any depth."""
    for name in ("claim", "envelope", "package"):
        schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
        found = list(schema_names(schema))
        assert "claim_id" in found
        assert forbidden_in(iter(found)) == []


@pytest.mark.parametrize("kind", [ClaimMessage, Envelope, Package])
def test_no_struct_of_a_claim_has_a_forbidden_field(kind: type[msgspec.Struct]) -> None:
    """The structs have no such field, at any depth."""
    found = list(struct_names(kind))
    assert "claim_id" in found
    assert forbidden_in(iter(found)) == []


@pytest.mark.parametrize("name", ["sphere_right", "axe", "prescripteur", "ordonnance_scan", "addition", "exoneration"])
def test_a_new_forbidden_field_would_be_seen(name: str) -> None:
    """A line with one more field of that sort is found by both searches."""
    line = msgspec.defstruct("Line", [(name, int)], bases=(Line,), kw_only=True, frozen=True)
    claim = msgspec.defstruct("Claim", [("lines", tuple[line, ...])])  # type: ignore[valid-type]  # made at run time
    assert forbidden_in(struct_names(claim)) == [name]
    assert forbidden_in(schema_names(msgspec.json.schema(claim))) == [name]


def test_a_line_and_a_claim_say_only_this() -> None:
    """The complete list of names: adding one means changing this test, and explaining why."""
    assert set(struct_names(ClaimMessage)) == {
        *("schema", "claim_id", "kind", "insurer", "convention", "csr", "shop", "service_date", "amo_rate"),
        *("member", "value", "beneficiary", "birth_date", "rank", "name"),
        *("lines", "item", "eye", "code", "quantity", "price", "base", "amo", "amc", "reste_a_charge"),
        *("tables", "catalogue", "profile", "pec", "number", "date", "supersedes"),
        *("early_renewal", "last_equipment_date", "evidence", "line", "commitment"),
    }


@pytest.mark.parametrize("path", get_args(OptionalField))
def test_a_profile_names_only_fields_the_claim_has(path: str) -> None:
    """Each optional field of a profile is a field of the claim, or a kind of its member."""
    first, _, second = path.partition(".")
    schema = json.loads((SCHEMAS / "claim.schema.json").read_text("utf-8"))
    assert first in schema["properties"]
    inner = schema["$defs"].get(first.capitalize(), {}).get("properties", {})
    assert not second or second in inner or second in inner["kind"]["enum"]
