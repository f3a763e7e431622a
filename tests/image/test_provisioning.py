"""What the technician's file becomes: a shop with its people, and nothing of it left behind."""

import importlib.machinery
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "image/root/usr/lib/comptoir/provision"
PLAN = {
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
    places = {"HOME": tmp_path / "home", "KEPT": tmp_path / "kept.json"}
    places |= {"CARD": tmp_path / "card" / "comptoir", "MEMORY": tmp_path}
    places["PROGRAM"] = Path(sys.executable).parent / "comptoir"
    for name, place in places.items():
        setattr(module, name, place)
    return module


def test_what_is_done_is_struck_off_and_what_failed_stays(script: ModuleType) -> None:
    """Shop and account are made; a refused account stays to do, alone; put right, the file is gone."""
    script.keep(PLAN)
    assert oct(script.KEPT.stat().st_mode & 0o777) == "0o600"
    with pytest.raises(subprocess.CalledProcessError):
        script.main()
    left = json.loads(script.KEPT.read_text("utf-8"))
    assert "shop" not in left
    assert [one["id"] for one in left["users"]] == ["NOT AN ID"]
    listed = [script.PROGRAM, "user", "list", "--json", "--home", script.HOME]
    said = json.loads(subprocess.run(listed, check=True, capture_output=True).stdout)
    assert [(one["id"], one["role"]) for one in said["users"]] == [("camille", "responsible")]
    script.keep({**left, "users": []})
    assert script.main() == 0
    assert not script.KEPT.exists()


def test_what_is_erased_was_overwritten_first(script: ModuleType, tmp_path: Path) -> None:
    """The bytes of the file, seen through a second name for it, are zeros."""
    file, other = tmp_path / "provision.json", tmp_path / "other"
    file.write_text(json.dumps(PLAN))
    other.hardlink_to(file)
    script.erase(file)
    assert not file.exists()
    assert set(other.read_bytes()) == {0}


def test_the_technicians_folder_moves_into_the_encrypted_partition(script: ModuleType) -> None:
    """The insurer's file comes along; nothing stays on the card, a second look finds nothing to do."""
    script.CARD.mkdir(parents=True)
    plan = {"insurers": [{"directory": "assureur.json", "invitation": "1", "code": "ABC"}]}
    (script.CARD / "provision.json").write_text(json.dumps(plan), "utf-8-sig")
    (script.CARD / "assureur.json").write_text('{"amc": "99000001"}')
    script.take_over()
    assert not script.CARD.exists()
    assert json.loads(script.KEPT.read_text("utf-8"))["insurers"][0]["directory"] == {"amc": "99000001"}
    script.take_over()
