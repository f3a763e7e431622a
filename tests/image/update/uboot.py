"""The card's own U-Boot and boot script on an emulated Pi 3: which slot a start takes, what it leaves behind.

Rules: the card is a file with the layout's table; U-Boot, firmware files and script are those of the image. A start
is cut as soon as the slot's kernel has spoken, or given up when it has not.
"""

import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

from image.builder import card, filesystems, layout
from image.builder.run import enter
from image.builder.tools import Tools
from tests.image.update.stand import EPOCH

CARD_BYTES: Final = 2 << 30
_FIRST: Final = f"/card/start/card.img@@{layout.named('firmware').offset}"


class Board:
    """An emulated Pi 3 with a card in it; files below `start` in the work folder."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._folder = tools.work / "start"
        self.starts = 0

    def prepare(self, firmware: Path) -> None:
        """A card with U-Boot and script, and nothing in its slots."""
        shutil.rmtree(self._folder, ignore_errors=True)
        files = self._folder / "files"
        shutil.copytree(firmware, files)
        card.boot_script(files, self._tools, EPOCH)
        place = layout.named("firmware")
        filesystems.fat(files.iterdir(), self._folder / "firmware", place, self._tools, EPOCH)
        with (self._folder / "card.img").open("wb") as file:
            file.truncate(CARD_BYTES)
        (self._tools.work / "table").write_text(layout.sfdisk_script())
        script = 'sfdisk --quiet --no-reread --no-tell-kernel "$1" </card/table'
        self._tools.shell(script, "/card/start/card.img")
        self._write("firmware", self._folder / "firmware")

    def load(self, files: dict[str, Path], counters: Path | None) -> None:
        """Write parts of the card by the layout's names, and the counters (none: as after a first flash)."""
        for name, file in files.items():
            self._write(name, file)
        if counters:
            shutil.copy(counters, self._folder / "uboot.env")
            enter(self._tools.root, self._tools.work, ["mcopy", "-o", "-i", _FIRST, "/card/start/uboot.env", "::/"])

    def _write(self, name: str, file: Path) -> None:
        with (self._folder / "card.img").open("r+b") as out, file.open("rb") as content:
            out.seek(layout.named(name).offset)
            shutil.copyfileobj(content, out, 1 << 20)

    def counters(self) -> dict[str, str]:
        """All that U-Boot left in its file."""
        enter(
            self._tools.root, self._tools.work, ["mcopy", "-o", "-n", "-i", _FIRST, "::/uboot.env", "/card/start/env"]
        )
        kept = (self._folder / "env").read_bytes()[4:]
        return dict(line.split("=", 1) for line in kept[: kept.index(b"\0\0")].decode().split("\0"))

    def start(self, patience: float = 90.0) -> tuple[str, str]:
        """One start: the slot that U-Boot took first (a or b), and all it wrote until a kernel spoke or it reset."""
        self.starts += 1
        console = self._folder / "console"
        console.write_bytes(b"")
        process = subprocess.Popen(self._command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        limit = time.monotonic() + patience
        try:
            while not _done(said := console.read_bytes().decode("ascii", "replace")):
                if time.monotonic() > limit or process.poll() is not None:
                    raise AssertionError(f"U-Boot came to nothing:\n{said[-3000:]}")
                time.sleep(0.1)
        finally:
            process.kill()
            process.wait()
        return said.split("comptoir: slot ", 1)[1][0].lower(), said

    def _command(self) -> list[str]:
        qemu = ["qemu-system-aarch64", "-M", "raspi3b", "-display", "none", "-monitor", "none",
                "-kernel", "/card/start/files/u-boot.bin", "-dtb", "/card/start/files/bcm2837-rpi-3-b.dtb",
                "-drive", "if=sd,format=raw,file=/card/start/card.img", "-serial", "null",
                "-serial", "file:/card/start/console"]  # fmt: skip
        inside = 'r=$1 w=$2; shift 2; mkdir -p "$r/card"; mount --rbind /dev "$r/dev"; mount --bind "$w" "$r/card"; ' \
                 'exec chroot "$r" "$@"'  # fmt: skip
        return ["unshare", "--mount", "--propagation", "private", "sh", "-ec", inside, "sh",
                str(self._tools.root), str(self._tools.work), *qemu]  # fmt: skip

    def root_hash(self, slot: str) -> tuple[str, int] | None:
        """What the kernel slot that U-Boot took says of its root, None when it cannot be read."""
        start = f"/card/start/card.img@@{layout.named(f'slot-{slot}').offset}"
        script = 'mcopy -o -n -i "$1" ::/initrd /card/start/initrd 2>/dev/null || : >/card/start/initrd'
        self._tools.shell(script, start)
        words = (self._folder / "initrd").read_text(errors="replace").split()
        return (words[0], int(words[1])) if len(words) == 2 else None

    def verified(self, slot: str) -> bool:
        """Whether the slot's root is, by its digests, the one that its kernel slot names."""
        named = self.root_hash(slot)
        if named is None:
            return False
        digest, blocks = named
        place, copy = layout.named(f"root-{slot}"), self._folder / "root"
        with (self._folder / "card.img").open("rb") as file, copy.open("wb") as out:
            file.seek(place.offset)
            out.write(file.read(4 << 20))
        return filesystems.holds(copy, filesystems.Verity(digest, blocks), self._tools)


def _done(said: str) -> bool:
    """The slot's kernel spoke, or U-Boot gave this start up."""
    after = said.partition("comptoir: slot ")[2]
    return bool(after) and (("MARKER" in after and after.rstrip().endswith(".")) or "resetting" in after)
