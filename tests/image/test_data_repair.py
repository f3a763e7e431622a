"""What the card does at a start with a data file system whose first superblock is spoilt."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "image/root/usr/lib/comptoir/data"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

needs_ext4 = pytest.mark.skipif(shutil.which("mke2fs", path=PATH) is None, reason="mke2fs is not installed here")


@pytest.fixture
def medium(tmp_path: Path) -> Path:
    """A file system with blocks as on a card, sparse, with one file in it."""
    file, inside = tmp_path / "medium", tmp_path / "inside"
    inside.mkdir()
    (inside / "counterfoil.log").write_text("kept")
    file.touch()
    with file.open("r+b") as stream:
        stream.truncate(256 << 20)
    tool("mke2fs", "-q", "-t", "ext4", "-b", "4096", "-d", str(inside), str(file))
    return file


def tool(*words: str) -> str:
    """One of e2fsprogs' programs."""
    done = subprocess.run(words, check=True, capture_output=True, text=True, env={"PATH": PATH})
    return done.stdout


def repaired(medium: Path) -> str:
    """Run the script's own check over a file; what it says."""
    text = SCRIPT.read_text("utf-8")
    say = re.findall(r"^say\(\) .*$", text, re.MULTILINE)
    check = re.findall(r"^check\(\) \{$.*?^\}$", text, re.MULTILINE | re.DOTALL)
    script = "\n".join(["set -eu", *say, *check, "check"]).replace("/dev/mapper/$name", str(medium))
    return tool("sh", "-c", script)


@needs_ext4
def test_a_spoilt_superblock_is_read_from_its_copy(medium: Path) -> None:
    """The shop's files are there again, and the journal says why it took longer."""
    with medium.open("r+b") as stream:
        stream.seek(1024)
        stream.write(b"\0" * 3072)
    assert "from a copy of its superblock" in repaired(medium)
    assert tool("debugfs", "-R", "cat counterfoil.log", str(medium)) == "kept"
    assert "from a copy" not in repaired(medium)


@needs_ext4
def test_a_sound_file_system_is_left_alone(medium: Path) -> None:
    """No repair is made where none is needed."""
    assert "from a copy" not in repaired(medium)
