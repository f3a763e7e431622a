"""The card of the trial, as a file: what a technician and U-Boot would write on it, what it shows afterwards.

Rules: the file systems are read and written by the tools' own programs, never mounted.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from image.builder import layout
from image.builder.run import enter
from tests.image.machine.emulated import Parts

CARD_BYTES: Final = 4 << 30
_PIECE: Final = 16 << 20
_HEADER: Final = 16 << 20
"""What LUKS2 keeps before the first byte of data."""


def inside(parts: Parts, part: str) -> str:
    """A FAT partition of the card, as the tools' mtools name it."""
    return f"/card/{parts.disk.name}@@{layout.named(part).offset}"


def fresh_card(parts: Parts) -> None:
    """The image on a card of 4 GiB."""
    subprocess.run(["cp", "--sparse=always", parts.work / "out/comptoir.img", parts.disk], check=True)
    with parts.disk.open("r+b") as file:
        file.truncate(CARD_BYTES)


def put_folder(parts: Parts, name: str) -> None:
    """Copy a folder of the work folder to the card's first partition."""
    enter(parts.tools, parts.work, ["mcopy", "-s", "-i", inside(parts, "firmware"), f"/card/{name}", "::/"])


def get_file(parts: Parts, name: str) -> bytes:
    """A file at the root of the card's first partition."""
    enter(parts.tools, parts.work, ["mcopy", "-o", "-n", "-i", inside(parts, "firmware"), f"::/{name}", "/card/got"])
    return (parts.work / "got").read_bytes()


def put_counters(parts: Parts, left_a: int) -> None:
    """What U-Boot keeps of its tries, as it leaves them when it starts slot A for the first time."""
    (parts.work / "uboot.txt").write_text(f"BOOT_ORDER=A B\nBOOT_A_LEFT={left_a}\nBOOT_B_LEFT=0\n")
    enter(parts.tools, parts.work, ["mkenvimage", "-s", "0x4000", "-o", "/card/uboot.env", "/card/uboot.txt"])
    enter(parts.tools, parts.work, ["mcopy", "-o", "-i", inside(parts, "firmware"), "/card/uboot.env", "::/"])


def tries_left(parts: Parts, slot: str) -> int:
    """How many tries U-Boot would give a slot now."""
    found = re.search(rf"\0?BOOT_{slot}_LEFT=(\d+)\0".encode(), get_file(parts, "uboot.env"))
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
    """Whether the card shows these bytes anywhere; what was never written of the file is not read."""
    with disk.open("rb") as file:
        kept = b""
        for _, piece in written(file.fileno(), disk.stat().st_size):
            if words in (kept := kept + piece):
                return True
            kept = kept[1 - len(words) :]
    return False


def written(descriptor: int, end: int) -> Iterator[tuple[int, bytes]]:
    """The pieces of a sparse file that were ever written, each with its place."""
    at = 0
    while (at := _next_data(descriptor, at, end)) < end:
        hole = os.lseek(descriptor, at, os.SEEK_HOLE)
        while at < hole and (piece := os.pread(descriptor, min(_PIECE, hole - at), at)):
            yield at, piece
            at += len(piece)


def _next_data(descriptor: int, at: int, end: int) -> int:
    try:
        return os.lseek(descriptor, at, os.SEEK_DATA)
    except OSError:
        return end


def data_start(parts: Parts) -> int:
    """Where the partition begins that the first start made, in bytes."""
    told = enter(parts.tools, parts.work, ["sfdisk", "--json", f"/card/{parts.disk.name}"])
    table = json.loads(told)["partitiontable"]["partitions"]
    return int(next(one["start"] for one in table if one["node"].endswith("7"))) * layout.SECTOR


def volume_key(parts: Parts) -> bytes:
    """The key of the encrypted partition, opened as the emulated board opens it: it has no number of its own."""
    header, key = parts.work / "header", parts.work / "volume-key"
    with parts.disk.open("rb") as file:
        file.seek(data_start(parts))
        header.write_bytes(file.read(_HEADER))
    key.unlink(missing_ok=True)
    command = 'printf "comptoir data 1 no board number" | cryptsetup luksDump --batch-mode --dump-volume-key ' \
              '--volume-key-file /card/volume-key --key-file - /card/header'  # fmt: skip
    enter(parts.tools, parts.work, ["sh", "-c", command])
    return key.read_bytes()


def place_of(parts: Parts, path: str) -> int:
    """Where in the root's file system the first bytes of a file lie."""
    told = enter(parts.tools, parts.work, ["dump.erofs", f"--path={path}", "-e", "/card/root-a.part"])
    found = re.search(r"^\s*0:.*:\s*(\d+)\.\.", told, re.MULTILINE)
    assert found is not None, told
    return int(found[1])
