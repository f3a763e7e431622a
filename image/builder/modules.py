"""Which kernel modules the initramfs needs, and in which order they are loaded: a closure over modules.dep.

Rules: pure. A module that the kernel has built in (modules.builtin) needs no file; one that is neither there nor built
in is an error when the image is made, not a black screen in a shop.
"""

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

WANTED = (
    "bcm2835", "sdhci-iproc", "mmc_block",  # the card of a Pi 3 and 4
    "raspberrypi-hwmon", "gpio-raspberrypi-exp", "raspberrypi-power", "clk-raspberrypi", "i2c-bcm2835",
    "virtio_pci", "virtio_mmio", "virtio_blk",  # the disk of an emulated machine
    "crc32c_generic", "dm-verity", "erofs",
)  # fmt: skip
"""Modules to load, dependencies unfolded later; `OPTIONAL` ones may be missing from a kernel."""
OPTIONAL = frozenset({"raspberrypi-hwmon", "gpio-raspberrypi-exp", "raspberrypi-power", "clk-raspberrypi",
                      "i2c-bcm2835", "bcm2835", "sdhci-iproc"})  # fmt: skip


class ModuleMissing(Exception):
    """A module that must be in the initramfs is not in this kernel."""


def name_of(path: str) -> str:
    """A module's name as the kernel says it: no folder, no ending, underscores."""
    return PurePosixPath(path).name.split(".ko", 1)[0].replace("-", "_")


def parse(text: str) -> dict[str, list[str]]:
    """modules.dep as {path: paths it needs}."""
    lines = (line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {path: needs.split() for path, needs in lines}


def load_order(wanted: Iterable[str], needs: Mapping[str, list[str]], builtin: str) -> list[str]:
    """Paths in an order in which each comes after what it needs; ModuleMissing."""
    paths = {name_of(path): path for path in needs}
    inside = {name_of(line) for line in builtin.splitlines()}
    order: dict[str, None] = {}
    for name in wanted:
        plain = name.replace("-", "_")
        if plain in paths:
            _visit(paths[plain], needs, order)
        elif plain not in inside and name not in OPTIONAL:
            raise ModuleMissing(name)
    return list(order)


def _visit(path: str, needs: Mapping[str, list[str]], order: dict[str, None]) -> None:
    for needed in reversed(needs[path]):
        if needed not in order:
            _visit(needed, needs, order)
    order[path] = None
