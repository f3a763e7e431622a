"""The parts of the card, and the card: firmware, kernel slot, verified root, one file.

Rules: every part is made from the tree alone and written to its place in the layout; slot B and root B stay empty until
the first update.
"""

import hashlib
import shutil
from pathlib import Path

from image.builder import filesystems, initramfs, layout
from image.builder.filesystems import Verity
from image.builder.rootfs import HERE, kernel_release
from image.builder.system import EXCLUDED
from image.builder.tools import Tools

BOOT = HERE / "boot"
_FIRMWARE = ("bootcode.bin", "start.elf", "fixup.dat", "start4.elf", "fixup4.dat")
_BOARDS = ("bcm2837-rpi-3-b.dtb", "bcm2837-rpi-3-b-plus.dtb", "bcm2711-rpi-4-b.dtb")


def pack_root(root: Path, out: Path, tools: Tools, epoch: int) -> Verity:
    """The root's file system with its tree of digests behind it."""
    filesystems.erofs(root, out, EXCLUDED, tools, epoch)
    verity = filesystems.verify(out, tools)
    filesystems.fits(out, layout.named("root-a").size)
    return verity


def slot(root: Path, verity: Verity, out: Path, tools: Tools, epoch: int) -> Path:
    """Kernel, initramfs with the root's digest and command line, as a file system; the folder they lie in."""
    folder = _fresh(tools.work / "slot")
    kernel = root / "boot" / f"vmlinuz-{kernel_release(root)}"
    tools.shell('gzip -n -9 -c "$1" >"$2"', tools.inside(kernel), tools.inside(folder / "kernel.gz"))
    initramfs.build(root, verity, folder / "initrd", tools, epoch)
    (folder / "cmdline").write_text(command_line() + "\n")
    filesystems.fat(folder.iterdir(), out, layout.named("slot-a"), tools, epoch)
    return folder


def firmware(root: Path, out: Path, tools: Tools, epoch: int) -> None:
    """The first partition: what the board's ROM starts, U-Boot, its script, the boards' device trees."""
    folder = _fresh(tools.work / "firmware")
    for name in _FIRMWARE:
        shutil.copy(root / "usr/lib/raspi-firmware" / name, folder)
    for name in _BOARDS:
        (found,) = (root / "usr/lib").glob(f"linux-image-*/broadcom/{name}")
        shutil.copy(found, folder)
    shutil.copy(root / "usr/lib/u-boot/rpi_arm64/u-boot.bin", folder)
    shutil.copy(BOOT / "config.txt", folder)
    boot_script(folder, tools, epoch)
    filesystems.fat(folder.iterdir(), out, layout.named("firmware"), tools, epoch)


def boot_script(folder: Path, tools: Tools, epoch: int) -> None:
    """What U-Boot runs, and what it finds of its counters at the very first start, in `folder`."""
    script = (BOOT / "boot.cmd").read_text().replace("@CMDLINE@", command_line())
    (tools.work / "boot.cmd").write_text(script)
    shutil.copy(BOOT / "environment", tools.work / "uboot.txt")
    tools.run(
        "mkimage", "-A", "arm64", "-T", "script", "-C", "none", "-n", "comptoir", "-d", "/card/boot.cmd",
        tools.inside(folder / "boot.scr"), env={"SOURCE_DATE_EPOCH": str(epoch)},
    )  # fmt: skip
    tools.run("mkenvimage", "-s", "0x4000", "-o", tools.inside(folder / "uboot.env"), "/card/uboot.txt")


def command_line() -> str:
    """The kernel's command line on a board."""
    return (BOOT / "cmdline").read_text().strip()


def assemble(parts: dict[str, Path], out: Path, tools: Tools) -> str:
    """Write the card's image, sparse; its SHA-256."""
    out.unlink(missing_ok=True)
    with out.open("wb") as file:
        file.truncate(layout.total_bytes())
    (tools.work / "table").write_text(layout.sfdisk_script())
    tools.shell('sfdisk --quiet --no-reread --no-tell-kernel "$1" </card/table', tools.inside(out))
    for name, part in parts.items():
        place = layout.named(name)
        filesystems.fits(part, place.size)
        tools.run("dd", f"if={tools.inside(part)}", f"of={tools.inside(out)}", "bs=4M", "conv=notrunc,sparse",
                  f"seek={place.start // layout.ALIGN}", "status=none")  # fmt: skip
    with out.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder
