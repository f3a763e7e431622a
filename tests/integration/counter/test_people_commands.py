"""Accounts and keys by the command line: roles, wrong PINs, the paper code, other keys while a service runs."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hardware.emulator import EmulatedSource
from hardware.uptime import Uptime, uptime
from sync.home import open_home
from terminal.bootstrap import open_desk, prepare_home
from terminal.config import Config
from terminal.workflow.people import create_person
from tests.integration.counter.test_command_line import SCRIPT, Said, comptoir
from tests.shop_fixture import SHOP
from tests.unit.terminal.vault.people import CHEAP, PEOPLE, PINS


class Staffed:
    """A terminal with the four people of the vault's tests, and the command line."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self._folder = folder
        prepare_home(self.home, Config(shop_am_id=SHOP, shop_name="Optique Exemple"))
        with open_desk(self.home, EmulatedSource(), lambda: CHEAP) as desk:
            for person in PEOPLE:
                create_person(desk, person, PINS[person.id])
                desk.vault.unlock("camille", PINS["camille"])

    def file(self, content: str) -> Path:
        """A file with one secret."""
        path = self._folder / "secret"
        path.write_text(content)
        return path

    def run(self, *arguments: str | Path, who: str = "", pin: str = "") -> Said:
        """A command on this home, by somebody with their PIN or with another one."""
        path = self._folder / "pin"
        path.write_text(pin or PINS.get(who, "0000"))
        login = ("--user", who, "--pin-file", path) if who else ()
        return comptoir(*arguments, *login, "--home", self.home)

    def states(self) -> dict[str, str]:
        """What the list says of each account."""
        return {row["id"]: row["state"] for row in self.run("user", "list").data["users"]}

    def wrong(self, who: str, count: int, *, just_now: bool = False) -> None:
        """Write that so many wrong PINs were tried, before the last start or just now."""
        tried = uptime() if just_now else Uptime("an earlier start", 0.0)
        with open_home(self.home) as home, home.store.write() as connection:
            values = (who, count, tried.boot, tried.seconds)
            connection.exec_driver_sql("INSERT OR REPLACE INTO pin_try VALUES (?, ?, ?, ?)", values)


@pytest.fixture
def staffed(tmp_path: Path) -> Staffed:
    """A terminal with people."""
    return Staffed(tmp_path)


def test_accounts_are_the_responsible_persons_act(staffed: Staffed) -> None:
    """Staff and technician are refused with the code of their role; closing is for good until it is made again."""
    add = ("user", "add", "lea", "Léa M.", "--role", "technician", "--new-pin-file", staffed.file("5555"))
    for who in ("nadia", "tech"):
        assert (staffed.run(*add, who=who).status, staffed.run(*add, who=who).code) == (1, "role_refused")
    assert staffed.run(*add, who="camille").data == {"id": "lea"}
    assert staffed.run("user", "disable", "nadia", who="camille").status == 0
    assert staffed.run("user", "disable", "camille", who="camille").code == "last_responsible"
    assert staffed.run("claim", "show", "x", who="nadia").code == "account_disabled"
    assert staffed.states() == {
        **dict.fromkeys(("camille", "thomas", "tech", "lea"), "open"),
        "nadia": "disabled",
    }


def test_ten_wrong_pins_lock_until_somebody_helps(staffed: Staffed) -> None:
    """Counted across processes; the right PIN is refused too; the responsible person opens the account again."""
    verify = ("evidence", "journal")
    assert [staffed.run(*verify, who="thomas", pin="0000").data["error"]["facts"]["left"] for _ in "ab"] == [9, 8]
    staffed.wrong("thomas", 8, just_now=True)
    assert staffed.run(*verify, who="thomas").code == "pin_wait"
    staffed.wrong("thomas", 9)
    assert staffed.run(*verify, who="thomas", pin="0000").code == "pin_locked"
    assert staffed.run(*verify, who="thomas").code == "pin_locked"
    assert staffed.states()["thomas"] == "locked"
    assert staffed.run("user", "unlock", "thomas", who="nadia").code == "role_refused"
    assert staffed.run("user", "unlock", "thomas", who="camille").status == 0
    assert staffed.run(*verify, who="thomas").code == "role_refused"


def test_a_pin_is_changed_by_its_owner_or_given_by_the_responsible(staffed: Staffed) -> None:
    """One's own with the old one; another's as the responsible person; nobody else's otherwise."""
    change = ("user", "pin", "nadia", "--new-pin-file", staffed.file("5555"))
    assert staffed.run(*change, who="thomas").code == "role_refused"
    assert staffed.run(*change, who="nadia", pin="1111").code == "pin_wrong"
    assert staffed.run(*change, who="nadia").status == 0
    given = ("user", "pin", "nadia", "--new-pin-file", staffed.file("6666"))
    assert staffed.run(*given, who="camille").status == 0
    again = ("user", "pin", "nadia", "--new-pin-file", staffed.file("7777"))
    assert staffed.run(*again, who="nadia", pin="6666").status == 0


@contextmanager
def making_a_code(staffed: Staffed) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """`key recovery` up to where it waits for the code to be typed back, and the code that it showed."""
    pin = staffed.file(PINS["camille"])
    line = [str(SCRIPT), "key", "recovery", "--user", "camille", "--pin-file", str(pin), "--home", str(staffed.home)]
    command = [*line, "--json"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:  # type: ignore[call-overload]  # three pipes
        shown = re.search(r"[0-9A-Z*~$=]{5}(-[0-9A-Z*~$=]{5}){4}", process.stderr.readline())
        assert shown is not None
        yield process, shown[0]


def test_the_paper_code_opens_when_everybody_is_locked_out(staffed: Staffed) -> None:
    """It is shown once, counts once it was typed back, gives a new PIN and the tries back, and is stored nowhere."""
    with making_a_code(staffed) as (process, code):
        answer, _ = process.communicate(f"{code.lower().replace('-', ' ')}\n", timeout=60)
    assert json.loads(answer) == {"recovery": True}
    for person in PEOPLE:
        staffed.wrong(person.id, 10)
    paper_file = staffed.file("")
    new_pin = paper_file.with_name("new")
    new_pin.write_text("5555")
    unlock = ("user", "unlock", "camille", "--recovery-code-file", paper_file, "--new-pin-file", new_pin)
    for wrong in (f"{'0' * 24}0", code[:-1] + ("0" if code[-1] != "0" else "1")):
        paper_file.write_text(wrong)
        assert staffed.run(*unlock).code == "recovery_code_invalid"
    paper_file.write_text(code)
    assert staffed.run(*unlock).status == 0
    paper_file.unlink()
    assert staffed.run("user", "unlock", "thomas", who="camille", pin="5555").status == 0
    kept = b"".join(path.read_bytes() for path in staffed.home.rglob("*") if path.is_file())
    for form in (code, code.replace("-", "")[:24]):
        assert form.encode() not in kept


def test_a_code_that_is_not_typed_back_does_not_count(staffed: Staffed) -> None:
    """Another code, or nothing, changes nothing."""
    before = (staffed.home / "keyslots.json").read_bytes()
    for typed in ("", "00000-00000-00000-00000-00000"):
        with making_a_code(staffed) as (process, _):
            answer, _ = process.communicate(f"{typed}\n", timeout=60)
        assert json.loads(answer)["error"]["code"] == "recovery_code_invalid"
    assert (staffed.home / "keyslots.json").read_bytes() == before


def test_keys_are_changed_by_those_who_may(staffed: Staffed) -> None:
    """A technician changes the store's key and the device secret and sees no dossier; staff do not; all PINs stay."""
    assert staffed.run("key", "rotate", "store", who="nadia").code == "role_refused"
    assert staffed.run("key", "rotate", "store", who="tech").data == {"rotated": "store"}
    before = (staffed.home / "device.secret").read_bytes()
    rotated = staffed.run("key", "rotate", "device", "--provider", "file", who="tech")
    assert rotated.data == {"rotated": "device", "provider": "file"}
    assert (staffed.home / "device.secret").read_bytes() != before
    unknown = staffed.run("key", "rotate", "device", "--provider", "tea-leaves", who="camille")
    assert unknown.code == "device_secret_unknown"
    assert [path.name for path in staffed.home.glob("store*.db")] == ["store-2.db"]
    assert not (staffed.home / "rotation").exists()
    lines = {line["name"]: line for line in staffed.run("doctor").data["checks"]}
    assert lines["device_secret"]["verdict"] == "warn"
    assert lines["slots"]["verdict"] == "warn"
    assert "comptoir key recovery" in lines["slots"]["todo"]
    assert [lines[name]["verdict"] for name in ("integrity", "chain", "counterfoil")] == ["pass"] * 3
