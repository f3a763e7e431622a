"""The image's root: locked arm64 packages, unpacked by native programs and configured under emulation.

Rules: only maintainer scripts are emulated. What they do slowly and the same on every architecture is put off
(`_PUT_OFF`) and done natively afterwards. Nothing that a date or a random number got into stays.
"""

import shutil
from pathlib import Path

from image.builder.apt import Apt
from image.builder.lock import parse
from image.builder.run import enter, run
from image.builder.tools import Tools

HERE = Path(__file__).resolve().parents[1]
LOCK = HERE / "packages.lock"
_PUT_OFF = (
    "usr/bin/py3compile",
    "usr/bin/systemd-hwdb",
    "usr/bin/fc-cache",
    "usr/bin/setupcon",
    "usr/bin/deb-systemd-helper",
    "usr/sbin/update-ca-certificates",
    "usr/sbin/depmod",
    "usr/sbin/update-initramfs",
)
_NOTHING = "#!/bin/sh\nexit 0\n"


def slim_options(text: str) -> list[str]:
    """Dpkg's options for the patterns of slim.cfg."""
    patterns = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [f"--path-include={one[1:]}" if one.startswith("+") else f"--path-exclude={one}" for one in patterns]


def build(root: Path, tools: Tools) -> None:
    """Make `root` from the lock; arm64 programs must be runnable."""
    packages = parse(LOCK.read_text("utf-8"))
    files = Apt(tools.work, "arm64").fetch(packages, tools.work / "debs")
    shutil.rmtree(root, ignore_errors=True)
    _lay_out(root)
    inside = [tools.inside(file) for file in files]
    _unpack(root, tools, inside)
    _put_off(root)
    _configure(root, tools)
    _do_natively(root, tools)
    tidy(root)


def _lay_out(root: Path) -> None:
    for folder in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "etc/dpkg", "etc/kernel", "usr/sbin", "dev", "proc"):
        (root / folder).mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    (root / "usr/sbin/policy-rc.d").chmod(0o755)


def _unpack(root: Path, tools: Tools, files: list[str]) -> None:
    """Lay the files out first, so that maintainer scripts find what they call; then as dpkg wants it."""
    at = tools.inside(root)
    tools.shell('root=$1; shift; for deb; do dpkg-deb --fsys-tarfile "$deb" | tar -xpC "$root" --skip-old-files'
                ' --exclude ./usr/share/doc --exclude ./usr/share/locale --exclude ./usr/share/man'
                ' --exclude ./usr/lib/modules --exclude ./boot --exclude ./usr/lib/linux-image*; done',
                at, *_base_first(files))  # fmt: skip
    options = slim_options((HERE / "slim.cfg").read_text("utf-8"))
    tools.run(
        "dpkg", f"--root={at}", "--force-architecture", "--force-depends", "--force-unsafe-io",
        "--force-overwrite", "--no-triggers", *options, "--unpack", *files,
    )  # fmt: skip


def _base_first(files: list[str]) -> list[str]:
    """Only what a maintainer script may need before it is configured; base-files makes the folders' links."""
    names = {one.sha256: one.name for one in parse(LOCK.read_text("utf-8"))}
    early = [file for file in files if not names[Path(file).stem].startswith(("linux-", "xserver", "mesa", "libllvm"))]
    return sorted(early, key=lambda file: (names[Path(file).stem] != "base-files", names[Path(file).stem]))


def _put_off(root: Path) -> None:
    for name in _PUT_OFF:
        real = root / name
        if real.exists():
            real.rename(root / f"{name}.put-off")
            real.write_text(_NOTHING)
            real.chmod(0o755)


def _configure(root: Path, tools: Tools) -> None:
    enter(root, tools.work, ["dpkg", "--force-unsafe-io", "--configure", "-a"])
    for name in _PUT_OFF:
        kept = root / f"{name}.put-off"
        if kept.exists():
            kept.rename(root / name)
    for name in ("usr/sbin/policy-rc.d", "etc/hostname", "etc/resolv.conf"):
        (root / name).unlink(missing_ok=True)


def _do_natively(root: Path, tools: Tools) -> None:
    """What was put off, by programs of this machine's own processor."""
    at = tools.inside(root)
    release = kernel_release(root)
    tools.run("depmod", "-b", at, release)
    tools.run("systemd-hwdb", f"--root={at}", "--usr", "update")
    certificates = sorted((root / "usr/share/ca-certificates/mozilla").glob("*.crt"))
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    bundle.write_bytes(b"".join(one.read_bytes() for one in certificates))
    keymap = tools.run("ckbcomp", "-layout", "fr", "-variant", "latin9")
    (root / "usr/share/comptoir").mkdir()
    (root / "usr/share/comptoir/fr.kmap").write_text(keymap, "utf-8")


def kernel_release(root: Path) -> str:
    """The one kernel's release, as its folder of modules is named."""
    (release,) = (folder.name for folder in (root / "usr/lib/modules").iterdir())
    return release


def tidy(root: Path) -> None:
    """Take away what differs from day to day: logs, caches, backups of account files, the day in the shadow file."""
    for pattern in ("var/cache/*", "var/log/*", "var/lib/apt/*", "run/*", "tmp/*", "etc/*-", "var/lib/dpkg/*-old"):
        for found in root.glob(pattern):
            shutil.rmtree(found) if found.is_dir() and not found.is_symlink() else found.unlink()
    (root / "etc/machine-id").unlink(missing_ok=True)
    (root / "etc/machine-id").touch(0o444)
    shadow = root / "etc/shadow"
    lines = [line.split(":") for line in shadow.read_text().splitlines()]
    shadow.write_text("".join(":".join([line[0], "!*", "1", *line[3:]]) + "\n" for line in lines))


def run_inside(root: Path, tools: Tools, *command: str) -> str:
    """Run one of the image's own programs, emulated."""
    return enter(root, tools.work, command)


__all__ = ["build", "kernel_release", "run", "run_inside", "slim_options", "tidy"]
