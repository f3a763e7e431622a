"""A valid terminal asks about others all over the contract, and cannot tell who or what exists from what does not.

The requests are generated from the OpenAPI file, so an operation that is added is asked too.
"""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

import sync.contract
from sync.contract.envelope import Package, decode, digest, encode
from sync.crypto import base64url
from sync.receiver.admission import Asked
from sync.receiver.app import build_app
from sync.receiver.intake import Intake
from tests.unit.sync.receiver.test_http_face import Said, call
from tests.unit.sync.receiver.visitor import Visitor, new_claim_id

CONTRACT: Final = yaml.safe_load((Path(sync.contract.__file__).parent / "openapi.yaml").read_text("utf-8"))
METHODS: Final = ("GET", "PUT", "POST", "DELETE", "PATCH", "QUERY")
ASKED_AT_LEAST: Final = 200
NAMES: Final = ("claim_id", "id", "nir", "member", "name", "birth_date", "device", "shop", "q", "filter")
_JWS: Final = re.compile(r"[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+")
_PERSON: Final = re.compile(
    r"nir|nom\b|name|prenom|birth|naissance|member|adherent|benefi|patient|person|insured|assure|famil|civil|rank"
)

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@dataclass(frozen=True)
class About:
    """What a request asks about: a claim, a person, a terminal, a digest, the bytes of a package."""

    claim_id: str
    nir: str
    member: str
    device: str
    digest: str
    package: bytes

    def value(self, name: str) -> str:
        """The value that belongs to a member of this name."""
        known = {"claim_id": self.claim_id, "id": self.claim_id, "nir": self.nir, "device": self.device}
        return known.get(name, self.member)


def about(owner: Visitor, package: bytes) -> About:
    """What there is to know of a package of `owner`; the person in it is invented."""
    envelope = decode(package, Package).envelope
    return About(
        claim_id=envelope.claim_id,
        nir="284057599900127",
        member="A0001",
        device=owner.signer.kid,
        digest=digest(encode(envelope)),
        package=package,
    )


def nobody(stranger: Visitor) -> About:
    """The same of somebody, a claim and a terminal that this insurer never saw."""
    found = about(stranger, stranger.package())
    return About(found.claim_id, "284057599900224", "Z9999", found.device, found.digest, found.package)


def probes() -> Iterator[tuple[str, Callable[[Visitor, About], Asked]]]:
    """Every operation, and every other method on its path, asked about something in each place of a request."""
    for path, item in CONTRACT["paths"].items():
        media = [kind for one in item.values() for kind in one.get("requestBody", {}).get("content", {})]
        for method in METHODS:
            yield f"{method} {path} path", _in_path(method, path)
            for name in NAMES:
                yield f"{method} {path} query {name}", _in_query(method, path, name)
            yield f"{method} {path} header", _in_headers(method, path)
            for kind in media or ["application/json"]:
                yield f"{method} {path} body", _in_body(method, path, kind)


def _in_path(method: str, path: str) -> Callable[[Visitor, About], Asked]:
    def asked(visitor: Visitor, what: About) -> Asked:
        filled = re.sub(r"\{\w+\}", what.claim_id, path)
        return visitor.ask(method, filled if filled != path else f"{path}/{what.claim_id}")

    return asked


def _in_query(method: str, path: str, name: str) -> Callable[[Visitor, About], Asked]:
    def asked(visitor: Visitor, what: About) -> Asked:
        filled = re.sub(r"\{\w+\}", what.claim_id, path)
        return visitor.ask(method, f"{filled}?after=0&{name}={what.value(name)}")

    return asked


def _in_headers(method: str, path: str) -> Callable[[Visitor, About], Asked]:
    def asked(visitor: Visitor, what: About) -> Asked:
        filled = re.sub(r"\{\w+\}", what.claim_id, path)
        fields = {f"x-{name}": what.value(name) for name in ("nir", "claim-id", "device")}
        fields |= {"idempotency-key": f'"{what.claim_id}"', "if-match": what.digest}
        return visitor.ask(method, filled, b"", **fields)

    return asked


def _in_body(method: str, path: str, kind: str) -> Callable[[Visitor, About], Asked]:
    def asked(visitor: Visitor, what: About) -> Asked:
        filled = re.sub(r"\{\w+\}", what.claim_id, path)
        body = json.dumps({name: what.value(name) for name in NAMES}).encode()
        return visitor.ask(method, filled, body, content_type=kind, idempotency_key=f'"{what.claim_id}"')

    return asked


def seen_in(answer: Said, what: About) -> tuple[int, dict[str, str], Any]:
    """An answer without what is random or was asked: signatures and nonces, and the asked values themselves."""
    text = json.dumps(_opened(answer.body))
    for value in (what.claim_id, what.nir, what.member, what.device, what.digest):
        text = text.replace(value, "ASKED")
    headers = {name: value for name, value in answer.headers.items() if name not in ("date", "content-length")}
    return answer.status, headers, json.loads(text)


def _opened(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: _opened(value) for name, value in node.items() if name not in ("nonce", "dispatch")}
    if isinstance(node, list):
        return [_opened(one) for one in node]
    if isinstance(node, str) and (found := _JWS.fullmatch(node)):
        return _opened(json.loads(base64url.to_bytes(found[1])))
    return node


class Insurance:
    """The application with a claim of one terminal in it, asked by another."""

    def __init__(self, intake: Intake, owner: Visitor, asker: Visitor, stranger: Visitor) -> None:
        self.app, self.asker = build_app(intake), asker
        package = owner.package()
        assert owner.push(intake, package).status == 201
        self.exists, self.unknown = about(owner, package), nobody(stranger)

    def ask(self, asked: Asked) -> Said:
        """What is answered."""
        return asyncio.run(_called(self.app, asked))

    def differs(self, make: Callable[[Visitor, About], Asked]) -> bool:
        """Whether the answer about what exists is another one than about what does not."""
        first, second = (seen_in(self.ask(make(self.asker, what)), what) for what in (self.exists, self.unknown))
        return first != second


async def _called(app: Any, asked: Asked) -> Said:
    path, _, query = asked.path.partition("?")
    served: Any = _WithQuery(app, path, query)
    return await call(served, asked)


class _WithQuery:
    """An application whose requests have a query, as a server splits it off."""

    def __init__(self, app: Any, path: str, query: str) -> None:
        self._app, self._path, self._query = app, path, query

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        split = {"path": self._path, "raw_path": self._path.encode(), "query_string": self._query.encode()}
        await self._app({**scope, **split}, receive, send)


@pytest.fixture
def insurance(intake: Intake, enrolled: Callable[[], Visitor], stranger: Visitor) -> Insurance:
    """Two terminals, a claim of the first, and a third that nobody knows."""
    return Insurance(intake, enrolled(), enrolled(), stranger)


def test_no_answer_tells_what_exists(insurance: Insurance) -> None:
    """More than 200 requests in each of two worlds, over every operation and place: all answers are alike."""
    made = list(probes())
    assert len(made) >= ASKED_AT_LEAST
    assert [named for named, make in made if insurance.differs(make)] == []


def test_no_answer_holds_a_word_of_anothers_claim(insurance: Insurance) -> None:
    """Nothing that is signed or written in an answer to another terminal names the claim, its shop's key or digest."""
    secret = (insurance.exists.digest, insurance.exists.device)
    for named, make in probes():
        said = json.dumps(_opened(insurance.ask(make(insurance.asker, insurance.unknown)).body))
        assert not [word for word in (*secret, insurance.exists.claim_id) if word in said], named


def test_a_stolen_package_says_nothing(insurance: Insurance) -> None:
    """Somebody else's package, sent by this terminal, is refused alike whether the insurer has it or not."""
    assert not insurance.differs(lambda visitor, what: visitor.put(what.package))
    assert not insurance.differs(lambda visitor, what: visitor.post_batch(what.package))


def test_a_taken_claim_id_is_all_one_can_learn(insurance: Insurance) -> None:
    """An own claim under another's id is the one request that differs: 409, and no digest, shop or terminal with it.

    Who asks this must know the id, which has 74 random bits and names nobody.
    """
    asker, taken = insurance.asker, insurance.exists.claim_id
    refusal = insurance.ask(asker.put(asker.package(taken)))
    assert (refusal.status, refusal.body["code"]) == (409, "digest_conflict")
    assert set(refusal.body) <= {"type", "title", "status", "code", "received"}
    text = json.dumps(_opened(refusal.body))
    assert not [word for word in (insurance.exists.digest, insurance.exists.device) if word in text]


def test_guessed_claim_ids_are_refused_one_by_one(insurance: Insurance) -> None:
    """200 ids in a path of their own are 404 or 405, taken or not: there is nothing to read a claim with."""
    ids = [insurance.exists.claim_id, *(new_claim_id() for _ in range(199))]
    statuses = {insurance.ask(insurance.asker.ask("GET", f"/v1/claims/{one}")).status for one in ids}
    assert statuses == {405}


def parameters() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every parameter of the file, with the operation it belongs to."""
    shared = CONTRACT["components"]["parameters"]
    for path, item in CONTRACT["paths"].items():
        for method, operation in item.items():
            for one in operation.get("parameters", []):
                reference = one.get("$ref", "").rpartition("/")[2]
                yield f"{method} {path}", shared[reference] if reference else one


def test_no_parameter_names_a_person(database: object) -> None:
    """Of each operation in the file: neither name nor description of a parameter speaks of a person."""
    assert database is not None
    found = list(parameters())
    assert len(found) > 20
    named = [(where, one["name"]) for where, one in found if _PERSON.search(one["name"].lower())]
    told = [
        (where, one["name"])
        for where, one in found
        if re.search(r"\b(person|patient|insured|NIR)\b", one.get("description", ""))
    ]
    assert (named, told) == ([], [])
    free = [one["name"] for _, one in found if one["in"] in ("query", "path") and one["schema"].get("type") == "string"]
    assert set(free) == {"claim_id", "tile"}
    assert _PERSON.search("beneficiary_name")


def test_a_difference_would_be_seen(insurance: Insurance) -> None:
    """The comparison is not blind: an operation that answered about a claim would be found."""
    exists = insurance.exists.claim_id
    real = insurance.ask

    def leaking(asked: Asked) -> Said:
        said = real(asked)
        if exists in asked.path:
            said.body["known"] = True
        return said

    insurance.ask = leaking  # type: ignore[method-assign]  # this is the leak
    assert insurance.differs(_in_path("GET", "/v1/claims/{claim_id}"))
