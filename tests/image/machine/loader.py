"""U-Boot's part of a start, done on the card's file: which slot, one try less, its kernel, initramfs and command line.

Rules: the choice is the model that `make update-test` holds against the card's real U-Boot; everything else is read
from the card: the counters and the boot script from its first partition, the kernel from the slot that is taken.
"""

import re
import zlib
from collections.abc import Iterator
from typing import Final

from image.builder.run import StepFailed, enter
from tests.image.machine.card_file import inside
from tests.image.machine.emulated import Parts
from tests.image.update.cuts import Counters

ENVIRONMENT_BYTES: Final = 0x4000
LOADED: Final = "loaded"
MOST_STARTS: Final = 8


def starts(parts: Parts) -> Iterator[str | None]:
    """One start after the other, at most eight: the slot whose kernel lies in `LOADED`, None when there is none."""
    for _ in range(MOST_STARTS):
        slot, after = Counters.read(environment(parts)).start()
        keep(parts, after)
        yield slot if slot and load(parts, slot) else None


def environment(parts: Parts) -> bytes:
    """U-Boot's file, as it lies on the card."""
    fetch(parts, "firmware", "uboot.env")
    return (parts.work / LOADED / "uboot.env").read_bytes()


def counters(parts: Parts) -> str:
    """Order of the slots, tries of A, tries of B."""
    now = Counters.read(environment(parts))
    return f"{' '.join(now.order)}/{now.left_a}/{now.left_b}"


def keep(parts: Parts, now: Counters) -> None:
    """Write the counters as the boot script does, the rest of the file as it was."""
    told = {"BOOT_ORDER": " ".join(now.order), "BOOT_A_LEFT": str(now.left_a), "BOOT_B_LEFT": str(now.left_b)}
    (parts.work / LOADED / "uboot.env").write_bytes(changed(environment(parts), told))
    file = f"/card/{LOADED}/uboot.env"
    enter(parts.tools, parts.work, ["mcopy", "-o", "-i", inside(parts, "firmware"), file, "::/"])


def changed(file: bytes, told: dict[str, str]) -> bytes:
    """U-Boot's file with other values for some names."""
    lines = [line for line in file[4:].split(b"\0\0")[0].decode().split("\0") if line.partition("=")[0] not in told]
    text = "\0".join([*lines, *(f"{name}={value}" for name, value in told.items())]).encode()
    body = text.ljust(ENVIRONMENT_BYTES - 4, b"\0")
    return zlib.crc32(body).to_bytes(4, "little") + body


def load(parts: Parts, slot: str) -> bool:
    """What the script loads of a slot, and its command line; False when no kernel is there: U-Boot resets."""
    try:
        for name in ("kernel.gz", "initrd"):
            fetch(parts, f"slot-{slot}", name)
    except StepFailed:
        return False
    fetch(parts, "firmware", "boot.scr")
    script = (parts.work / LOADED / "boot.scr").read_bytes().decode("utf-8", "replace")
    found = re.search(r'setenv bootargs "(.*) comptoir\.slot=\$\{chosen\} rauc\.slot=\$\{bootname\}"', script)
    assert found is not None, script
    # The slot itself is added where the machine is started.
    (parts.work / LOADED / "cmdline").write_text(f"{found[1]} rauc.slot={slot.upper()}")
    return True


def fetch(parts: Parts, part: str, name: str) -> None:
    """Copy a file of the card's FAT partition to `LOADED`."""
    (parts.work / LOADED).mkdir(exist_ok=True)
    enter(parts.tools, parts.work, ["mcopy", "-o", "-n", "-i", inside(parts, part), f"::/{name}", f"/card/{LOADED}/"])
