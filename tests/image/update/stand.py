"""The card's slots as files, with RAUC of the image's release on this machine: what an update does, from outside.

Rules: RAUC, its configuration, the boot script and the counters are the card's. Two things are not: the slots are
small files, and a bundle is installed in RAUC's plain format, because this machine has no device mapper; the verity
format is only read here.
"""

import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from image.builder import bundle, filesystems, layout
from image.builder.bundle import DEMONSTRATION, Signer
from image.builder.card import BOOT
from image.builder.tools import Tools
from tests.image.update.marker import kernel

EPOCH: Final = 1_790_000_000
OLDER, OLD, NEW = (bundle.version_of("0.1.0", EPOCH + step) for step in range(3))
SLOT_SECTORS: Final = 36 * layout.MIB
PARTS: Final = ("root", "slot")
_BUS: Final = """<busconfig><type>system</type><listen>unix:path=/card/update/bus</listen>
<auth>EXTERNAL</auth><policy context="default">
<allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>
"""
_RUN: Final = """
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/card/update/bus COMPTOIR_RUN=/card/update/run
export COMPTOIR_HOME=/card/update/home COMPTOIR_RAUC=/card/update/rauc
root=$1 work=$2 slot=$3 bundle=$4
mkdir -p "$root/proc" "$root/dev" "$root/card"
# RAUC looks at every mounted loop device, and another program's may go meanwhile.
grep '^/dev/loop' /proc/mounts | while read -r _ place _; do umount -l "$place"; done
mount -t proc proc "$root/proc"; mount --rbind /dev "$root/dev"; mount --bind "$work" "$root/card"
chroot "$root" dbus-daemon --config-file=/card/update/bus.conf --nofork 2>/dev/null & bus=$!
until [ -S "$work/update/bus" ]; do kill -0 $bus; sleep 0.05; done
chroot "$root" rauc --conf=/card/update/system.conf --override-boot-slot=$slot --mount=/card/update/mount service \\
    >"$work/update/service.log" 2>&1 & service=$!
until chroot "$root" dbus-send --system --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner \\
    string:de.pengutronix.rauc | grep -q true; do kill -0 $service; sleep 0.05; done
status=0
chroot "$root" rauc --conf=/card/update/system.conf install /card/update/$bundle || status=$?
kill $service $bus
wait || :
exit $status
"""


@dataclass(frozen=True)
class Stand:
    """A folder `update` below the work folder, seen by the tools as /card/update."""

    tools: Tools

    @property
    def folder(self) -> Path:
        """Where slots, counters and bundles lie."""
        return self.tools.work / "update"

    def prepare(self) -> None:
        """Two systems, `old` and `new`, and RAUC told of the slots."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in ("rauc", "mount", "home", "run/comptoir-good", "shared"):
            (self.folder / name).mkdir(parents=True)
        for seed, name in enumerate(("older", "old", "new")):
            self._system(name, seed)
        scripts = Path(__file__).resolve().parents[3] / "image/root/usr/lib/comptoir"
        for name in ("update-allowed", "update-awaited"):
            shutil.copy(scripts / name, self.folder / name)
            (self.folder / name).chmod(0o755)
        places = {f"{part}-{slot}": f"/card/update/{part}-{slot}" for part in PARTS for slot in "ab"}
        text = bundle.system_conf(OLD, places, "bundle-formats=plain verity")
        for told, here in ((bundle.DATA, "rauc"), ("/run/rauc", "mount"), ("/etc/rauc/keyring.pem", "keyring.pem"),
                           ("/usr/lib/comptoir/", "")):  # fmt: skip
            text = text.replace(told, f"/card/update/{here}")
        (self.folder / "system.conf").write_text(text)
        shutil.copy(DEMONSTRATION.certificate, self.folder / "keyring.pem")
        (self.folder / "bus.conf").write_text(_BUS)
        (self.tools.root / "etc/fw_env.config").write_text("/card/update/uboot.env 0x0000 0x4000\n")

    def _system(self, name: str, seed: int) -> None:
        """A root with its tree of digests, and a kernel slot that knows the root's digest."""
        root = self.folder / f"{name}-root"
        root.write_bytes(hashlib.shake_256(bytes([seed])).digest(1 << 20))
        verity = filesystems.verify(root, self.tools)
        inside = self.folder / f"{name}-files"
        inside.mkdir()
        (inside / "kernel.gz").write_bytes(kernel(name))
        (inside / "initrd").write_text(f"{verity.root_hash} {verity.blocks}\n")
        place = layout.Part(2, "slot-a", 0, SLOT_SECTORS, "c")
        filesystems.fat(inside.iterdir(), self.folder / f"{name}-slot", place, self.tools, EPOCH)

    def bundle(self, name: str, version: str = NEW, signer: Signer = DEMONSTRATION, form: str = "plain") -> Path:
        """A bundle of the new system."""
        out = self.folder / f"{name}.raucb"
        parts = {part: self.folder / f"new-{part}" for part in PARTS}
        bundle.make(bundle.Content(parts, version, form), signer, out, self.tools)
        return out

    def lay(self, a: str, b: str, counters: str) -> None:
        """Put a system into each slot (none: as the card comes), and set U-Boot's counters; a confirmed start."""
        for slot, name in (("a", a), ("b", b)):
            for part in PARTS:
                place = self.folder / f"{part}-{slot}"
                place.unlink(missing_ok=True)
                source = self.folder / f"{name}-{part}"
                place.write_bytes(source.read_bytes() if name else b"\0" * (self.folder / f"new-{part}").stat().st_size)
        order, left_a, left_b = counters.split("/")
        rest = [line for line in (BOOT / "environment").read_text().splitlines() if not line.startswith("BOOT_")]
        lines = [f"BOOT_ORDER={order}", f"BOOT_A_LEFT={left_a}", f"BOOT_B_LEFT={left_b}", *rest]
        (self.folder / "environment").write_text("".join(f"{line}\n" for line in lines))
        self.tools.run("mkenvimage", "-s", "0x4000", "-o", "/card/update/uboot.env", "/card/update/environment")
        shutil.rmtree(self.folder / "rauc")
        (self.folder / "rauc").mkdir()
        (self.folder / "run/comptoir-good/confirmed").write_text("A\n")

    def counters(self) -> str:
        """The counters as fw_printenv reads them, in the form of `lay`."""
        told = dict(line.split("=", 1) for line in self.tools.run("fw_printenv").splitlines())
        return "/".join(told[name] for name in ("BOOT_ORDER", "BOOT_A_LEFT", "BOOT_B_LEFT"))

    def install(self, name: str, running: str = "A", tape: Path | None = None) -> tuple[int, str]:
        """Let RAUC install a bundle on a card that runs a slot: exit status, and what it said. `tape` records it."""
        (self.folder / "bus").unlink(missing_ok=True)
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-euc", _RUN, "install",
                   str(self.tools.root), str(self.tools.work), running, f"{name}.raucb"]  # fmt: skip
        if tape:
            calls = "openat,write,pwrite64,lseek,fsync,fdatasync,rename,ftruncate,splice,copy_file_range,sendfile,close"
            command = ["strace", "-f", "-y", "-x", "-s", "400", "-e", f"trace={calls}", "-o", str(tape), *command]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        return done.returncode, done.stdout + done.stderr
