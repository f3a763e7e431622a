"""The conformance kit: our receiver keeps every rule, and one that breaks a rule is found out by that rule."""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import sync.contract
from sync.conformance.command import load_rules
from sync.conformance.rules import RULES, Rule, judge_all
from tests.integration.conformance.conftest import Kit, failed
from tests.integration.sync.hostile import answer, hostile_insurer
from tests.integration.sync.world import Insurer
from tests.postgres_fixture import Lender
from tests.shop_fixture import run_command
from tests.unit.sync.receiver.visitor import AMC, SHOP

CONTRACT = Path(sync.contract.__file__).parent


@pytest.fixture(params=["sqlite", "postgresql"])
def on_a_database(request: pytest.FixtureRequest) -> Iterator[tuple[str, ...]]:
    """The options of `comptoir-insurer init` for each of the two databases."""
    if request.param == "sqlite":
        yield ()
        return
    lender: Lender = request.getfixturevalue("postgres")
    with lender.bare() as url:
        yield ("--database", url)


def test_our_receiver_keeps_every_rule(tmp_path: Path, conformance: Kit, on_a_database: tuple[str, ...]) -> None:
    """All rules, hostile ones included, asked with three letters: none is broken and none is left out."""
    insurer = Insurer.make(tmp_path / "insurer", AMC, options=on_a_database).start()
    try:
        report = conformance(insurer.endpoint, [insurer.invite() for _ in range(3)])
        stored = insurer.claims()
    finally:
        insurer.close()
    assert failed(report) == {}
    assert (report["status"], report["failed"], report["skipped"]) == (0, 0, 0)
    assert report["hostile"] >= 40
    assert len(stored) == len({claim["claim_id"] for claim in stored}) > 10


def test_every_rule_names_its_section() -> None:
    """Ids are unique, each begins with a section of the contract's page, and each says what it asks."""
    load_rules()
    page = (CONTRACT / "README.md").read_text("utf-8")
    sections = {int(number) for number in re.findall(r"^## (\d+) ", page, re.MULTILINE)}
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert {rule.section for rule in RULES} <= sections
    assert all(rule.id.startswith(f"{rule.section}.") and len(rule.says) > 20 for rule in RULES)


def test_who_says_yes_to_everything_keeps_nothing(tmp_path: Path, conformance: Kit) -> None:
    """A server that answers every request with an empty success passes no rule about enrolment or health."""
    insurer = Insurer.make(tmp_path / "insurer", AMC)
    letter = run_command("invite", "--dir", str(insurer.folder), "--shop", SHOP)
    insurer.close()
    with hostile_insurer() as server:
        server.reply = lambda _body: answer(201, "application/json", b"{}", "date: Sun, 22 Nov 2026 06:00:00 GMT")
        letter["directory"]["authority_pem"] = server.authority_pem
        report = conformance(server.endpoint, [letter], "10.", "9.health")
    assert report["status"] == 1
    assert [rule["id"] for rule in report["rules"] if rule["outcome"] == "pass"] == []


DEFECTS: dict[str, tuple[str, str]] = {
    "nonces are forgotten": (
        "import sync.receiver.intake as it\nit.take_nonce = lambda *_: None",
        "8.replayed_request",
    ),
    "refusals are not signed": (
        "import sync.receiver.intake as it, sync.receiver.signed_refusals as sr\n"
        "it.turned = lambda raw, refusal, *_: sr.Turned(raw, None, refusal.problem)",
        "7.wrong_envelope.an_unknown_recipient",
    ),
    "a receipt is made anew": (
        "import sync.receiver.intake as it\n"
        "from sync.contract.envelope import RECEIPT_TYP\n"
        "from sync.crypto.signing import SigningKey\n"
        "old, key = it.ReceiptAnswer, SigningKey.from_bytes((folder / 'intake' / 'signing.key').read_bytes())\n"
        "def anew(receipt, **more):\n"
        "    return old(receipt=key.sign(RECEIPT_TYP, key.public.verify(RECEIPT_TYP, receipt)), **more)\n"
        "it.ReceiptAnswer = anew",
        "6.same_package_again",
    ),
    "forks are stored": (
        "import sync.receiver.chain as ch\nch._check_place = lambda *_: None",
        "6.wrong_prev.of_another_dispatch",
    ),
    "old requests are good": (
        "import sync.crypto.httpsig as hs\nhs._check_age = lambda *_: None",
        "8.created.six_minutes_old",
    ),
}
"""What is done to our receiver before it serves, and a rule that has to find it."""


@contextmanager
def spoilt(folder: Path, defect: str) -> Iterator[str]:
    """Our receiver with a defect, up at the address."""
    begin = f"from pathlib import Path\nfolder = Path({str(folder)!r})\n"
    program = (
        f"{begin}{defect}\nfrom sync.receiver.cli import main\nmain(['serve', '--dir', {str(folder)!r}, '--port', '0'])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        yield str(json.loads(process.stdout.readline())["endpoint"])
        process.terminate()


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_found_by_its_rule(tmp_path: Path, conformance: Kit, name: str) -> None:
    """A receiver with one planted defect breaks the rule that forbids it."""
    defect, rule = DEFECTS[name]
    insurer = Insurer.make(tmp_path / "insurer", AMC)
    letter: dict[str, Any] = run_command("invite", "--dir", str(insurer.folder), "--shop", SHOP)
    insurer.close()
    with spoilt(insurer.folder, defect) as endpoint:
        report = conformance(endpoint, [letter], rule)
    assert list(failed(report)) == [rule]


@pytest.mark.parametrize("error", [KeyError("results"), TypeError(), UnicodeDecodeError("utf-8", b"", 0, 1, "x")])
def test_an_answer_that_cannot_be_read_is_a_failure(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Whatever an implementation answers, its rule fails and the next one is asked."""

    def trips(_kit: Any) -> None:
        raise error

    asked = [Rule("1.a", 1, "trips", hostile=False, question=trips), Rule("1.b", 1, "holds", False, lambda _kit: None)]
    monkeypatch.setattr("sync.conformance.rules.RULES", asked)
    kit: Any = None
    assert [verdict.outcome for verdict in judge_all(kit)] == ["fail", "pass"]


def test_a_line_that_is_down_is_no_pass(tmp_path: Path, conformance: Kit) -> None:
    """Where nobody listens every rule fails, and the command says so."""
    insurer = Insurer.make(tmp_path / "insurer", AMC)
    letter = run_command("invite", "--dir", str(insurer.folder), "--shop", SHOP)
    insurer.close()
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    report = conformance(f"https://127.0.0.1:{port}", [letter], "9.health", "10.enrolment")
    assert (report["status"], report["passed"]) == (1, 0)
