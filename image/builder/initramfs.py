"""The initramfs: a shell, dmsetup and the modules that reach the card, with the root's digest inside.

Rules: small and deterministic (sorted archive, fixed times and owners). It opens the root through dm-verity or not at
all: there is no way round and no shell to fall into.
"""

import re
import shutil
from pathlib import Path

from image.builder.filesystems import Verity
from image.builder.layout import DISK_ID, named
from image.builder.modules import WANTED, load_order, parse
from image.builder.rootfs import kernel_release
from image.builder.run import enter
from image.builder.tools import Tools

INIT = Path(__file__).resolve().parents[1] / "boot" / "init"
_DMSETUP = "usr/sbin/dmsetup"
_LIBRARY = re.compile(r"(/\S+) \(0x")


def build(root: Path, verity: Verity, out: Path, tools: Tools, epoch: int) -> None:
    """Write the initramfs for `root`, which has been packed with the digest in `verity`."""
    tree = tools.work / "initramfs"
    shutil.rmtree(tree, ignore_errors=True)
    for folder in ("bin", "lib/modules", "dev", "proc", "sys", "root"):
        (tree / folder).mkdir(parents=True)
    shutil.copy(root / "usr/bin/busybox", tree / "bin/busybox")
    for applet in ("sh", "mount", "insmod", "dd", "hexdump", "sleep", "reboot", "switch_root", "cat", "mkdir", "sync"):
        (tree / "bin" / applet).symlink_to("busybox")
    _dmsetup(root, tree, tools)
    _modules(root, tree, tools)
    (tree / "init").write_text(_filled(INIT.read_text("utf-8"), verity), "utf-8")
    (tree / "init").chmod(0o755)
    _pack(tree, out, tools, epoch)


def _filled(text: str, verity: Verity) -> str:
    """The init script with the facts of this build."""
    facts = {"DISK": f"{DISK_ID:08x}", "PART_A": str(named("root-a").number), "PART_B": str(named("root-b").number)}
    for name, value in {**facts, "TABLE": verity.table}.items():
        text = text.replace(f"@{name}@", value)
    return text


def _dmsetup(root: Path, tree: Path, tools: Tools) -> None:
    """The program and the libraries that the loader itself names for it."""
    loader = "/usr/lib/ld-linux-aarch64.so.1"
    told = enter(root, tools.work, [loader, "--list", f"/{_DMSETUP}"])
    (tree / "usr").symlink_to(".")
    (tree / "sbin").symlink_to("bin")
    shutil.copy(root / _DMSETUP, tree / "bin/dmsetup")
    for library in {*_LIBRARY.findall(told), "/lib/ld-linux-aarch64.so.1"}:
        target = tree / library.removeprefix("/usr").lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy((root / library.lstrip("/")).resolve(), target)


def _modules(root: Path, tree: Path, tools: Tools) -> None:
    source = root / "usr/lib/modules" / kernel_release(root)
    needs = parse((source / "modules.dep").read_text())
    order = load_order(WANTED, needs, (source / "modules.builtin").read_text())
    names = []
    for path in order:
        name = Path(path).name.removesuffix(".xz")
        shutil.copy(source / path, tree / "lib/modules" / Path(path).name)
        if path.endswith(".xz"):
            tools.run("xz", "-d", tools.inside(tree / "lib/modules" / Path(path).name))
        names.append(name)
    (tree / "lib/modules/order").write_text("".join(f"{name}\n" for name in names))


def _pack(tree: Path, out: Path, tools: Tools, epoch: int) -> None:
    tools.shell(
        'cd "$1"; find . -print0 | xargs -0 touch -h -d "@$3"; find . -print0 | LC_ALL=C sort -z | '
        'cpio --quiet --null -o -H newc --reproducible -R 0:0 --renumber-inodes | zstd -q -19 -f -o "$2"',
        tools.inside(tree), tools.inside(out), str(epoch),
    )  # fmt: skip
