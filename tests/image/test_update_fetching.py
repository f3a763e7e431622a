"""A newer system fetched over a TLS line that breaks, lies and changes; what the card's scripts make of it."""

import errno
import hashlib
import importlib.machinery
import importlib.util
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.image.depot import Depot, serving

SCRIPTS = Path(__file__).resolve().parents[2] / "image/root/usr/lib/comptoir"
CONTENT = bytes(range(256)) * 40


@pytest.fixture
def depot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Depot]:
    """A host whose authority this machine believes."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    with serving(Depot(CONTENT), tmp_path / "authority.pem") as made:
        yield made


@pytest.fixture
def script(tmp_path: Path, depot: Depot) -> ModuleType:
    """The card's script, with its places in a folder of the test, and no wait between connections."""
    loader = importlib.machinery.SourceFileLoader("fetch", str(SCRIPTS / "fetch"))
    spec = importlib.util.spec_from_loader("fetch", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    loader.exec_module(module)
    sys.dont_write_bytecode = writes
    (tmp_path / "updates").mkdir()
    (tmp_path / "address").write_text(f"{depot.address}\n")
    (tmp_path / "version").write_text("0.1.0 1790000000\n")
    module.__dict__.update(
        ADDRESS=tmp_path / "address", OWN_VERSION=tmp_path / "version", FOLDER=tmp_path / "updates",
        TRIED=tmp_path / "update-ready/tried", PAUSE=0.0,
    )  # fmt: skip
    return module


def another_day(script: ModuleType) -> int:
    """An attempt of the next day; its exit status."""
    (script.FOLDER / "asked").unlink(missing_ok=True)
    return int(script.main())


def here(script: ModuleType) -> dict[str, bytes]:
    """What lies in the folder, but for the stamp of the attempt."""
    return {path.name: path.read_bytes() for path in script.FOLDER.iterdir() if path.name != "asked"}


def test_a_newer_system_is_fetched_whole_and_once_a_day(script: ModuleType, depot: Depot) -> None:
    """A second look on the same day asks nothing; a clock that was wrong does not stop it for ever."""
    assert script.main() == 0
    assert here(script) == {"comptoir.raucb": CONTENT}
    assert script.main() == 0
    assert depot.asked == [""]
    os.utime(script.FOLDER / "asked", (4e9, 4e9))
    (script.FOLDER / "comptoir.raucb").unlink()
    assert script.main() == 0
    assert len(depot.asked) == 2


def test_a_line_that_breaks_anywhere_costs_what_it_broke(script: ModuleType, depot: Depot) -> None:
    """Cut at many bytes, each connection goes on where the one before ended."""
    depot.cuts = [1, 2, 3, 5, 8, 100, 1000, 1, 4095, 4096]
    assert script.main() == 0
    assert here(script) == {"comptoir.raucb": CONTENT}
    sums = [sum((1, 2, 3, 5, 8, 100, 1000, 1, 4095, 4096)[:count]) for count in range(11)]
    assert depot.asked == ["", *(f"bytes={place}-" for place in sums[1:])]


def test_a_line_that_brings_nothing_is_left_for_a_day(script: ModuleType, depot: Depot) -> None:
    """What came stays, and the next attempt goes on from there."""
    depot.cuts = [1000, 0, 0, 0]
    assert script.main() == 1
    assert here(script)["comptoir.raucb.part"] == CONTENT[:1000]
    assert another_day(script) == 0
    assert depot.asked[-1] == "bytes=1000-"
    assert here(script) == {"comptoir.raucb": CONTENT}


def test_a_host_without_ranges_is_asked_from_the_start(script: ModuleType, depot: Depot) -> None:
    """A whole file in answer to a range is a whole file."""
    depot.cuts, depot.knows_ranges = [1000], False
    assert script.main() == 0
    assert here(script) == {"comptoir.raucb": CONTENT}


def test_a_file_that_changed_between_two_parts_is_not_patched(script: ModuleType, depot: Depot) -> None:
    """Of the same size: the digest tells, and nothing is kept; what the host then says is newest comes whole."""
    depot.cuts = [1000, 0, 0, 0]
    assert script.main() == 1
    former, depot.content, depot.mark = depot.newest(), CONTENT[::-1], '"two"'
    depot.told = {"sha256": hashlib.sha256(CONTENT).hexdigest()}
    assert former == depot.newest()
    assert another_day(script) == 1
    assert here(script).keys() <= {"part.json"}
    depot.told = {}
    assert another_day(script) == 0
    assert here(script) == {"comptoir.raucb": CONTENT[::-1]}


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"version": "0.1.0-1790000000"}, 0), ({"version": "0.1.0-1789999999"}, 0),
        ({"version": "0.0.9-1790000100"}, 0),
        ({"version": "1.0"}, 1), ({"version": None}, 1), ({"size": 641 * 1024 * 1024}, 1), ({"size": 0}, 1),
        ({"size": "10240"}, 1), ({"size": True}, 1), ({"sha256": "../../x"}, 1), ({"size": 10239}, 1),
        ({"size": 10241}, 1), ({"sha256": "0" * 64}, 1), ({"padding": "x" * 5000}, 1),
    ],
)  # fmt: skip
def test_what_is_not_newer_or_not_what_was_said_is_not_kept(
    script: ModuleType, depot: Depot, told: dict[str, object], status: int
) -> None:
    """Older, as old, too large, another size or digest, a version that is none."""
    depot.told = told
    assert script.main() == status
    assert not {"comptoir.raucb", "comptoir.raucb.part"} & {name for name, data in here(script).items() if data}


def test_a_line_that_sends_more_than_it_said_fills_nothing(script: ModuleType, depot: Depot) -> None:
    """The bytes behind the end are not read."""
    depot.content, depot.told = CONTENT * 9, {"size": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest()}
    depot.length = len(CONTENT)
    assert script.main() == 0
    assert here(script) == {"comptoir.raucb": CONTENT}


def test_the_shop_keeps_its_room(script: ModuleType, depot: Depot) -> None:
    """Nothing is begun that would take it; what a full medium refuses on the way goes again."""
    script.__dict__["LEFT_FREE"] = 1 << 60
    assert script.main() == 1
    assert depot.asked == []
    script.__dict__["LEFT_FREE"] = 0
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, hard))
    try:
        assert another_day(script) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert errno.EFBIG in script.FULL
    assert "comptoir.raucb.part" not in here(script)


def test_a_host_that_is_not_the_one_is_not_believed(
    script: ModuleType, depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its certificate is of no authority that this machine knows; and an address in the clear is none."""
    monkeypatch.delenv("SSL_CERT_FILE")
    assert script.main() == 1
    script.ADDRESS.write_text("http://updates.example/")
    assert another_day(script) == 1
    assert here(script) == {}
    assert depot.asked == []


@pytest.mark.parametrize(
    ("said", "word", "status", "left"),
    [
        ("", "update_installed", 0, {"tried"}),
        ("LastError: signature verification failed", "update_forged", 0, {"tried"}),
        ("LastError: Version mismatch: older", "update_older", 0, {"tried"}),
        ("LastError: something nobody has seen", "update_failed", 0, {"tried", "comptoir.raucb"}),
        ("LastError: Handler error: busy", "update_busy", 1, {"comptoir.raucb"}),
    ],
)
def test_what_was_fetched_is_judged_as_from_a_stick(
    tmp_path: Path, said: str, word: str, status: int, left: set[str]
) -> None:
    """RAUC's word is kept; a file that was judged is not fetched again; a bad moment is waited out."""
    for name in ("updates", "bin", "comptoir-update"):
        (tmp_path / name).mkdir()
    (tmp_path / "updates/comptoir.raucb").write_bytes(CONTENT)
    (tmp_path / "comptoir-update/reason").write_text("update_busy\n")
    (tmp_path / "bin/rauc").write_text(f"#!/bin/sh\necho '{said}'\n[ -z '{said}' ]\n")
    (tmp_path / "bin/rauc").chmod(0o755)
    env = {"PATH": f"{tmp_path}/bin:/usr/bin:/bin", "COMPTOIR_DATA": str(tmp_path), "COMPTOIR_RUN": str(tmp_path),
           "COMPTOIR_JOURNAL": str(tmp_path / "journal")}  # fmt: skip
    done = subprocess.run(["sh", SCRIPTS / "update-fetched"], env=env, check=False, capture_output=True)
    assert done.returncode == status
    assert (tmp_path / "comptoir-update/last").read_text() == f"{word}\n"
    assert {path.name for path in (tmp_path / "update-ready").iterdir()} == left
    assert not (tmp_path / "updates/comptoir.raucb").exists()


def test_what_was_judged_is_not_fetched_again(script: ModuleType, depot: Depot) -> None:
    """Neither an update that waits for the machine to be switched on again, nor one that was refused."""
    script.TRIED.parent.mkdir()
    script.TRIED.write_text(hashlib.sha256(CONTENT).hexdigest() + "\n")
    assert script.main() == 0
    assert depot.asked == []
    assert here(script) == {}


def test_a_link_in_the_place_of_what_was_fetched_is_thrown_away(tmp_path: Path) -> None:
    """The account that fetches cannot have another file given to root."""
    (tmp_path / "updates").mkdir()
    (tmp_path / "secret").write_text("kept")
    (tmp_path / "updates/comptoir.raucb").symlink_to(tmp_path / "secret")
    env = {"PATH": "/usr/bin:/bin", "COMPTOIR_DATA": str(tmp_path), "COMPTOIR_RUN": str(tmp_path)}
    done = subprocess.run(["sh", SCRIPTS / "update-fetched"], env=env, check=False, capture_output=True)
    assert done.returncode == 2
    assert not list((tmp_path / "update-ready").iterdir())
    assert (tmp_path / "secret").read_text() == "kept"
