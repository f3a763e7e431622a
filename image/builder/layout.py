"""Where each part of the card lies, as arithmetic: an MBR, because a Pi 3 reads nothing else.

Rules: pure; everything in 512-byte sectors unless it says MiB; every part begins on a 4 MiB boundary, which is what the
erase blocks of cards like. The data partition is not here: the first start makes it out of the rest of the card.
"""

from dataclasses import dataclass

SECTOR = 512
MIB = 2048
"""Sectors in a MiB."""
DISK_ID = 0x434D5054
"""The disk's MBR id; the initramfs finds its disk by it."""
ALIGN = 4 * MIB
FIRMWARE_MIB, SLOT_MIB, ROOT_MIB = 36, 96, 640
_FAT, _EXTENDED, _LINUX = "c", "f", "83"


@dataclass(frozen=True)
class Part:
    """One partition: `number` as Linux counts, `kind` the MBR's type."""

    number: int
    name: str
    start: int
    size: int
    kind: str

    @property
    def offset(self) -> int:
        """Where it begins, in bytes."""
        return self.start * SECTOR

    @property
    def end(self) -> int:
        """The first sector behind it."""
        return self.start + self.size


def parts() -> list[Part]:
    """The partitions of the image, in order: firmware, two kernel slots, the extended one, two roots inside."""
    firmware = Part(1, "firmware", ALIGN, FIRMWARE_MIB * MIB, _FAT)
    slot_a = Part(2, "slot-a", firmware.end, SLOT_MIB * MIB, _FAT)
    slot_b = Part(3, "slot-b", slot_a.end, SLOT_MIB * MIB, _FAT)
    root_a = Part(5, "root-a", slot_b.end + ALIGN, ROOT_MIB * MIB, _LINUX)
    root_b = Part(6, "root-b", root_a.end + ALIGN, ROOT_MIB * MIB, _LINUX)
    extended = Part(4, "extended", slot_b.end, root_b.end - slot_b.end, _EXTENDED)
    return [firmware, slot_a, slot_b, extended, root_a, root_b]


def total_bytes() -> int:
    """The size of the image file."""
    return max(part.end for part in parts()) * SECTOR


def sfdisk_script() -> str:
    """The table as sfdisk reads it."""
    lines = [f"{part.number} : start={part.start}, size={part.size}, type={part.kind}" for part in parts()]
    head = ["label: dos", f"label-id: 0x{DISK_ID:08x}", "unit: sectors", ""]
    return "\n".join([*head, *lines]) + "\n"


def named(name: str) -> Part:
    """The partition called `name`."""
    return next(part for part in parts() if part.name == name)
