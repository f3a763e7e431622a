"""`python3 -m image.builder lock | image`: pins the packages anew, or builds the card's image.

Rules: what a build writes lies below --work; the result is in its folder `out`. A step that failed says so and leaves
nothing that looks finished. Exit status 0; 1 when a step failed; 3 when the machine cannot build (not root).
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

from image.builder import application, bundle, card, evidence, release, rootfs, system
from image.builder.apt import Apt
from image.builder.emulation import arm64_programs
from image.builder.lock import difference, parse, render
from image.builder.run import StepFailed
from image.builder.sources import NoMirror
from image.builder.tools import Tools

_LISTS = {"packages": "arm64", "tools": "amd64"}


def main() -> int:
    """Run the command; its exit status."""
    parser = argparse.ArgumentParser(prog="python3 -m image.builder", description="Build the SD card's image.")
    parser.add_argument("command", choices=("lock", "image"))
    parser.add_argument("--work", type=Path, required=True, help="folder for caches, trees and the result (about 6 GB)")
    parser.add_argument("--update-key", type=Path, help="key that signs updates (PEM); the demonstration's when absent")
    parser.add_argument("--update-cert", type=Path, help="certificate of that key, which the card will trust (PEM)")
    asked = parser.parse_args()
    if (asked.update_key is None) != (asked.update_cert is None):
        parser.error("--update-key and --update-cert go together")
    signer = bundle.Signer(asked.update_key, asked.update_cert) if asked.update_key else bundle.DEMONSTRATION
    if os.geteuid() != 0:
        sys.stderr.write("image: root is needed (owners of files, chroot, binfmt_misc)\n")
        return 3
    work = asked.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    try:
        _lock(work) if asked.command == "lock" else _image(work, signer)
    except (StepFailed, NoMirror) as error:
        sys.stderr.write(f"image: {error}\n")
        return 1
    return 0


def _lock(work: Path) -> None:
    for name, arch in _LISTS.items():
        apt = Apt(work, arch)
        apt.update()
        lines = (rootfs.HERE / name).read_text("utf-8").splitlines()
        fresh = apt.resolve([line for line in lines if line and not line.startswith("#")])
        place = rootfs.HERE / f"{name}.lock"
        old = parse(place.read_text("utf-8")) if place.exists() else []
        place.write_text(render(fresh), "utf-8")
        _say(f"{name}: {len(fresh)} packages, {sum(one.size for one in fresh) / 1e6:.0f} MB")
        for line in difference(old, fresh):
            _say(f"  {line}")


def _image(work: Path, signer: bundle.Signer) -> None:
    began, epoch, version = time.monotonic(), _epoch(), _version()
    tools, out, root = Tools(work), work / "out", work / "root"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    tools.prepare()
    _say("tools ready", began)
    with arm64_programs(tools.emulator):
        rootfs.build(root, tools)
        _say("packages configured", began)
        application.install(root, tools)
        system.install(root, tools, version, epoch)
        bundle.install(root, bundle.version_of(version, epoch), signer)
        application.compile_all(root, tools)
        rootfs.tidy(root)
        _check(root, tools)
        _say("application installed, and imported as arm64", began)
        _card(root, out, tools, version, epoch)
    parts = {"root": work / "root-a.part", "slot": work / "slot-a.part"}
    content = bundle.Content(parts, bundle.version_of(version, epoch))
    bundle.make(content, signer, out / release.BUNDLE, tools)
    release.sign(out, content.version, signer, tools)
    _say(f"done: {out / 'comptoir.img'}", began)


def _check(root: Path, tools: Tools) -> None:
    """The application's programs start on the image's own Python, for its own processor."""
    modules = "import terminal.cli, terminal.tui, hardware.pcsc, sync.daemon, sync.crypto, sqlcipher3, smartcard.scard"
    rootfs.run_inside(root, tools, f"/{application.VENV}/bin/python3", "-I", "-B", "-c", modules)


def _card(root: Path, out: Path, tools: Tools, version: str, epoch: int) -> None:
    parts = {name: tools.work / f"{name}.part" for name in ("firmware", "slot-a", "root-a")}
    verity = card.pack_root(root, parts["root-a"], tools, epoch)
    slot = card.slot(root, verity, parts["slot-a"], tools, epoch)
    card.firmware(root, parts["firmware"], tools, epoch)
    digest = card.assemble(parts, out / "comptoir.img", tools)
    packages, pins = parse(rootfs.LOCK.read_text("utf-8")), application.REQUIREMENTS.read_text("utf-8")
    bill = evidence.bill_of_materials(packages, pins, version, verity.root_hash, epoch)
    (out / "comptoir.cdx.json").write_text(bill, "utf-8")
    files = evidence.list_of_files(root, system.EXCLUDED)
    (out / "comptoir.files").write_text("".join(f"{line}\n" for line in files), "utf-8")
    (out / "comptoir.root-hash").write_text(f"{verity.root_hash}\n")
    (out / "comptoir.commit").write_text(_commit("%h %s") + "\n", "utf-8")
    (out / "comptoir.img.sha256").write_text(f"{digest}  comptoir.img\n")
    for name in ("kernel.gz", "initrd"):
        shutil.copy(slot / name, tools.work / name)
    used = (out / "comptoir.img").stat().st_blocks * 512
    _say(f"{digest}  comptoir.img, {used / 1e6:.0f} MB of {(out / 'comptoir.img').stat().st_size / 1e6:.0f} used")


def _epoch() -> int:
    """The one time that gets into an image: that of the commit, or SOURCE_DATE_EPOCH."""
    if told := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(told)
    return int(_commit("%ct"))


def _commit(what: str) -> str:
    """What git says of the commit that is built."""
    command = ["git", "-C", str(application.PROJECT), "log", "-1", f"--format={what}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _version() -> str:
    with (application.PROJECT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def _say(words: str, began: float | None = None) -> None:
    ago = f" ({time.monotonic() - began:.0f} s)" if began is not None else ""
    sys.stdout.write(f"image: {words}{ago}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
