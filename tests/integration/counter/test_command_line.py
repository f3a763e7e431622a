"""The command line as scripts and technicians use it: its JSON, its exit statuses, and the installed script."""

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hardware.emulator import VirtualReader
from sync.home import home_lock
from terminal.cli.demo_insurers import DemoInsurer
from terminal.cli.output import INTERRUPTED
from terminal.domain.ticket import TicketCode
from tests.forked_program import run_forked
from tests.pcscd_fixture import Bench, bench_of
from tests.shop_fixture import SHOP, OpenShop

SCRIPT = Path(sys.executable).with_name("comptoir")
CLAIM = {
    "insurer": "99000001",
    "person": {
        "surname": "VERDIERE",
        "given_name": "CAMILLE",
        "birth_date": "1984-05-23",
        "nir": "2 84 05 75 999 123 24",
    },
    "lines": [
        {"item": "frame", "lpp_code": "2222124", "price": 3000},
        {"item": "lens", "eye": "right", "lpp_code": "2263287", "price": 3250},
        {"item": "lens", "eye": "left", "lpp_code": "2263287", "price": 3250},
    ],
}


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    status: int
    data: dict[str, Any]
    stderr: str

    @property
    def code(self) -> str:
        """The error's code."""
        return str(self.data["error"]["code"])


def comptoir(*arguments: str | Path, stdin: object = None) -> Said:
    """Run a command with `--json`."""
    given = "" if stdin is None else stdin if isinstance(stdin, str) else json.dumps(stdin)
    done = run_forked([*map(str, arguments), "--json"], given)
    assert "Traceback" not in done.stderr
    data = json.loads(done.stdout) if done.stdout else {}
    return Said(done.returncode, data, done.stderr)


@dataclass(frozen=True)
class Terminal:
    """A home made by the command line alone."""

    home: Path
    pin: Path

    def run(self, *arguments: str | Path, stdin: object = None) -> Said:
        """A command on this home."""
        return comptoir(*arguments, "--home", self.home, stdin=stdin)

    def login(self) -> Sequence[str | Path]:
        """What logs somebody in."""
        return "--pin-file", self.pin


@pytest.fixture
def terminal(tmp_path: Path, open_shop: OpenShop) -> Terminal:
    """A terminal with one account, enrolled."""
    pin = tmp_path / "pin"
    pin.write_text("2468")
    return Terminal(open_shop().home, pin)


@pytest.fixture
def new_terminal(tmp_path: Path, insurers: tuple[DemoInsurer, ...]) -> Terminal:
    """A terminal made, staffed and enrolled by the command line."""
    pin, code, entry = tmp_path / "pin", tmp_path / "code", tmp_path / "entry.json"
    pin.write_text("2468\n")
    made = Terminal(tmp_path / "home", pin)
    assert made.run("init", "--shop", SHOP, "--name", "Optique Exemple", "--grace", "0").status == 0
    assert made.run("user", "add", "camille", "Camille D.", "--new-pin-file", pin).status == 0
    directory, invitation, activation = insurers[0].invite(SHOP)
    entry.write_bytes(directory)
    code.write_text(activation)
    enrolled = made.run("insurer", "enrol", entry, "--invitation", invitation, "--code-file", code, *made.login())
    assert enrolled.data == {"amc": "99000001", "name": "Santé Démo"}
    return made


def test_the_whole_job_from_the_shell(new_terminal: Terminal) -> None:
    """init, user, enrol, claim, queue, sync, show, verify: each answers and the claim ends acknowledged."""
    terminal = new_terminal
    made = terminal.run("claim", "new", *terminal.login(), stdin=CLAIM)
    assert (made.status, made.data["state"], made.data["reste_a_charge"]) == (0, "queued", 0)
    assert terminal.run("queue").data["waiting"] == 1
    sent = terminal.run("sync", "--once")
    assert (sent.status, sent.data["acknowledged"], sent.data["waiting"]) == (0, 1, 0)
    shown = terminal.run("claim", "show", made.data["claim_id"], *terminal.login())
    assert (shown.data["state"], shown.data["person"]["nir"]) == ("acknowledged", "2 84 05 •• ••• ••• ••")
    revealed = terminal.run("claim", "show", made.data["claim_id"], "--reveal", *terminal.login())
    assert revealed.data["person"]["nir"] == "284057599912324"
    verdict = terminal.run("verify")
    assert (verdict.status, verdict.data["ok"]) == (0, True)
    assert [row["id"] for row in terminal.run("user", "list").data["users"]] == ["camille"]
    assert [row["code_level"] for row in terminal.run("insurer", "list").data["insurers"]] == ["lpp"]


def test_a_ticket_is_made_and_verified(terminal: Terminal) -> None:
    """By its code, typed or scanned into standard input; with another claim's digest it is refused, status 1."""
    claim_id = terminal.run("claim", "new", *terminal.login(), stdin=CLAIM).data["claim_id"]
    ticket = terminal.run("claim", "ticket", claim_id, *terminal.login()).data
    assert (ticket["price"], ticket["printed"]) == (9500, False)
    assert "VERDIERE" not in json.dumps(ticket)
    for said in (
        terminal.run("verify-ticket", ticket["code"]),
        terminal.run("verify-ticket", "-", stdin=f"{ticket['code']}\r\n"),
    ):
        assert (said.status, said.data["claim_id"], said.data["state"]) == (0, claim_id, "queued")
    forged = TicketCode(claim_id, "5a" * 32).text()
    assert (said := terminal.run("verify-ticket", forged)).status == 1
    assert said.code == "ticket_differs"
    assert terminal.run("claim", "ticket", claim_id, "--print", *terminal.login()).code == "printer_unset"


def test_a_claim_is_corrected_then_cancelled_from_the_shell(tmp_path: Path, open_shop: OpenShop) -> None:
    """In the grace period `correct` replaces it by a new one and `cancel` voids that; each only once."""
    pin = tmp_path / "pin"
    pin.write_text("2468")
    terminal = Terminal(open_shop(grace=3600).home, pin)
    first = terminal.run("claim", "new", *terminal.login(), stdin=CLAIM).data["claim_id"]
    corrected = terminal.run("claim", "correct", first, *terminal.login(), stdin=CLAIM | {"member": "AB123"})
    second = corrected.data["claim_id"]
    assert (corrected.status, second == first) == (0, False)
    assert terminal.run("claim", "correct", first, *terminal.login(), stdin=CLAIM).code == "claim_not_correctable"
    assert terminal.run("claim", "cancel", second, *terminal.login()).data["state"] == "cancelled"
    assert terminal.run("claim", "cancel", second, *terminal.login()).code == "claim_not_correctable"
    assert terminal.run("claim", "cancel", "nothing", *terminal.login()).code == "claim_unknown"
    assert terminal.run("queue").data["states"] == {"superseded": 1, "cancelled": 1}


def test_reader_watch_tells_each_change(virtual_bench: Bench) -> None:
    """A line for what is there and for each card put in, until it is interrupted."""
    watch = subprocess.Popen([str(SCRIPT), "reader", "watch", "--json"], stdout=subprocess.PIPE, text=True)
    assert watch.stdout is not None
    with watch:
        try:
            assert json.loads(watch.stdout.readline())["event"] == "ReaderAdded"
            virtual_bench.insert("simple")
            assert any("CardInserted" in line for line in iter(watch.stdout.readline, ""))
        finally:
            watch.send_signal(signal.SIGINT)
    assert watch.returncode == INTERRUPTED


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("nir_key_wrong", {"person": {**CLAIM["person"], "nir": "2 84 05 75 999 123 25"}}),  # type: ignore[dict-item]  # a JSON object
        ("input_invalid", {"lines": [{"item": "frame", "lpp_code": "2222124", "price": 30.5}]}),
        ("input_invalid", {"sphere": -125}),
        ("lpp_code_unknown", {"lines": [{"item": "frame", "lpp_code": "2222130", "price": 3000}]}),
        ("price_above_plv", {"lines": [{"item": "frame", "lpp_code": "2222124", "price": 3001}]}),
        ("service_date_future", {"service_date": "2999-01-01"}),
        ("insurer_unknown", {"insurer": "12345678"}),
    ],
)
def test_a_refused_claim_names_its_reason_and_keeps_the_queue(
    terminal: Terminal, code: str, change: dict[str, object]
) -> None:
    """Status 1, the code in JSON, a French reason on stderr, no personal data in either, and nothing queued."""
    said = terminal.run("claim", "new", *terminal.login(), stdin=CLAIM | change)
    assert (said.status, said.code) == (1, code)
    assert said.stderr.strip()
    assert "VERDIERE" not in said.stderr + json.dumps(said.data)
    assert terminal.run("queue").data["waiting"] == 0


def test_a_wrong_pin_opens_nothing(terminal: Terminal) -> None:
    """Status 1 and the code."""
    terminal.pin.write_text("9999")
    said = terminal.run("claim", "new", *terminal.login(), stdin=CLAIM)
    assert (said.status, said.code) == (1, "pin_wrong")


def test_a_second_service_on_one_home_is_refused(terminal: Terminal) -> None:
    """While a process sends, another one that would send says so and changes nothing."""
    with home_lock(terminal.home, "sync"):
        said = terminal.run("sync", "--once")
    assert (said.status, said.code) == (1, "home_in_use")


def test_a_second_counter_on_one_home_is_refused(terminal: Terminal) -> None:
    """While a counter is open, another one does not open."""
    with home_lock(terminal.home, "counter"):
        said = comptoir("--home", terminal.home)
    assert (said.status, said.code) == (1, "home_in_use")


def test_a_corrupted_store_is_named(terminal: Terminal) -> None:
    """A damaged encrypted file is refused by its code by every command that needs it."""
    for page in (terminal.home / "store.db", terminal.home / "store.db-wal"):
        if page.exists() and page.stat().st_size:
            damaged = bytearray(page.read_bytes())
            damaged[len(damaged) // 8 :: 64] = bytes(len(range(len(damaged) // 8, len(damaged), 64)))
            page.write_bytes(damaged)
    said = terminal.run("queue")
    assert (said.status, said.code) == (1, "store_corrupt")


def test_a_missing_home_is_an_environment_matter(tmp_path: Path) -> None:
    """Status 3 and the code."""
    said = comptoir("queue", "--home", tmp_path / "none")
    assert (said.status, said.code) == (3, "home_missing")


@pytest.mark.parametrize(
    ("arguments", "stdin", "code"),
    [
        (("nir", "check", "2 84 05 75 999 123 25"), None, "nir_key_wrong"),
        (("nir", "check", "12"), None, "nir_invalid"),
        (("lpp", "show", "2222125"), None, "lpp_code_invalid"),
        (("lpp", "show", "2222130"), None, "lpp_code_unknown"),
        (("lpp", "code"), {"type": "unifocal", "class": "A", "sphere": -130, "cylinder": 0}, "correction_out_of_range"),
        (("quote",), "not json", "input_invalid"),
        (("quote",), {}, "input_invalid"),
    ],
)
def test_questions_without_a_home_refuse_with_a_code(arguments: tuple[str, ...], stdin: object, code: str) -> None:
    """Status 1, code, and a reason in French that does not repeat what was typed."""
    said = comptoir(*arguments, stdin=stdin)
    assert (said.status, said.code) == (1, code)
    assert "284057599912325" not in said.stderr.replace(" ", "")


@pytest.mark.parametrize("arguments", [("lpp",), ("claim", "show"), ("frobnicate",), ("demo", "--claims", "0")])
def test_bad_usage_is_status_2(arguments: tuple[str, ...]) -> None:
    """The grammar itself refuses."""
    assert comptoir(*arguments).status == 2


def test_known_answers_without_a_home() -> None:
    """A NIR is told masked, a code with its tariff, a correction with its code in either notation."""
    assert comptoir("nir", "check", "284057599912324").data == {"valid": True, "nir": "2 84 05 •• ••• ••• ••"}
    shown = comptoir("lpp", "show", "2222124").data
    assert (shown["plv"], shown["base"], shown["regroupement"]) == (3000, 900, "M01")
    assert comptoir("lpp", "show", "2223394").data["plv"] is None
    found = [
        comptoir("lpp", "code", stdin={"type": "unifocal", "class": "A", "sphere": sphere, "cylinder": cylinder}).data
        for sphere, cylinder in ((200, -300), (-100, 300))
    ]
    assert found[0] == found[1]
    assert found[0]["lpp_code"] == "2234050"
    assert comptoir("lpp", "search", "monture adulte").data["items"]


def test_cards_are_read_through_the_pcsc_service(virtual_bench: Bench) -> None:
    """`reader list` sees the virtual reader, `card read` its people, masked unless revealed."""
    virtual_bench.insert("famille")
    assert virtual_bench.reader in comptoir("reader", "list").data["readers"]
    people = comptoir("card", "read", "--reader", virtual_bench.reader).data["people"]
    assert [person["rank"] for person in people] == [1, 2, 3]
    assert all("999" not in person["nir"] for person in people)
    revealed = comptoir("card", "read", "--reader", virtual_bench.reader, "--reveal").data["people"]
    assert all(person["nir"][7:10] == "999" for person in revealed)


def test_the_patients_card_is_found_in_whichever_reader_it_lies(virtual_bench: Bench) -> None:
    """A professional's card in the first reader is passed over; alone it is told, and so are two empty readers."""
    tray = VirtualReader("cps")
    assert comptoir("card", "read").code == "card_absent"
    with bench_of(virtual_bench.source, tray, tray.reader) as second:
        virtual_bench.insert("cps")
        assert comptoir("card", "read").code == "card_unknown"
        second.insert("simple")
        assert [person["surname"] for person in comptoir("card", "read").data["people"]] == ["VERDIERE"]


@pytest.mark.parametrize(
    ("profile", "fault", "code"),
    [
        ("simple", "pulled:4", "card_removed"),
        ("simple", "garbage", "card_invalid"),
        ("simple", "counts_differ", "card_counts_differ"),
        ("muette", None, "card_mute"),
        ("vitale1", None, "card_not_readable"),
    ],
)
def test_cards_that_cannot_be_read_are_coded(virtual_bench: Bench, profile: str, fault: str | None, code: str) -> None:
    """Each bad card ends in its code and status 1, through the real service."""
    virtual_bench.insert(profile, fault=fault)
    said = comptoir("card", "read", "--reader", virtual_bench.reader)
    assert (said.status, said.code) == (1, code)


def test_doctor_examines_machine_and_home(terminal: Terminal, tmp_path: Path) -> None:
    """Every line has a verdict; a weak device secret is a warning; no home is a failure with what to do."""
    checks = {check["name"]: check for check in terminal.run("doctor").data["checks"]}
    assert checks["device_secret"]["verdict"] == "warn"
    assert checks["reserve"]["verdict"] == "pass"
    assert checks["integrity"]["verdict"] == checks["chain"]["verdict"] == "pass"
    missing = comptoir("doctor", "--home", tmp_path / "none")
    home = next(check for check in missing.data["checks"] if check["name"] == "home")
    assert (missing.status, home["verdict"], bool(home["todo"])) == (1, "fail", True)
