"""The card's partition after a reset: wherever the power was cut, the shop is whole or a start makes a new one."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "image/root/usr/lib/comptoir"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
HEADER = 16 << 20
CHEAP = ("--batch-mode", "--type", "luks2", "--label", "comptoir-making", "--pbkdf", "pbkdf2",
         "--pbkdf-force-iterations", "1000")  # fmt: skip
pytestmark = pytest.mark.skipif(
    shutil.which("cryptsetup", path=PATH) is None, reason="cryptsetup is not installed here"
)


@pytest.fixture
def part(tmp_path: Path) -> Path:
    """A partition as the first start leaves it, with a key that is cheap to try."""
    file = tmp_path / "part"
    file.touch()
    os.truncate(file, HEADER + (1 << 20))
    tool("cryptsetup", "luksFormat", *CHEAP, "--key-file=-", str(file), given="a board")
    tool("cryptsetup", "token", "import", "--token-id", "0", str(file), given=TOKEN)
    with file.open("r+b") as stream:
        stream.seek(HEADER)
        stream.write(b"what the shop kept")
    return file


TOKEN = re.findall(r"echo '(.*comptoir-made.*)'", (SCRIPTS / "data").read_text("utf-8"))[0]


def tool(*words: str, given: str = "") -> str:
    """A program of the card, which succeeds."""
    return subprocess.run(words, input=given, check=True, capture_output=True, text=True, env={"PATH": PATH}).stdout


def state(part: Path) -> str:
    """What the card's start takes this partition for: a shop's (made), or one to be made anew (cut, blank)."""
    return tool("sh", str(SCRIPTS / "data-state"), str(part)).strip()


def opens(part: Path) -> bool:
    """Whether the board's key still opens it."""
    words = ["cryptsetup", "open", "--test-passphrase", "--key-file=-", str(part)]
    done = subprocess.run(words, input=b"a board", check=False, capture_output=True, env={"PATH": PATH})
    return done.returncode == 0


def erase(part: Path, cut_at: str) -> int:
    """Run the card's script, the power cut right before a step; the status."""
    text = (SCRIPTS / "erase").read_text("utf-8")
    assert cut_at in text
    script = text.replace(cut_at, f"exit 9; {cut_at}", 1) if cut_at else text
    env = {"PATH": PATH, "COMPTOIR_PART": str(part)}
    return subprocess.run(["sh", "-c", script], check=False, capture_output=True, env=env).returncode


@pytest.mark.parametrize(
    ("cut_at", "left", "key"),
    [
        ("cryptsetup token remove", "made", True),
        ("cryptsetup erase", "cut", True),
        ("for place in", "cut", False),
        ("head -c", "blank", False),
        ("", "blank", False),
    ],
)
def test_wherever_it_was_cut_the_shop_is_whole_or_the_next_start_makes_a_new_one(
    part: Path, cut_at: str, left: str, *, key: bool
) -> None:
    """Whole before the first step; after it a start takes it for none of a shop's, and formats it anew: no key."""
    assert (state(part), opens(part)) == ("made", True)
    before = part.read_bytes()[:HEADER]
    assert erase(part, cut_at) == (9 if cut_at else 0)
    assert (state(part), opens(part)) == (left, key)
    if left == "made":
        assert part.read_bytes()[:HEADER] == before
        return
    tool("wipefs", "--quiet", "--all", str(part))
    tool("cryptsetup", "luksFormat", *CHEAP, "--key-file=-", str(part), given="a new board")
    assert not opens(part)
    old = key_material(before)
    assert len(old) > 100
    assert not old & key_material(part.read_bytes()[:HEADER]), "the former key slot is overwritten"


def test_half_a_wiped_header_is_no_damaged_shop(part: Path) -> None:
    """Cut between the two first sectors: the second header alone still says that nothing can be opened."""
    assert erase(part, "head -c") == 9
    assert state(part) == "blank"
    tool("cryptsetup", "luksFormat", *CHEAP, "--key-file=-", str(part), given="a board")
    tool("cryptsetup", "erase", "--batch-mode", str(part))
    with part.open("r+b") as stream:
        stream.write(bytes(512))
    assert state(part) == "cut"


def key_material(header: bytes) -> set[bytes]:
    """The blocks of the key slots' area, from 32 KiB on, that hold something."""
    blocks = {header[place : place + 512] for place in range(32 << 10, 320 << 10, 512)}
    return {block for block in blocks if len(set(block)) > 100}


def test_the_whole_header_is_zeros_and_a_partition_that_is_none_is_left(part: Path, tmp_path: Path) -> None:
    """Nothing of 16 MiB stays; what is not ours is not touched."""
    assert erase(part, "") == 0
    assert not any(part.read_bytes()[:HEADER])
    other = tmp_path / "other"
    other.write_bytes(b"x" * 4096)
    assert erase(other, "") != 0
    assert other.read_bytes() == b"x" * 4096
