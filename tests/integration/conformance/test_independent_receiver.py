"""An insurer written from the contract alone, in another language: it keeps every rule and receives real claims."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sync.crypto.claims import seal_claim
from sync.crypto.sealing import OpeningKey
from sync.daemon import drain_now
from sync.queue import Entry
from terminal.workflow.verify import verify_home
from tests.integration.conformance.conftest import Kit, failed
from tests.integration.conformance.independent import AMC, CONTRACT, PROGRAMS, Go, Independent
from tests.integration.outcomes.insurer_side import hear
from tests.shop_fixture import SHOP, OpenShop, Shop
from tests.unit.sync.receiver.visitor import claim_message, new_claim_id
from tests.vectors.contract import generate


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Go:
    """The compiler, with one cache for this file."""
    return Go(tmp_path_factory.mktemp("go"))


@pytest.fixture
def insurer(go: Go, tmp_path: Path) -> Independent:
    """The insurer, not yet serving."""
    return Independent(go.built, tmp_path / "independent", SHOP)


def test_it_keeps_every_rule(insurer: Independent, conformance: Kit) -> None:
    """No rule is broken and none is left out, the log's included; its opener reads every claim that the kit left."""
    with insurer.serving() as endpoint:
        report = conformance(endpoint, [insurer.letter() for _ in range(3)])
    assert failed(report) == {}
    assert (report["status"], report["skipped"]) == (0, 0)
    assert report["passed"] > 150
    read = insurer.claims()
    assert [line for line in read if "error" in line] == []
    assert len(read) > 10


def test_it_reads_every_vector(go: Go) -> None:
    """Its own tests hold it against the contract's vectors: what is right is taken, what was tampered with is not."""
    said = go.run("test", "-v", "-vet=off", "./...", VECTORS=str(generate.FOLDER), CONTRACT=str(CONTRACT))
    assert "--- FAIL" not in said
    passed = set(re.findall(r"^--- PASS: Test(\w+)", said, re.MULTILINE))
    assert passed >= {"Chain", "Tampered", "Envelopes", "Enrolment", "Request", "Events", "Conflicts", "Log", "Opening"}


def test_it_imports_nothing_of_ours() -> None:
    """Its programs import Go's standard library and one another's packages, and ask for no module."""
    (module,) = re.findall(r"^module (\w+)$", (PROGRAMS / "go.mod").read_text("utf-8"), re.MULTILINE)
    assert "require" not in (PROGRAMS / "go.mod").read_text("utf-8")
    for path in PROGRAMS.glob("*/*.go"):
        (block,) = re.findall(r"^import \(\n(.*?)^\)", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)
        outside = [one for one in re.findall(r'"([^"]+)"', block) if "." in one.partition("/")[0]]
        own = [one for one in re.findall(r'"([^"]+)"', block) if one.startswith(f"{module}/")]
        assert outside == []
        assert [one for one in own if not (PROGRAMS / one.removeprefix(f"{module}/")).is_dir()] == []


@pytest.fixture
def served(insurer: Independent, open_shop: OpenShop) -> Iterator[Shop]:
    """A real shop that is enrolled with it by the terminal's own means, while it serves."""
    with insurer.serving():
        yield open_shop(with_insurers=(insurer,))


def test_it_receives_claims_from_a_real_terminal(served: Shop, insurer: Independent) -> None:
    """Claims of the counter arrive sealed, are receipted, and its opener reads what the shop signed."""
    shop = served
    first = shop.counter.submit(shop.draft()).claim_id
    assert drain_now(shop.desk.home).acknowledged == 1
    more = [shop.counter.submit(shop.draft()).claim_id for _ in range(3)]
    report = drain_now(shop.desk.home)
    assert (report.acknowledged, report.errors) == (3, {})
    read = [line["content"] for line in insurer.claims()]
    assert [claim["claim_id"] for claim in read] == [first, *more]
    assert {sum(line["price"] for line in claim["lines"]) for claim in read} == {9500}
    assert all(check.ok for check in verify_home(shop.desk))


def test_it_refuses_in_writing(served: Shop, insurer: Independent) -> None:
    """A claim sealed to a key it never had is rejected at the terminal on its signature, which holds again."""
    home, message = served.desk.home, claim_message(new_claim_id())
    record = home.insurers.get(AMC)
    sent = {"insurer": AMC, "convention": record.convention}
    message = msgspec.structs.replace(message, **sent)
    sealed = seal_claim(message, home.signer, OpeningKey.generate().public)
    home.outbox.enqueue(Entry(message.claim_id, AMC, sealed.envelope, served.desk.now(), served.desk.now()))
    assert drain_now(home).rejected == 1
    assert home.outbox.get(message.claim_id).reason == "recipient_unknown"
    assert all(check.ok for check in verify_home(served.desk))
    assert insurer.claims() == []


def test_it_remembers_after_a_kill(insurer: Independent, open_shop: OpenShop) -> None:
    """Killed and started again it knows terminal, chain and log: the next claim continues all of them."""
    with insurer.serving():
        shop = open_shop(with_insurers=(insurer,))
        ids = [shop.counter.submit(shop.draft()).claim_id]
        assert drain_now(shop.desk.home).acknowledged == 1
    ids.append(shop.counter.submit(shop.draft()).claim_id)
    with insurer.serving():
        report = drain_now(shop.desk.home)
    assert (report.acknowledged, report.errors) == (1, {})
    assert [line["claim_id"] for line in insurer.claims()] == ids
    assert all(check.ok for check in verify_home(shop.desk))


def test_what_it_decides_reaches_the_counter(served: Shop, insurer: Independent) -> None:
    """An acceptance and a payment that it signs and seals move the claim at the terminal: first agreed, then paid."""
    claim_id = served.counter.submit(served.draft()).claim_id
    drain_now(served.desk.home)
    (line,) = insurer.claims()
    asked = [one["amc"] for one in line["content"]["lines"]]
    day = served.counter.today().isoformat()
    decided: dict[str, Any] = {
        "insurer": AMC,
        "outcome_id": new_claim_id(),
        "claim_id": claim_id,
        "decided_on": day,
        "verdict": "accepted",
        "lines": [{"line": place, "amc": amount} for place, amount in enumerate(asked)],
    }
    insurer.say(line["device"], "outcome", decided)
    hear(served)
    assert served.counter.follow_up(claim_id).item.state == "accepted"
    paid = {"insurer": AMC, "payment_id": new_claim_id(), "reference": "VIR-1", "paid_on": day}
    insurer.say(line["device"], "payment", {**paid, "claims": [{"claim_id": claim_id, "amount": sum(asked)}]})
    hear(served)
    assert served.counter.follow_up(claim_id).item.state == "paid"
