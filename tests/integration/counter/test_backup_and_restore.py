"""A shop's home backed up, lost, and restored on a blank machine: every claim once, and nothing numbered too early."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from sync.crypto.recovery import RecoveryCode
from sync.errors import RecoveryCodeInvalid, RecoveryMissing
from terminal.bootstrap import open_desk
from terminal.workflow.backup import back_up, drill
from terminal.workflow.counter import Counter
from terminal.workflow.verify import verify_home
from tests.integration.counter.test_command_line import Said, comptoir
from tests.shop_fixture import PIN, USER, OpenShop, Shop


@dataclass(frozen=True)
class Safe:
    """A shop with a paper code, and where its backups and its paper lie."""

    shop: Shop
    stick: Path
    paper: Path

    def back_up(self, *more: str | Path) -> Said:
        """The command that makes a backup on the stick."""
        return comptoir("backup", "--to", self.stick, *more, "--home", self.shop.home)

    def restore(self, file: Path, home: Path) -> Said:
        """The one command on a blank machine."""
        return comptoir("restore", file, "--recovery-code-file", self.paper, "--home", home)

    def sync(self, home: Path) -> Said:
        """One pass of a home."""
        return comptoir("sync", "--once", "--home", home)


@pytest.fixture
def safe(open_shop: OpenShop, tmp_path: Path) -> Safe:
    """A shop whose responsible person made a recovery code."""
    shop, code = open_shop(), RecoveryCode.generate()
    shop.desk.vault.set_recovery(code)
    paper = tmp_path / "paper"
    paper.write_text(code.grouped(), encoding="utf-8")
    return Safe(shop, tmp_path / "stick", paper)


def submit(shop: Shop, count: int) -> list[str]:
    """Claims registered at the counter, by turns for each insurer; their ids."""
    return [shop.counter.submit(shop.draft(insurer=number % 2)).claim_id for number in range(count)]


def claims_at(insurers: object) -> list[str]:
    """The ids of all claims that all insurers hold."""
    return [claim["claim_id"] for insurer in insurers for claim in insurer.claims()]  # type: ignore[attr-defined]  # demo insurers


def test_backup_blank_home_restore_sync(safe: Safe, insurers: tuple[object, ...], tmp_path: Path) -> None:
    """Claims sent before, waiting at, and sent after the backup: each exactly once at its insurer, in the end."""
    before = claims_at(insurers)
    sent = submit(safe.shop, 3)
    assert safe.sync(safe.shop.home).data["acknowledged"] == 3
    waiting = submit(safe.shop, 4)
    made = safe.back_up()
    assert (made.status, made.data["claims"]) == (0, 7)
    lost = submit(safe.shop, 2)
    assert safe.sync(safe.shop.home).data["acknowledged"] == 6, "the old machine still sends after the backup"
    home = tmp_path / "blank"
    restored = safe.restore(Path(made.data["file"]), home)
    assert (restored.status, restored.data["claims"], restored.data["ok"]) == (0, 7, True)
    assert len(restored.data["reconciling"]) == 2
    assert set(comptoir("queue", "--home", home).data["reconciling"].values()) == {"restored"}
    with open_desk(home, safe.shop.cards) as desk:
        assert desk.home.device_secret != safe.shop.desk.home.device_secret
        desk.vault.unlock(USER, PIN)
        assert len(desk.vault.dossiers.many([*sent, *waiting])) == 7, "people keep their PINs, and read what they wrote"
        fresh = submit(Shop(home, desk, Counter(desk), safe.shop.cards), 2)
        assert [desk.home.outbox.get(claim_id).seq for claim_id in fresh] == [None, None]
    report = safe.sync(home)
    assert (report.status, report.data["waiting"], report.data["acknowledged"]) == (0, 0, 2)
    assert sorted(claim for done in report.data["settled"] for claim in done["settled"]) == sorted(waiting)
    assert sorted(claim for done in report.data["settled"] for claim in done["elsewhere"]) == sorted(lost)
    after = [claim_id for claim_id in claims_at(insurers) if claim_id not in before]
    assert sorted(after) == sorted([*sent, *waiting, *lost, *fresh])
    queue = comptoir("queue", "--home", home).data
    assert (queue["reconciling"], {row["claim_id"] for row in queue["elsewhere"]}) == ({}, set(lost))
    assert comptoir("verify", "--home", home).data["ok"] is True


def test_the_drill_rehearses_compares_and_records(safe: Safe) -> None:
    """Restored aside with the paper code, compared, erased; the self-check knows when."""
    submit(safe.shop, 3)
    safe.sync(safe.shop.home)
    before = {line["name"]: line["verdict"] for line in comptoir("doctor", "--home", safe.shop.home).data["checks"]}
    said = safe.back_up("--drill", "--recovery-code-file", safe.paper)
    assert (said.status, said.data["drill"]) == (
        0,
        {"ok": True, "paper": True, "claims": 3, "different": [], "failed": []},
    )
    after = {line["name"]: line["verdict"] for line in comptoir("doctor", "--home", safe.shop.home).data["checks"]}
    assert [(before[name], after[name]) for name in ("backup", "drill")] == [("warn", "pass"), ("warn", "pass")]
    assert list(safe.stick.iterdir()) == [Path(said.data["file"])]
    assert [path for path in safe.shop.home.iterdir() if "drill" in path.name] == []
    assert comptoir("verify", "--home", safe.shop.home).data["ok"] is True


def test_backups_drills_and_restoring_stand_in_the_access_journal(safe: Safe, tmp_path: Path) -> None:
    """Good and failed ones, by the machine when nobody is logged in; the restored home's journal holds too."""
    file = Path(safe.back_up().data["file"])
    safe.shop.desk.vault.lock()
    made = back_up(safe.shop.desk, safe.stick)
    with pytest.raises(RecoveryCodeInvalid):
        drill(safe.shop.desk, made, "nonsense")
    assert drill(safe.shop.desk, made, None).ok
    safe.shop.counter.unlock(USER, PIN)
    back_up(safe.shop.desk, safe.stick)
    entries = safe.shop.desk.vault.journal.entries()
    assert [(one.who, one.what, one.subject, one.outcome) for one in entries if one.what != "unlocked"] == [
        ("@terminal", "backed_up", "backup", "done"),
        ("@terminal", "backed_up", "backup", "done"),
        ("@terminal", "restored", "drill", "recovery_code_invalid"),
        ("@terminal", "restored", "drill", "done"),
        (USER, "backed_up", "backup", "done"),
    ]
    home = tmp_path / "blank"
    assert safe.restore(file, home).status == 0
    with open_desk(home, safe.shop.cards) as desk:
        last = desk.vault.journal.entries()[-1]
        assert (last.who, last.what, last.subject, last.origin) == ("@terminal", "restored", "backup", "command_line")
        desk.vault.unlock(USER, PIN)
        assert all(check.ok for check in verify_home(desk))


def test_a_wrong_paper_or_a_damaged_file_restores_nothing(safe: Safe, tmp_path: Path) -> None:
    """Another paper, a changed byte anywhere, a file cut short or something else: refused, and no home is left."""
    submit(safe.shop, 1)
    file = Path(safe.back_up().data["file"])
    home, other = tmp_path / "blank", tmp_path / "other"
    other.write_text(RecoveryCode.generate().grouped(), encoding="utf-8")
    wrong = comptoir("restore", file, "--recovery-code-file", other, "--home", home)
    assert (wrong.status, wrong.code, wrong.data["error"]["facts"]) == (1, "backup_invalid", {"reason": "key"})
    whole = file.read_bytes()
    for place in (0, 25, 70, 400, 2_000, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert safe.restore(file, home).code == "backup_invalid"
    for content in (whole[:-1], whole[: len(whole) // 2], b"", whole + b"x"):
        file.write_bytes(content)
        assert safe.restore(file, home).code == "backup_invalid"
    assert safe.restore(tmp_path / "nothing", home).status == 3
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith((".blank", "blank"))] == []
    file.write_bytes(whole)
    assert safe.restore(file, home).status == 0
    assert safe.restore(file, home).code == "home_exists"


def test_without_a_paper_code_there_is_no_backup(open_shop: OpenShop, tmp_path: Path) -> None:
    """Nothing could open it: the command says what to do first, and the failure is recorded."""
    shop = open_shop()
    said = comptoir("backup", "--to", tmp_path / "stick", "--home", shop.home)
    assert (said.status, said.code) == (1, "recovery_missing")
    with pytest.raises(RecoveryMissing):
        back_up(shop.desk, tmp_path / "stick")


def test_a_backup_goes_where_the_shop_chose_and_never_into_the_home(safe: Safe) -> None:
    """Without a choice it is refused, and the self-check is amber; with one, command and self-check know it."""

    def folder_line() -> dict[str, str]:
        lines = comptoir("doctor", "--home", home).data["checks"]
        return next(line for line in lines if line["name"] == "backup_folder")

    home = safe.shop.home
    said = comptoir("backup", "--home", home)
    assert (said.status, said.code, said.data["error"]["facts"]) == (1, "backup_folder_invalid", {"reason": "none"})
    assert comptoir("backup", "--to", home / "mine", "--home", home).data["error"]["facts"] == {"reason": "inside"}
    assert folder_line()["verdict"] == "warn"
    safe.stick.mkdir()
    assert comptoir("backup-folder", safe.stick, "--home", home).data == {"folder": str(safe.stick), "there": True}
    assert folder_line()["verdict"] == "pass"
    assert Path(comptoir("backup", "--home", home).data["file"]).parent == safe.stick
    shutil.rmtree(safe.stick)
    assert comptoir("backup", "--home", home).data["error"]["facts"] == {"reason": "missing"}
    assert (folder_line()["verdict"], comptoir("backup-folder", "--home", home).data["there"]) == ("warn", False)
    assert comptoir("backup-folder", "--none", "--home", home).data == {"folder": None, "there": False}


def test_old_backups_go_and_others_stay(safe: Safe, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest are kept; a stranger's file and another terminal's backup are not touched; leftovers go."""
    monkeypatch.setattr("sync.backup.making.KEPT", 2)
    made = back_up(safe.shop.desk, safe.stick)
    kid = made.path.name.partition("-")[2]
    old = [safe.stick / f"2026010{day}T000000Z-{kid}" for day in (1, 2)]
    strange = [safe.stick / "photos.zip", safe.stick / "20250101T000000Z-ABCDEFGH.comptoir"]
    for path in (*old, *strange):
        path.write_bytes(b"x")
    (safe.stick / ".part-left").mkdir()
    (safe.stick / ".part-left" / "x").write_bytes(b"x")
    shutil.move(made.path, safe.stick / f"20260103T000000Z-{kid}")
    again = back_up(safe.shop.desk, safe.stick)
    assert again.removed == tuple(path.name for path in old)
    kept = {*strange, again.path, safe.stick / f"20260103T000000Z-{kid}"}
    assert set(safe.stick.iterdir()) == kept


def test_a_backup_of_a_busy_shop_is_of_one_instant(safe: Safe, tmp_path: Path) -> None:
    """Claims registered while the copy is made are in it or not, as one; store and counterfoil of it agree."""
    submit(safe.shop, 2)
    ids: list[str] = []
    copy = safe.shop.desk.home.store.copy_into

    def copy_beside_a_sale(path: Path) -> None:
        copy(path)
        ids.extend(submit(safe.shop, 2))

    safe.shop.desk.home.store.copy_into = copy_beside_a_sale  # type: ignore[method-assign]  # a sale at the worst instant
    made = back_up(safe.shop.desk, safe.stick)
    assert (made.claims, len(ids)) == (2, 2)
    home = tmp_path / "blank"
    assert safe.restore(made.path, home).data["ok"] is True
    assert comptoir("queue", "--home", home).data["states"] == {"queued": 2}
