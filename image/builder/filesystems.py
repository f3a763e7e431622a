"""File systems of the image, made from folders without mounting anything.

Rules: identifiers, salts and times are fixed, so that the same tree gives the same bytes. The salt is no secret: it
stands in the initramfs, and the digest over everything is what counts.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from image.builder.layout import SECTOR, Part
from image.builder.tools import Tools

BLOCK = 4096
_UUID = "c0de0001-0000-4000-8000-0000434d5054"
_SALT = "436f6d70746f697220726f6f74206f6620746865206361726420696d61676521"
_ROOT_HASH = re.compile(r"^Root hash:\s+([0-9a-f]{64})$", re.MULTILINE)


class TooLarge(Exception):
    """A part does not fit where the layout puts it."""


@dataclass(frozen=True)
class Verity:
    """A verified file system: its root digest, and its length in blocks of 4096 bytes, after which the tree begins."""

    root_hash: str
    blocks: int

    @property
    def table(self) -> str:
        """The device-mapper's table, DEVICE where the partition goes; a wrong block restarts the machine."""
        length = self.blocks * BLOCK // SECTOR
        facts = f"{BLOCK} {BLOCK} {self.blocks} {self.blocks} sha256 {self.root_hash} {_SALT}"
        return f"0 {length} verity 1 DEVICE DEVICE {facts} 1 restart_on_corruption"


def erofs(tree: Path, out: Path, excluded: Iterable[str], tools: Tools, epoch: int) -> None:
    """Pack `tree` read-only and compressed; `excluded` are regular expressions over paths inside."""
    out.unlink(missing_ok=True)
    without = [f"--exclude-regex={pattern}" for pattern in excluded]
    tools.run(
        "mkfs.erofs", "-zlz4hc,9", "-C65536", f"-T{epoch}", f"-U{_UUID}", "--quiet", *without,
        tools.inside(out), tools.inside(tree),
    )  # fmt: skip
    length = out.stat().st_size
    if length % BLOCK:
        with out.open("r+b") as file:
            file.truncate(-(-length // BLOCK) * BLOCK)


def verify(image: Path, tools: Tools) -> Verity:
    """Append the tree of digests to `image`."""
    length = image.stat().st_size
    at = tools.inside(image)
    told = tools.run(
        "veritysetup", "format", "--no-superblock", f"--salt={_SALT}", f"--uuid={_UUID}", "--hash=sha256",
        f"--data-block-size={BLOCK}", f"--hash-block-size={BLOCK}", f"--data-blocks={length // BLOCK}",
        f"--hash-offset={length}", at, at,
    )  # fmt: skip
    found = _ROOT_HASH.search(told)
    if found is None:
        raise ValueError("veritysetup named no root hash")
    return Verity(found[1], length // BLOCK)


def holds(image: Path, verity: Verity, tools: Tools) -> bool:
    """Whether every block of `image` is the one that the digest stands for."""
    at = tools.inside(image)
    script = (
        'veritysetup verify --no-superblock --hash=sha256 --salt="$1" --data-block-size=4096 --hash-block-size=4096 '
        '--data-blocks="$2" --hash-offset="$3" "$4" "$4" "$5" 2>/dev/null && echo whole || true'
    )
    told = tools.shell(script, _SALT, str(verity.blocks), str(verity.blocks * BLOCK), at, verity.root_hash)
    return told.strip() == "whole"


def fat(files: Iterable[Path], out: Path, place: Part, tools: Tools, epoch: int) -> None:
    """A FAT32 file system as large as `place` and called after it, with these files in its root folder."""
    out.unlink(missing_ok=True)
    named = sorted(files, key=lambda file: file.name)
    tools.shell(
        'out=$1 label=$2 serial=$3 kib=$4 at="@$5"; shift 5; '
        'mkfs.vfat --invariant -F 32 -i "$serial" -n "$label" -C "$out" "$kib" >/dev/null; '
        'for file; do touch -d "$at" "$file"; mcopy -m -i "$out" "$file" ::/; done',
        tools.inside(out), place.name.upper(), f"434d000{place.number}", str(place.size // 2), str(epoch),
        *(tools.inside(file) for file in named),
    )  # fmt: skip


def fits(file: Path, sectors: int) -> None:
    """TooLarge unless `file` fits into `sectors`."""
    if file.stat().st_size > sectors * SECTOR:
        raise TooLarge(f"{file.name}: {file.stat().st_size} bytes, room for {sectors * SECTOR}")
