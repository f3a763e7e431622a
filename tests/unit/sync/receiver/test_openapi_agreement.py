"""The OpenAPI file, the routes of the application and the table of problems are one contract."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_spec_validator import validate
from starlette.routing import Route

import sync.contract
from sync.contract import envelope, exchange
from sync.contract.enrolment import PROOF_LABEL, PSEUDONYM_INFO
from sync.contract.problems import PROBLEMS
from sync.crypto.claims import INFO_PREFIX
from sync.receiver.app import build_app
from sync.receiver.intake import Intake

CONTRACT = Path(sync.contract.__file__).parent
PERSON = re.compile(
    r"nir|nom|name|prenom|birth|naissance|member|adherent|beneficiary|beneficiaire|patient|person|insured|assure"
)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The OpenAPI file."""
    found: dict[str, Any] = yaml.safe_load((CONTRACT / "openapi.yaml").read_text("utf-8"))
    return found


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    """The file is OpenAPI 3.1, its references to the schemas included."""
    validate(document, base_uri=(CONTRACT / "openapi.yaml").as_uri())


def test_the_routes_are_those_of_the_document(document: dict[str, Any], intake: Intake) -> None:
    """The application has exactly the operations of the contract."""
    written = {(path, method.upper()) for path, item in document["paths"].items() for method in item}
    routes = build_app(intake).routes
    served = {
        (route.path.replace(":path}", "}"), method)
        for route in routes
        if isinstance(route, Route)
        for method in set(route.methods or ()) - {"HEAD"}
    }
    assert len(served) == len(routes)
    assert served == written


def parameters_of(document: dict[str, Any]) -> set[str]:
    """The names of all parameters of all operations, references resolved."""
    shared = document["components"]["parameters"]
    found = set()
    for item in document["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", []):
                reference = parameter.get("$ref", "").rpartition("/")[2]
                found.add((shared[reference] if reference else parameter)["name"].lower())
    return found


def test_no_parameter_names_a_person(document: dict[str, Any]) -> None:
    """Paths and parameters are a claim id, a number of the chain, a tile and header fields, never a person."""
    names = parameters_of(document)
    inside = {name for path in document["paths"] for name in re.findall(r"\{(\w+)\}", path)}
    assert names == {
        "claim_id",
        "idempotency-key",
        "content-digest",
        "signature-input",
        "signature",
        "content-encoding",
        "tile",
        "after",
    }
    assert inside == {"claim_id", "tile"}
    assert not [name for name in names | inside if PERSON.search(name)]
    assert PERSON.search("nir_of_the_insured")


def test_only_enrolment_health_and_log_are_open(document: dict[str, Any]) -> None:
    """Every other operation is behind the terminal's certificate."""
    open_ones = {
        path for path, item in document["paths"].items() for operation in item.values() if "security" in operation
    }
    assert document["security"] == [{"terminal": []}]
    assert open_ones == {"/v1/enrolments", "/v1/health", "/log/checkpoint", "/log/tile/{tile}"}


def test_media_types_are_those_of_the_code(document: dict[str, Any]) -> None:
    """Each media type in the file is one the code knows, and the other way round."""
    text = (CONTRACT / "openapi.yaml").read_text("utf-8")
    written = set(re.findall(r"application/[a-z.+0-9]+json", text))
    known = {value for name, value in vars(exchange).items() if name.endswith("_TYPE")}
    assert written == known


def test_the_page_lists_every_problem() -> None:
    """The table of README.md has each code with its status, and no other."""
    page = (CONTRACT / "README.md").read_text("utf-8")
    listed = {code: int(status) for code, status in re.findall(r"^\| `(\w+)` \| (\d{3}) \|", page, re.MULTILINE)}
    assert listed == {code: kind.status for code, kind in PROBLEMS.items()}


def test_the_page_states_the_limits() -> None:
    """The limits of README.md are those of the code."""
    page = (CONTRACT / "README.md").read_text("utf-8").replace(" ", "")
    limits = (exchange.MAX_PACKAGE_BYTES, exchange.MAX_BATCH, exchange.MAX_BATCH_BYTES, exchange.MAX_ENROLMENT_BYTES)
    assert [limit for limit in limits if f"|{limit}" not in page] == []


def test_the_page_names_every_purpose_and_label() -> None:
    """Signature purposes, seal labels, schemas and media types stand in README.md as they are in the code."""
    page = (CONTRACT / "README.md").read_text("utf-8")
    purposes = [value for name, value in vars(envelope).items() if name.endswith("_TYP") and name != "VOID_TYP"]
    labels = [label.rstrip(b"\x00").decode() for label in (INFO_PREFIX, PSEUDONYM_INFO, PROOF_LABEL)]
    schemas = [path.name for path in (CONTRACT / "schemas").iterdir()]
    media = [value for name, value in vars(exchange).items() if name.endswith("_TYPE")]
    assert len(purposes) == 7
    assert [word for word in (*purposes, *labels, *schemas, *media) if word not in page] == []
