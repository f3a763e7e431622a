"""What the card takes its data partition for: only what no shop ever used may be written over."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "image/root/usr/lib/comptoir"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
COPY = 16384
"""Bytes of each of LUKS2's two copies of the header."""

needs_luks = pytest.mark.skipif(
    shutil.which("cryptsetup", path=PATH) is None, reason="cryptsetup (package cryptsetup-bin) is not installed here"
)


def run(*words: str | Path, told: str = "") -> str:
    """One program; what it prints."""
    env = {"PATH": PATH}
    return subprocess.run(words, check=True, capture_output=True, text=True, input=told, env=env).stdout.strip()


def state(medium: Path) -> str:
    """The script's word for a partition."""
    return run("sh", SCRIPTS / "data-state", medium)


@pytest.fixture
def medium(tmp_path: Path) -> Path:
    """A partition in which nothing ever was."""
    file = tmp_path / "medium"
    file.touch()
    with file.open("r+b") as stream:
        stream.truncate(32 << 20)
    return file


@pytest.fixture
def begun(medium: Path) -> Path:
    """Formatted as the card does it, but for the cost of guessing, and no further."""
    text = (SCRIPTS / "data").read_text("utf-8")
    (line,) = (one for one in text.splitlines() if "cryptsetup luksFormat" in one)
    options = line.split("luksFormat", 1)[1].removesuffix("\\").split()
    cheap = ["--pbkdf=pbkdf2", "--pbkdf-force-iterations=1000"]
    run("cryptsetup", "luksFormat", *options, *cheap, "--key-file=-", medium, told="key")
    return medium


@pytest.fixture
def made(begun: Path) -> Path:
    """A shop's."""
    token = '{"type":"comptoir-made","keyslots":[]}'
    run("cryptsetup", "token", "import", "--token-id", "0", begun, told=token)
    return begun


def spoil(medium: Path, place: int, content: bytes) -> None:
    """Write bytes somewhere."""
    with medium.open("r+b") as stream:
        stream.seek(place)
        stream.write(content)


@needs_luks
def test_a_new_card_and_one_that_was_cut_short_are_written_over(begun: Path, tmp_path: Path) -> None:
    """Also what other systems left, a header's first copy that was torn, and none but random bytes."""
    assert state(begun) == "cut"
    spoil(begun, COPY, bytes(COPY))
    spoil(begun, 4096, b"torn")
    assert state(begun) == "cut"
    run("wipefs", "--quiet", "--all", begun)
    assert state(begun) == "blank"
    other = tmp_path / "other"
    other.write_bytes(b"\xa5" * (1 << 20))
    assert state(other) == "blank"


@needs_luks
def test_a_shop_is_known_by_either_copy_of_its_header(made: Path) -> None:
    """One spoilt copy is put right from the other."""
    assert state(made) == "made"
    for place in (0, COPY, COPY + 4096):
        spoil(made, place, b"\xff" * 4096)
        assert state(made) == "made"


@needs_luks
@pytest.mark.parametrize("places", [(0, COPY), (4096, COPY + 4096), (0, COPY + 4096), (4096, COPY)])
def test_a_shops_header_that_is_spoilt_twice_is_not_written_over(made: Path, places: tuple[int, int]) -> None:
    """Its keys lie behind it: whoever has a copy of the header may still open it."""
    for place in places:
        spoil(made, place + 8, b"\xff" * 2048)
    assert state(made) == "damaged"


@needs_luks
def test_a_partition_that_was_emptied_on_purpose_is_made_anew(made: Path) -> None:
    """Its keys were destroyed, then the power went before its signatures were."""
    run("cryptsetup", "erase", "--batch-mode", made)
    assert state(made) == "cut"


@needs_luks
def test_somebody_elses_encrypted_partition_is_left_alone(medium: Path) -> None:
    """A header without our label and without our token."""
    cheap = ["--type=luks2", "--pbkdf=pbkdf2", "--pbkdf-force-iterations=1000"]
    run("cryptsetup", "luksFormat", "--batch-mode", *cheap, "--key-file=-", medium, told="key")
    assert state(medium) == "damaged"


def test_a_card_that_cannot_be_read_is_no_blank_card(tmp_path: Path) -> None:
    """An error is no answer."""
    with pytest.raises(subprocess.CalledProcessError):
        state(tmp_path)


@pytest.mark.parametrize(
    ("root", "disk", "seventh"),
    [("mmcblk0p5", "mmcblk0", "mmcblk0p7"), ("mmcblk1p6", "mmcblk1", "mmcblk1p7"), ("vda6", "vda", "vda7")],
)
def test_the_disk_is_the_one_that_the_verified_root_came_from(
    tmp_path: Path, root: str, disk: str, seventh: str
) -> None:
    """Whatever the board calls it, whichever slot runs, whatever else has the same ids."""
    device = tmp_path / "devices/block" / disk / root
    device.mkdir(parents=True)
    for place in (tmp_path / "class/block" / root, tmp_path / "block/dm-0/slaves" / root):
        place.parent.mkdir(parents=True)
        place.symlink_to(device)
    text = (SCRIPTS / "data").read_text("utf-8")
    (places,) = re.findall(r"^places\(\) \{$.*?^\}$", text, re.MULTILINE | re.DOTALL)
    script = f"set -eu\n{places.replace('/sys', str(tmp_path))}\nplaces; echo $disk $part ${{last##*/}}"
    assert run("sh", "-c", script) == f"/dev/{disk} /dev/{seventh} {seventh[:-1]}6"
