"""The card of the trial, as a file: what a technician and U-Boot would write on it, what it shows afterwards.

Rules: the file systems are read and written by the tools' own programs, never mounted.
"""

import re
import subprocess
from pathlib import Path
from typing import Final

from image.builder import layout
from image.builder.run import enter
from tests.image.machine.emulated import Parts

CARD_BYTES: Final = 4 << 30
_FIRST: Final = f"/card/disk.img@@{layout.named('firmware').offset}"


def fresh_card(parts: Parts) -> None:
    """The image on a card of 4 GiB."""
    subprocess.run(["cp", "--sparse=always", parts.work / "out/comptoir.img", parts.disk], check=True)
    with parts.disk.open("r+b") as file:
        file.truncate(CARD_BYTES)


def put_folder(parts: Parts, name: str) -> None:
    """Copy a folder of the work folder to the card's first partition."""
    enter(parts.tools, parts.work, ["mcopy", "-s", "-i", _FIRST, f"/card/{name}", "::/"])


def put_counters(parts: Parts, left_a: int) -> None:
    """What U-Boot keeps of its tries, as it leaves them when it starts slot A for the first time."""
    (parts.work / "uboot.txt").write_text(f"BOOT_ORDER=A B\nBOOT_A_LEFT={left_a}\nBOOT_B_LEFT=0\n")
    enter(parts.tools, parts.work, ["mkenvimage", "-s", "0x4000", "-o", "/card/uboot.env", "/card/uboot.txt"])
    enter(parts.tools, parts.work, ["mcopy", "-o", "-i", _FIRST, "/card/uboot.env", "::/"])


def tries_left(parts: Parts, slot: str) -> int:
    """How many tries U-Boot would give a slot now."""
    enter(parts.tools, parts.work, ["mcopy", "-o", "-n", "-i", _FIRST, "::/uboot.env", "/card/uboot.env"])
    found = re.search(rf"\0?BOOT_{slot}_LEFT=(\d+)\0".encode(), (parts.work / "uboot.env").read_bytes())
    assert found is not None
    return int(found[1])


def flip_byte(parts: Parts, place: int) -> None:
    """Change one bit of the card."""
    with parts.disk.open("r+b") as file:
        file.seek(place)
        first = file.read(1)
        file.seek(place)
        file.write(bytes([first[0] ^ 1]))


def contains(disk: Path, words: bytes) -> bool:
    """Whether the card shows these bytes anywhere."""
    command: list[str | bytes] = ["grep", "--quiet", "--binary-files=text", "--fixed-strings", "-e", words, bytes(disk)]
    return subprocess.run(command, check=False, env={"LC_ALL": "C"}).returncode == 0
