"""The signature beside an image, checked as the guide says: a file that was changed is seen."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from image.builder import bundle, release
from image.builder.tools import Tools

GUIDE = Path(__file__).resolve().parents[2] / "image/README.md"
FILES = ("comptoir.img", "comptoir.raucb", "comptoir.cdx.json", "comptoir.commit")

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed here")


class HostTools(Tools):
    """This machine's own programs, in the place of the locked ones."""

    def run(self, *command: str | Path, env: Mapping[str, str] | None = None) -> str:
        """Run one of them, where the work folder is seen under its own name."""
        words = [str(word).replace("/card", str(self.work)) for word in command]
        return subprocess.run(words, check=True, capture_output=True, text=True, env=env).stdout


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A result that was signed."""
    made = tmp_path / "out"
    made.mkdir()
    for name in FILES:
        (made / name).write_bytes(name.encode() * 1000)
    release.sign(made, "0.1.0-1790000000", bundle.DEMONSTRATION, HostTools(tmp_path))
    return made


def commands() -> list[str]:
    """The guide's block that checks the signature, line by line."""
    found = re.search(r"```\n(openssl dgst -sha256 .*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    return found[1].replace("\\\n", " ").splitlines()


def passes(folder: Path) -> bool:
    """Whether a technician sees nothing wrong."""
    return all(
        subprocess.run(["bash", "-c", line], cwd=folder, capture_output=True, check=False).returncode == 0
        for line in commands()
    )


def test_what_was_built_passes_and_names_every_file(out: Path) -> None:
    """Nothing of the result is left out but the list and its signature; the key is nowhere."""
    assert passes(out)
    listed = {line.split("  ")[1] for line in (out / release.DIGESTS).read_text().splitlines()}
    assert listed == {path.name for path in out.iterdir()} - {release.DIGESTS, release.SIGNATURE}
    assert not list(out.parent.glob("*.key"))
    assert json.loads((out / release.NEWEST).read_text())["size"] == 14_000


@pytest.mark.parametrize("changed", [*FILES, release.DIGESTS, release.SIGNATURE, release.NEWEST, release.CERTIFICATE])
def test_a_changed_file_is_seen(out: Path, changed: str) -> None:
    """One byte of any file beside the image."""
    content = bytearray((out / changed).read_bytes())
    content[len(content) // 2] ^= 1
    (out / changed).write_bytes(content)
    assert not passes(out)


def test_a_list_of_somebody_else_is_seen(out: Path) -> None:
    """Changed files with digests that agree, signed by another key."""
    (out / FILES[0]).write_bytes(b"another system")
    (out / release.DIGESTS).write_text(release.digests(out))
    key = ["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "other.key"]
    sign = ["openssl", "dgst", "-sha256", "-sign", "other.key", "-out", release.SIGNATURE, release.DIGESTS]
    for words in (key, sign):
        subprocess.run(words, cwd=out, check=True, capture_output=True)
    assert not passes(out)
