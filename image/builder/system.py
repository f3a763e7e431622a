"""What makes a Debian a counter: our files, our account, which units start and which never do.

Rules: no unit starts because a package wanted it to: the list here is all there is besides systemd's own.
"""

import re
import shutil
import stat
import tomllib
from pathlib import Path

from image.builder.rootfs import HERE
from image.builder.run import StepFailed
from image.builder.tools import Tools

ENABLED = (
    "comptoir-starting.service", "comptoir-data.service", "comptoir-provision.service", "comptoir-erase.service",
    "comptoir-counter.service",
    "comptoir-sync.path", "comptoir-good.timer", "comptoir-hosts.path", "comptoir-hosts.timer",
    "comptoir-fetch.timer", "var-lib-systemd-timesync.mount", "pcscd.socket", "nftables.service", "usbguard.service",
    "systemd-networkd.service", "systemd-resolved.service", "systemd-timesyncd.service",
)  # fmt: skip
MASKED = (
    "getty.target", "getty@.service", "serial-getty@.service", "console-getty.service", "autovt@.service",
    "ctrl-alt-del.target", "debug-shell.service", "polkit.service", "rescue.service", "emergency.service",
    "keyboard-setup.service", "console-setup.service", "systemd-networkd-wait-online.service",
    "systemd-pcrphase.service", "systemd-firstboot.service", "sys-kernel-debug.mount", "sys-kernel-tracing.mount",
    # what keeps caches and notes in /var, which is new at every start here
    "systemd-journal-catalog-update.service", "systemd-update-done.service",
    "systemd-networkd-persistent-storage.service",
    "proc-sys-fs-binfmt_misc.automount", "dev-hugepages.mount", "systemd-binfmt.service", "systemd-rfkill.socket",
)  # fmt: skip
EXCLUDED = (
    "^var/.+", "^boot/[^f].*", "^boot/firmware/.+", "^dev/.+", "^proc/.+", "^run/.+", "^tmp/.+", "^sys/.+",
    "/__pycache__/.*\\.pyc\\.[0-9]+$", "^usr/lib/(u-boot|raspi-firmware|linux-image-[^/]*)/",
    "^usr/share/initramfs-tools/",
)  # fmt: skip
"""What is not packed, as regular expressions over paths in the root."""
SENTENCES = HERE.parent / "terminal/locale/fr.toml"


def install(root: Path, tools: Tools, version: str, epoch: int) -> None:
    """Lay our files over `root`, make the account, choose the units."""
    shutil.copytree(HERE / "root", root, dirs_exist_ok=True, symlinks=True)
    shutil.copy(HERE / "systemd/comptoir-sync.service", root / "etc/systemd/system")
    for name in ("rules.conf", "usbguard-daemon.conf"):
        (root / "etc/usbguard" / name).chmod(0o600)
    for path in (root / "usr/lib/comptoir").iterdir():
        path.chmod(0o755)
    (root / "etc/hostname").write_text("comptoir\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost comptoir\n::1 localhost comptoir\n")
    _link(root / "usr/sbin/mount.comptoir", "../lib/comptoir/mount-stick")
    _link(root / "etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf")
    _link(root / "etc/localtime", "../usr/share/zoneinfo/Europe/Paris")
    (root / "boot/firmware").mkdir(exist_ok=True)
    (root / "usr/lib/clock-epoch").touch()
    (root / "usr/share/comptoir/version").write_text(f"{version} {epoch}\n")
    (root / "usr/share/comptoir/starting").write_text(starting(), "utf-8")
    tools.run("systemd-sysusers", f"--root={tools.inside(root)}", env={"SOURCE_DATE_EPOCH": str(epoch)})
    _accounts(root)
    _units(root)
    no_privileges(root)


def starting() -> str:
    """What the screen shows until the counter comes, as the console takes it: an empty screen, two lines down."""
    told = tomllib.loads(SENTENCES.read_text("utf-8"))["cli"]["card_starting"]
    return "\033[2J\033[3;1H" + "".join(f"  {line}\n" for line in told.splitlines())


def _accounts(root: Path) -> None:
    """Each account is there, with its number: systemd-sysusers passes over what it does not like."""
    asked = re.findall(r"^u (\S+) (\d+)", (root / "usr/lib/sysusers.d/comptoir.conf").read_text(), re.MULTILINE)
    known = {tuple(line.split(":")[:3:2]) for line in (root / "etc/passwd").read_text().splitlines()}
    if missing := [name for name, number in asked if (name, number) not in known]:
        raise StepFailed(f"not made, or not with its number: {' '.join(missing)}")


def no_privileges(root: Path) -> None:
    """No program gives whoever starts it another's rights: nobody here logs in, mounts or changes accounts."""
    for path in root.rglob("*"):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
            path.chmod(stat.S_IMODE(mode) & ~(stat.S_ISUID | stat.S_ISGID))


def _link(path: Path, target: str) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def _units(root: Path) -> None:
    units = root / "etc/systemd/system"
    for name in ENABLED:
        for wanted_by in _wanted_by(root, name):
            folder = units / f"{wanted_by}.wants"
            folder.mkdir(exist_ok=True)
            place = "etc" if (units / name).exists() else "usr/lib"
            _link(folder / name, f"/{place}/systemd/system/{name}")
    for name in MASKED:
        _link(units / name, "/dev/null")
    _link(units / "default.target", "/usr/lib/systemd/system/multi-user.target")


def _wanted_by(root: Path, name: str) -> list[str]:
    """The targets that a unit names in its [Install] section."""
    places = (root / "etc/systemd/system" / name, root / "usr/lib/systemd/system" / name)
    text = next(place for place in places if place.is_file()).read_text("utf-8")
    lines = (line for line in text.splitlines() if line.startswith("WantedBy="))
    return [target for line in lines for target in line.removeprefix("WantedBy=").split()]
