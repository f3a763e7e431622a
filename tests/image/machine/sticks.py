"""Bundles, good and bad, and the USB sticks on which they come: a partition table and a FAT file system.

Rules: each bad bundle differs from the good one in one thing. The bytes of a stick are a file of the work folder, made
with the tools' programs and never mounted.
"""

import shutil
from pathlib import Path
from typing import Final

from image.builder import bundle
from image.builder.bundle import DEMONSTRATION, Content, Signer
from image.builder.tools import Tools

STICK: Final = "stick.img"
_SPARE: Final = 24 << 20
_START: Final = 1 << 20
"""Where the file system begins, in bytes."""


def bad_bundles(tools: Tools, good: Path) -> dict[str, Path]:
    """By the word with which a card refuses them: forged, older, cut short, one bit changed in the middle."""
    folder = tools.work / "bad"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    parts = {"root": tools.work / "root-a.part", "slot": tools.work / "slot-a.part"}
    found = {f"update_{name}": folder / f"{name}.raucb" for name in ("forged", "older", "truncated", "damaged")}
    newest = Content(parts, bundle.version_of("9.0.0", 1))
    bundle.make(newest, stranger(tools, folder), found["update_forged"], tools)
    bundle.make(Content(parts, bundle.version_of("0.0.1", 1)), DEMONSTRATION, found["update_older"], tools)
    whole = bytearray(good.read_bytes())
    found["update_truncated"].write_bytes(whole[: len(whole) // 2])
    whole[len(whole) // 2] ^= 1
    found["update_damaged"].write_bytes(whole)
    return found


def stranger(tools: Tools, folder: Path) -> Signer:
    """A key that no card knows."""
    key, certificate = folder / "key", folder / "certificate"
    tools.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config",
              "/dev/null", "-subj", "/CN=Nobody", "-days", "3650", "-keyout", tools.inside(key),
              "-out", tools.inside(certificate))  # fmt: skip
    return Signer(key, certificate)


def shop_stick(tools: Tools, size: int = 64 << 20) -> str:
    """An empty stick whose name is COMPTOIR, as a PC formats it: FAT 32; its file name."""
    stick = tools.work / "shop-stick.img"
    stick.unlink(missing_ok=True)
    with stick.open("wb") as file:
        file.truncate(size)
    tools.shell(
        'printf "label: dos\\nstart=2048, type=c\\n" | sfdisk --quiet --no-reread --no-tell-kernel "$1"; '
        'mkfs.vfat -F 32 -n COMPTOIR --offset 2048 "$1" "$2" >/dev/null',
        tools.inside(stick), str((size - _START) // 1024),
    )  # fmt: skip
    return stick.name


def write_stick(tools: Tools, update: Path) -> str:
    """A stick with this bundle under the name that a card looks for; the stick's file name."""
    stick = tools.work / STICK
    stick.unlink(missing_ok=True)
    size = (update.stat().st_size + _SPARE + _START) & ~(_START - 1)
    with stick.open("wb") as file:
        file.truncate(size)
    tools.shell(
        'printf "label: dos\\nstart=2048, type=c\\n" | sfdisk --quiet --no-reread --no-tell-kernel "$1"; '
        'mkfs.vfat -F 32 --offset 2048 "$1" "$2" >/dev/null; mcopy -i "$1@@1M" "$3" ::/comptoir.raucb',
        tools.inside(stick), str((size - _START) // 1024), tools.inside(update),
    )  # fmt: skip
    return stick.name
