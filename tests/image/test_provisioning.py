"""What the technician's file becomes: a shop with its people, and nothing of it left behind."""

import errno
import importlib.machinery
import importlib.util
import itertools
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hardware.keystore import open_file_secret
from sync.backup import make_backup
from sync.crypto.recovery import RecoveryCode
from sync.crypto.shopslots import ShopSlots
from sync.home import create_home, open_home
from terminal.bootstrap import open_desk, prepare_home
from terminal.config import Config
from terminal.domain.roles import Role
from terminal.vault import Account
from tests.shop_fixture import CHEAP
from tests.unit.sync.queue.envelopes import entry

SCRIPT = Path(__file__).resolve().parents[2] / "image/root/usr/lib/comptoir/provision"
PLAN: dict[str, Any] = {
    "shop": {"number": "991000019", "name": "Optique du Marché"},
    "users": [
        {"id": "camille", "name": "Camille D.", "role": "responsible", "pin": "2468"},
        {"id": "NOT AN ID", "name": "Sacha B.", "pin": "1357"},
    ],
}


@pytest.fixture
def script(tmp_path: Path) -> ModuleType:
    """The card's script, with its places in a folder of the test and this environment's program."""
    loader = importlib.machinery.SourceFileLoader("provision", str(SCRIPT))
    spec = importlib.util.spec_from_loader("provision", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    loader.exec_module(module)
    sys.dont_write_bytecode = writes
    (tmp_path / "home").mkdir(mode=0o700)
    (tmp_path / "memory").mkdir()
    places = {"HOME": tmp_path / "home", "KEPT": tmp_path / "kept.json"}
    places |= {"CARD": tmp_path / "card" / "comptoir", "MEMORY": tmp_path / "memory"}
    places |= {"STICK": tmp_path / "stick", "RESET": tmp_path / "reset.json"}
    places["PROGRAM"] = Path(sys.executable).parent / "comptoir"
    for name, place in places.items():
        setattr(module, name, place)
    return module


def lay(script: ModuleType, plan: object, **files: str) -> None:
    """What a technician puts on the card's first partition."""
    script.CARD.mkdir(parents=True, exist_ok=True)
    (script.CARD / "provision.json").write_text(plan if isinstance(plan, str) else json.dumps(plan), "utf-8")
    for name, content in files.items():
        (script.CARD / f"{name}.json").write_text(content, "utf-8")


def answering(script: ModuleType, status: int, error: str, **facts: str) -> Path:
    """A program in the place of ours that answers an enrolment so; what it was asked, one act a line."""
    memory: Path = script.MEMORY
    asked, program = memory / "asked", memory / "program"
    said = json.dumps({"error": {"code": error, "facts": facts}})
    program.write_text(
        f'#!/bin/sh\necho "$1 $2" >>{asked}\n'
        f"[ $2 = enrol ] && {{ echo '{said}'; exit {status}; }}\necho '{{\"insurers\": []}}'\n"
    )
    program.chmod(0o755)
    vars(script)["PROGRAM"] = program
    return asked


def accounts(script: ModuleType) -> list[tuple[str, str]]:
    """Who may work at the terminal that was made."""
    listed = [script.PROGRAM, "user", "list", "--json", "--home", script.HOME]
    said = json.loads(subprocess.run(listed, check=True, capture_output=True).stdout)
    return [(one["id"], one["role"]) for one in said["users"]]


def test_what_is_done_or_refused_is_struck_off(script: ModuleType, capfd: pytest.CaptureFixture[str]) -> None:
    """A power cut before the striking costs nothing; a refusal is said by its code; no name gets out; all is gone."""
    script.keep(PLAN | {"users": PLAN["users"][:1]})
    assert oct(script.KEPT.stat().st_mode & 0o777) == "0o600"
    assert script.main() == 0
    # As a cut leaves it that came after the keys and the account, and before the settings and the striking.
    (script.HOME / "config.json").unlink()
    script.keep(PLAN)
    assert script.main() == 2
    assert (script.HOME / "config.json").exists()
    assert accounts(script) == [("camille", "responsible")]
    assert script.outcomes() == ["provision_refused account_id_invalid"]
    assert not script.KEPT.exists()
    assert not any(name in "".join(capfd.readouterr()) for name in ("Camille", "Sacha", "Optique"))


INSURERS: dict[str, Any] = {
    "users": [{"id": "camille", "name": "Camille D.", "role": "responsible", "pin": "2468"}],
    "insurers": [{"directory": {"amc": "99000001"}, "invitation": "1", "code": "ABC"}],
}


@pytest.mark.parametrize("problem", ["activation_refused", "invitation_closed"])
def test_a_wrong_activation_code_is_tried_once(script: ModuleType, problem: str) -> None:
    """The insurer closes an invitation after five: what it refused is struck off and said."""
    asked = answering(script, 1, "insurer_refused", problem=problem)
    script.keep(INSURERS)
    assert script.main() == 2
    assert script.main() == 0
    assert asked.read_text().splitlines().count("insurer enrol") == 1
    assert script.outcomes() == [f"provision_refused {problem}"]


@pytest.mark.parametrize(
    ("status", "error"), [(1, "insurer_unreachable"), (1, "insurer_untrusted"), (3, "medium_failed")]
)
def test_what_passes_is_tried_again(script: ModuleType, status: int, error: str) -> None:
    """No line, no time yet: the rest stays in the encrypted partition; once done, nothing is said any more."""
    answering(script, status, error)
    script.keep(INSURERS)
    assert [script.main(), script.main()] == [1, 1]
    assert script.outcomes() == [f"provision_waits {error}"]
    assert json.loads(script.KEPT.read_text("utf-8"))["insurers"] == INSURERS["insurers"]
    answering(script, 0, "none")
    assert script.main() == 0
    assert (script.outcomes(), script.KEPT.exists()) == ([], False)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ("", "provision_plan_unreadable 1"),
        ('{\n"shop": {},\n}', "provision_plan_unreadable 3"),
        ("[]", "provision_plan_unreadable 1"),
        ({}, "provision_incomplete shop"),
        ({"shop": {"number": 991000019, "name": "Optique"}}, "provision_incomplete shop-1-number"),
        (PLAN | {"users": [{"id": "camille", "name": "Camille", "pin": 2468}]}, "provision_incomplete users-1-pin"),
        (PLAN | {"users": 3}, "provision_incomplete users-1-id"),
        (PLAN | {"users": None, "insurers": [dict.fromkeys(("directory", "invitation", "code"), "a")]},
         "provision_incomplete users"),
        (PLAN | {"users": [{"id": "a", "name": "two\nlines", "pin": "1"}]}, "provision_incomplete users-1-name"),
        (PLAN | {"insurers": [{"directory": "none.json", "invitation": "1", "code": "A"}]},
         "provision_directory_missing"),
        (PLAN | {"insurers": [{"directory": "bad.json", "invitation": "1", "code": "A"}]},
         "provision_directory_unreadable 1"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_understood_is_said_and_left(script: ModuleType, plan: object, said: str) -> None:
    """It is not tried again for ever, nothing is made of half of it, and the technician finds it to put it right."""
    lay(script, plan, bad="[]")
    assert script.main() == 2
    assert script.outcomes() == [said]
    assert (script.CARD / "provision.json").exists()
    assert not script.KEPT.exists()


def test_a_file_of_another_name_is_said(script: ModuleType) -> None:
    """An editor adds .txt to the name and hides it."""
    lay(script, PLAN)
    (script.CARD / "provision.json").rename(script.CARD / "provision.json.txt")
    assert script.main() == 2
    assert script.outcomes() == ["provision_plan_missing"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_technicians_folder_moves_into_the_encrypted_partition(script: ModuleType, encoding: str) -> None:
    """Whatever the editor, with what a Mac and an unpacker leave beside; nothing stays on the card."""
    lay(script, INSURERS | {"shop": PLAN["shop"]}, assureur='{"amc": "99000001"}')
    plan = json.loads((script.CARD / "provision.json").read_text())
    plan["insurers"][0]["directory"] = "assureur.json"
    (script.CARD / "provision.json").write_bytes(json.dumps(plan, indent=1).replace("\n", "\r\n").encode(encoding))
    (script.CARD / "__MACOSX").mkdir()
    for name in ("._provision.json", "__MACOSX/empty"):
        (script.CARD / name).touch(mode=0o400)
    script.take_over()
    assert not script.CARD.exists()
    assert json.loads(script.KEPT.read_text("utf-8"))["insurers"][0]["directory"] == {"amc": "99000001"}
    script.take_over()


def test_a_cut_at_any_step_of_taking_over_is_gone_on_from(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before each overwriting, removing and renaming: at the next start the plan is whole and the card empty."""
    plan = PLAN | {"insurers": [{"directory": "assureur.json", "invitation": "1", "code": "A"}]}
    cuts = 0
    for name in ("replace", "unlink", "rmdir", "chmod"):
        for number in itertools.count(1):
            lay(script, plan, assureur='{"amc": "99000001"}', another="{}")
            with monkeypatch.context() as patched:
                cutting(patched, name, number)
                whole = takes_over(script)
            if whole:
                break
            cuts += 1
            script.take_over()
            assert not script.CARD.exists()
            assert json.loads(script.KEPT.read_text("utf-8"))["insurers"][0]["directory"] == {"amc": "99000001"}
            script.KEPT.unlink()
        script.KEPT.unlink()
    assert cuts >= 9


class Cut(BaseException):
    """The power goes."""


def takes_over(script: ModuleType) -> bool:
    """Whether the file was taken over before the power went."""
    try:
        script.take_over()
    except Cut:
        return False
    return True


def cutting(patched: pytest.MonkeyPatch, name: str, number: int) -> None:
    """Cut the power before the file is acted on for this time; what is overwritten is lost by then."""
    real, calls = getattr(Path, name), itertools.count(1)

    def act(path: Path, *words: object) -> object:
        if next(calls) == number:
            if name == "unlink":
                path.write_bytes(b"\0" * path.stat().st_size)
            raise Cut
        return real(path, *words)

    patched.setattr(Path, name, act)


def test_a_card_that_cannot_be_written_stops_nothing(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shop is made all the same, and it is said that the codes are still there."""

    def broken(_file: Path) -> None:
        raise OSError(errno.EROFS, "read-only")

    monkeypatch.setattr(script, "erase", broken)
    asked = answering(script, 0, "none")
    lay(script, PLAN | {"users": []})
    assert script.main() == 0
    assert script.outcomes() == ["provision_not_erased"]
    assert asked.read_text().startswith("init ")


def test_what_is_erased_was_overwritten_first(script: ModuleType, tmp_path: Path) -> None:
    """The bytes of the file, seen through a second name for it, are zeros."""
    file, other = tmp_path / "provision.json", tmp_path / "other"
    file.write_text(json.dumps(PLAN))
    other.hardlink_to(file)
    script.erase(file)
    assert not file.exists()
    assert set(other.read_bytes()) == {0}


def test_where_updates_lie_is_kept_for_who_fetches_them(script: ModuleType) -> None:
    """Also later and alone; an address in the clear is none, and the one before stays."""
    (script.HOME / "home.json").touch()
    lay(script, {"updates": "https://updates.example/comptoir/"})
    assert script.main() == 0
    kept = script.KEPT.with_name("updates")
    assert kept.read_text() == "https://updates.example/comptoir/\n"
    lay(script, {"updates": "https://other.example/"})
    assert script.main() == 0
    assert kept.read_text() == "https://other.example/\n"
    lay(script, {"updates": "http://updates.example/"})
    assert script.main() == 2
    assert script.outcomes() == ["provision_incomplete updates"]
    assert kept.read_text() == "https://other.example/\n"


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RecoveryCode]:
    """A terminal's backup with one claim, and its paper code."""
    place, code = tmp_path_factory.mktemp("lost"), RecoveryCode.generate()
    with create_home(place / "home", open_file_secret) as home:
        slots = ShopSlots(home.keyslots, home.device_secret, lambda: CHEAP)
        slots.set_recovery(code, slots.add_pin("camille", "2468"))
        home.outbox.enqueue(entry(1))
        return make_backup(home, place, datetime(2026, 11, 20, 9, tzinfo=UTC)).path, code


def test_a_shop_waits_for_its_stick_and_comes_back_once(
    script: ModuleType, lost: tuple[Path, RecoveryCode], tmp_path: Path
) -> None:
    """Without the stick the screen says so; a newer file that the paper does not open is passed over, and not again."""
    backup, code = lost
    script.keep({"restore": {"code": code.grouped()}})
    for _ in range(2):
        assert script.main() == 1
    assert "sauvegarde est introuvable" in (script.MEMORY / "told").read_text("utf-8")
    (tmp_path / "stick/comptoir").mkdir(parents=True)
    (tmp_path / "stick/comptoir" / backup.name).write_bytes(backup.read_bytes())
    (tmp_path / "stick/20261121T090000Z-ABCDEFGH.comptoir").write_bytes(b"another terminal's")
    assert script.main() == 0
    with open_home(script.HOME) as home:
        assert (home.outbox.summary().waiting, len(home.outbox.rows())) == (1, 1)
    assert "ABCDEFGH" in (script.MEMORY / "refused").read_text("utf-8")
    assert not (script.MEMORY / "told").exists()
    assert not script.KEPT.exists()


def test_a_refused_backup_is_not_tried_for_ever(
    script: ModuleType, lost: tuple[Path, RecoveryCode], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong paper: said once, waited for another file; the technician's next file takes its place."""
    script.CARD.mkdir(parents=True)
    (script.CARD / lost[0].name).write_bytes(lost[0].read_bytes())
    plan = {"restore": {"code": RecoveryCode.generate().grouped()}}
    (script.CARD / "provision.json").write_text(json.dumps(plan), "utf-8")
    assert script.main() == 1
    told, refused = (script.MEMORY / "told").read_text("utf-8"), (script.MEMORY / "refused").read_text("utf-8")
    assert "ne s'ouvre pas" in told
    assert lost[0].name in refused
    monkeypatch.setattr(script, "PROGRAM", tmp_path / "would fail")
    assert script.main() == 1
    assert not any(script.HOME.iterdir())
    assert script.outcomes() == ["provision_waits backup_invalid"]
    lay(script, {"shop": PLAN["shop"]})
    script.take_over()
    assert not (script.MEMORY / "told").exists(), "another shop begins here: nothing is waited for"


def test_the_screen_waits_while_something_is_to_be_said(tmp_path: Path) -> None:
    """The sentence is shown, and the counter begins when it is gone: on the console, where its error line goes too."""
    (tmp_path / "told").write_text("Branchez la clé.\n", "utf-8")
    (tmp_path / "screen").write_text((SCRIPT.parent / "screen").read_text("utf-8"))
    (tmp_path / "counter").write_text("#!/bin/sh\necho the counter paints on its error line >&2\n")
    (tmp_path / "counter").chmod(0o755)
    (tmp_path / "no-window").touch()
    env = {"PATH": "/usr/bin:/bin", "COMPTOIR_TOLD": str(tmp_path / "told"), "RUNTIME_DIRECTORY": str(tmp_path)}
    command = ["sh", str(tmp_path / "screen")]
    with subprocess.Popen(command, env={**env, "COMPTOIR_PAUSE": "0.05"}, stdout=subprocess.PIPE, text=True) as screen:
        assert screen.stdout is not None
        assert "Branchez la clé." in screen.stdout.readline()
        (tmp_path / "told").unlink()
        assert screen.stdout.read() == "the counter paints on its error line\n"


def test_a_reset_of_the_card_is_judged_and_a_refused_one_leaves_a_word(script: ModuleType, tmp_path: Path) -> None:
    """The file goes from the card at once; an empty queue is accepted, a wrong shop or no file of ours refused."""
    prepare_home(script.HOME, Config(shop_am_id="991000019", shop_name="Optique Exemple"))
    with open_desk(script.HOME, pin_cost=lambda: CHEAP) as desk:
        desk.vault.accounts.add(Account("camille", "Camille D.", Role.RESPONSIBLE), "2468", None)
    asked = {"shop": "991000019", "user": "camille", "pin": "2468"}
    script.CARD.mkdir(parents=True)
    for written, word in (({**asked, "shop": "991000027"}, "shop_differs"), (["no reset"], "reset_refused")):
        (script.CARD / "reset.json").write_text(json.dumps(written), "utf-8-sig")
        assert not script.reset_accepted()
        assert (script.MEMORY / "reset").read_text() == word
        assert not list(script.CARD.iterdir())
        assert not script.RESET.exists()
    (script.CARD / "reset.json").write_text(json.dumps(asked), "utf-8-sig")
    (script.CARD / "provision.json").write_text("{}", "utf-8")
    assert script.main() == 0
    assert (script.MEMORY / "accepted").exists()
    assert not (script.MEMORY / "reset").exists()
    assert [file.name for file in script.CARD.iterdir()] == ["provision.json"], "that is for the shop after this one"
    assert json.loads((tmp_path / "card/comptoir-reset.json").read_text())["chains"] == {}
    assert (script.HOME / "home.json").exists(), "root erases, not this account"
