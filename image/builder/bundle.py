"""Updates: the bundle that carries a new system, and how RAUC on the card is told what it may install.

Rules: a bundle is in RAUC's verity format and holds the very parts of which the card's image is made. RAUC on the card
trusts one certificate, knows the slots from the layout, and takes no bundle older than the system it runs on. The key
that signs never gets into an image. A bundle differs from build to build: it says when it was signed.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from image.builder.layout import DISK_ID, named
from image.builder.tools import Tools

COMPATIBLE = "comptoir-pi-3-4"
TRIES = 3
DATA = "/run/comptoir-data/rauc"
IMAGES = {"rootfs": "root", "boot": "slot"}
"""RAUC's class of slot, and the layout's name for its part."""
_DEMONSTRATION = Path(__file__).resolve().parents[2] / "tests/image/update"


@dataclass(frozen=True)
class Signer:
    """The key that signs bundles and the certificate that cards trust, as PEM files."""

    key: Path
    certificate: Path

    @property
    def protects(self) -> bool:
        """Whether only its owner has the key: the demonstration's is public."""
        return self.key != DEMONSTRATION.key


DEMONSTRATION = Signer(_DEMONSTRATION / "demonstration.key", _DEMONSTRATION / "demonstration.crt")


def version_of(version: str, epoch: int) -> str:
    """What orders two systems: the project's version, then the commit's time, as semantic versioning compares them."""
    return f"{version}-{epoch}"


def device(part: str) -> str:
    """Where a running card finds a partition of the layout."""
    return f"/dev/disk/by-partuuid/{DISK_ID:08x}-{named(part).number:02d}"


def system_conf(version: str, devices: dict[str, str] | None = None, more: str = "") -> str:
    """RAUC's configuration on a card that runs `version`; tests give devices of their own by part, and `more`."""
    places = devices or {f"{name}-{slot}": device(f"{name}-{slot}") for name in IMAGES.values() for slot in "ab"}
    lines = [
        "[system]", f"compatible={COMPATIBLE}", "bootloader=uboot", f"boot-attempts={TRIES}",
        f"boot-attempts-primary={TRIES}", "mountprefix=/run/rauc", f"data-directory={DATA}",
        f"min-bundle-version={version}", *(more.splitlines() or ["bundle-formats=verity"]), "",
        # No clock that runs without power: a signature is judged at the moment that it names itself.
        "[keyring]", "path=/etc/rauc/keyring.pem", "use-bundle-signing-time=true", "",
        "[handlers]", "pre-install=/usr/lib/comptoir/update-allowed",
        "post-install=/usr/lib/comptoir/update-awaited", "",
    ]  # fmt: skip
    for index, slot in enumerate("ab"):
        root, kernel = places[f"root-{slot}"], places[f"slot-{slot}"]
        lines += [f"[slot.rootfs.{index}]", f"device={root}", "type=raw", f"bootname={slot.upper()}", ""]
        lines += [f"[slot.boot.{index}]", f"device={kernel}", "type=raw", f"parent=rootfs.{index}", ""]
    return "\n".join(lines)


def manifest(version: str, form: str = "verity") -> str:
    """What a bundle says of itself."""
    lines = ["[update]", f"compatible={COMPATIBLE}", f"version={version}", "", "[bundle]", f"format={form}", ""]
    for kind, part in IMAGES.items():
        lines += [f"[image.{kind}]", f"filename={part}.img", ""]
    return "\n".join(lines)


def install(root: Path, version: str, signer: Signer) -> None:
    """Tell the system in `root` what it may install."""
    folder = root / "etc/rauc"
    folder.mkdir(exist_ok=True)
    (folder / "system.conf").write_text(system_conf(version), "utf-8")
    shutil.copyfile(signer.certificate, folder / "keyring.pem")
    (root / "usr/share/comptoir/updates").write_text("named\n" if signer.protects else "demonstration\n")


@dataclass(frozen=True)
class Content:
    """What goes into a bundle: the layout's parts `root` and `slot` as files, and what it says of itself."""

    parts: dict[str, Path]
    version: str
    form: str = "verity"


def make(content: Content, signer: Signer, out: Path, tools: Tools) -> None:
    """Write the bundle, signed."""
    folder, keys = tools.work / "bundle", tools.work / "signer"
    for fresh in (folder, keys):
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
    out.unlink(missing_ok=True)
    for name in IMAGES.values():
        (folder / f"{name}.img").hardlink_to(content.parts[name])
    (folder / "manifest.raucm").write_text(manifest(content.version, content.form), "utf-8")
    try:
        shutil.copyfile(signer.key, keys / "key")
        shutil.copyfile(signer.certificate, keys / "certificate")
        tools.run("rauc", "bundle", "--key=/card/signer/key", "--cert=/card/signer/certificate",
                  "--keyring=/card/signer/certificate", "--mksquashfs-args=-comp zstd -Xcompression-level 3",
                  tools.inside(folder), tools.inside(out))  # fmt: skip
    finally:
        shutil.rmtree(keys)
        shutil.rmtree(folder)
