"""Which starts the card calls good, and which slot keeps its tries."""

import importlib.machinery
import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "image/root/usr/lib/comptoir/good"


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The card's script on a machine of the test: slot A of a shop that is set up, every service there."""
    loader = importlib.machinery.SourceFileLoader("good", str(SCRIPT))
    spec = importlib.util.spec_from_loader("good", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader.exec_module(module)
    files = {"HOME": "home", "COUNTERS": "uboot.env", "COMMAND_LINE": "cmdline", "AWAITED": "awaited"}
    for name, file in files.items():
        setattr(module, name, tmp_path / file)
    module.PROGRAM, module.PATIENCE = str(tmp_path / "comptoir"), 0.0  # type: ignore[attr-defined]  # of the script
    (tmp_path / "home").mkdir()
    (tmp_path / "home/home.json").touch()
    (tmp_path / "uboot.env").touch()
    (tmp_path / "cmdline").write_text("quiet comptoir.slot=a\n")
    program(tmp_path / "systemctl", 'case $4 in ActiveState) echo active;; *) echo "${RESTARTS:-0}";; esac')
    program(tmp_path / "fw_setenv", f'echo "$*" >>{tmp_path}/set')
    examined(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return module


def program(file: Path, text: str) -> None:
    """A program of the test's machine."""
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


def examined(folder: Path, **verdicts: str) -> None:
    """What the self-check says."""
    checks = [{"name": name, "verdict": verdict} for name, verdict in verdicts.items()]
    program(folder / "comptoir", f"echo '{json.dumps({'checks': checks})}'; exit 1")


def given_back(folder: Path) -> list[str]:
    """What was written into U-Boot's file."""
    return (folder / "set").read_text().splitlines() if (folder / "set").exists() else []


def test_a_sound_start_gets_its_tries_back(script: ModuleType, tmp_path: Path) -> None:
    """A late certificate or a public signing key is no fault of a slot."""
    examined(tmp_path, certificate="fail", bp028_r61="fail", home="pass")
    assert script.main() == 0
    assert given_back(tmp_path) == ["BOOT_A_LEFT 3"]


@pytest.mark.parametrize("name", ["home", "cipher_integrity", "integrity", "chain", "counterfoil"])
@pytest.mark.parametrize(("awaited", "kept"), [("", True), ("B", True), ("A", False)])
def test_a_damaged_shop_is_no_reason_to_leave_a_slot_that_passed(
    script: ModuleType, tmp_path: Path, name: str, awaited: str, kept: bool
) -> None:
    """It is not called good; only a slot that is to prove itself loses a try by it."""
    if awaited:
        (tmp_path / "awaited").write_text(f"{awaited}\n")
    examined(tmp_path, **{name: "fail"})
    assert script.main() == 1
    assert given_back(tmp_path) == (["BOOT_A_LEFT 3"] if kept else [])


def test_a_service_that_is_missing_or_a_counter_that_fell_is_not_good(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written: the next start takes another try off."""
    monkeypatch.setenv("RESTARTS", "1")
    assert script.main() == 1
    program(tmp_path / "systemctl", "echo activating")
    assert script.main() == 1
    assert given_back(tmp_path) == []


def test_a_self_check_that_says_nothing_is_not_good(script: ModuleType, tmp_path: Path) -> None:
    """A program that does not even start is the new system's fault."""
    program(tmp_path / "comptoir", "exit 1")
    assert script.main() == 1
    assert given_back(tmp_path) == []


def test_a_shop_that_is_not_set_up_has_no_files_to_judge(script: ModuleType, tmp_path: Path) -> None:
    """The screen of a first start is enough."""
    (tmp_path / "home/home.json").unlink()
    program(tmp_path / "comptoir", "exit 1")
    assert script.main() == 0
