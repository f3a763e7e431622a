"""The card's image in an emulated arm64 machine: QEMU, started, looked at, typed into, cut off.

Rules: the image's own kernel, initramfs and root are used unchanged; what a board's firmware and U-Boot do (choose the
slot, load the kernel) is done here, because this machine has neither. The network reaches this machine alone: QEMU's
own services (address, names) and the interface TAP of this network namespace are on one line, and all that goes over
it is recorded (`line.pcap`). With `inside` the kernel's command line asks systemd for a root
shell on a line of its own.
"""

import base64
import re
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.image.machine.keyboard import places
from tests.image.machine.usb_reader import UsbReader

PATIENCE: Final = 900.0
"""Seconds after which something that should come never will; on two busy processors a start takes six minutes."""


TAP: Final = "trial0"
MAC: Final = bytes.fromhex("525400434f4d")
_SHELL: Final = """[Unit]
DefaultDependencies=no
[Service]
ExecStart=sh -c 'until [ -c $L ]; do sleep 1; done; exec <>$L >&0 2>/dev/null; stty raw -echo; exec sh'
Environment=L=/dev/hvc0
"""
"""What a person who may write the kernel's command line can have anyway."""


class NeverCame(AssertionError):
    """What was waited for did not come; the end of the console's text is said."""


@dataclass(frozen=True)
class Parts:
    """What is started: the tools' folder with QEMU, the work folder seen as /card, the disk's file.

    `loaded`: the folder below `work` with what U-Boot would have loaded: kernel.gz, initrd, cmdline.
    """

    tools: Path
    work: Path
    disk: Path
    loaded: str = "slot"


class Machine:
    """One run of the emulated machine; `kill` is the power cut."""

    def __init__(self, parts: Parts, slot: str = "a", *, inside: bool = False) -> None:
        self._parts = parts
        self._console = parts.work / "console.txt"
        self._console.write_bytes(b"")
        self.began = time.monotonic()
        command, said = _command(parts, slot, inside=inside), (parts.work / "qemu.txt").open("wb")
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
        self.reader = UsbReader(self._connect("card.sock"))
        self._monitor = self._connect("monitor.sock")
        self._shell = self._connect("shell.sock")
        self._told()

    def wait_for(self, *words: str, patience: float = PATIENCE) -> float:
        """Until one of `words` is on the serial console; seconds since the start."""
        limit = time.monotonic() + patience
        while not any(word in self.console() for word in words):
            if time.monotonic() > limit or self._process.poll() is not None:
                raise NeverCame(f"{words} never came:\n{self.console()[-6000:]}")
            time.sleep(0.5)
        return time.monotonic() - self.began

    def console(self) -> str:
        """All that the machine wrote on its serial line."""
        return self._console.read_bytes().decode("utf-8", "replace")

    def type(self, text: str, keys: Sequence[str] = ()) -> None:
        """Type on the French keyboard, then press keys by QEMU's names."""
        for place in [*places(text), *keys]:
            self._ask(f"sendkey {place} 60")
            time.sleep(0.25)

    def picture(self, name: str) -> Path:
        """What is on the screen now, as PNG."""
        self._ask(f"screendump /card/{name}.png -f png")
        return self._parts.work / f"{name}.png"

    def pixels(self) -> bytes:
        """What is on the screen now, as bytes to compare."""
        shown = self._parts.work / "now.ppm"
        shown.unlink(missing_ok=True)
        self._ask("screendump /card/now.ppm")
        return shown.read_bytes()

    def run(self, command: str, patience: float = PATIENCE) -> str:
        """What a command says in the root shell of a machine that was started with `inside`."""
        self._shell.settimeout(patience)
        # The byte before the answer tells it from an echo of the question.
        self._shell.sendall(f'printf "\\002"; {{ {command}\n}} 2>&1; echo "<<$?>>"\n'.encode())
        said = b""
        while not (end := re.search(rb"<<\d+>>\r?\n$", said)):
            said += self._shell.recv(65536)
        return said[: end.start()].rpartition(b"\2")[2].decode("utf-8", "replace").replace("\r", "")

    def written(self) -> tuple[int, int]:
        """Bytes and operations that were written to the card since the start."""
        told = self._ask("info blockstats")
        found = re.search(r"^card:.*? wr_bytes=(\d+) .*?wr_operations=(\d+)", told, re.MULTILINE)
        assert found is not None, told
        return int(found[1]), int(found[2])

    def line_out(self) -> None:
        """Pull the plug of its network line."""
        self._ask("set_link net off")

    def services_out(self) -> None:
        """Leave QEMU's own services out: they would take each packet of a scan for one that they are to pass on."""
        self._ask("set_link user off")

    def hold(self) -> None:
        """Stop the processors, with nothing under way to the disk."""
        self._ask("stop")

    def go_on(self) -> None:
        """Let them run again."""
        self._ask("cont")

    def plug(self, stick: str, *, locked: bool = True) -> None:
        """A USB stick whose bytes are a file of the work folder; `locked`: it cannot be written."""
        locking = "on" if locked else "off"
        told = self._ask(f"drive_add 0 if=none,id=stick,format=raw,readonly={locking},file=/card/{stick}")
        told += self._ask("device_add usb-storage,id=stick-plug,drive=stick")
        assert "Error" not in told, told

    def unplug(self) -> None:
        """Pull it out."""
        self._ask("device_del stick-plug")

    def recorded(self) -> bytes:
        """What went over its network line so far."""
        return (self._parts.work / "line.pcap").read_bytes()

    def ended(self, patience: float = PATIENCE) -> float:
        """Wait until the machine stops by itself; seconds since the start."""
        self._process.wait(patience)
        return time.monotonic() - self.began

    def kill(self) -> None:
        """Cut the power."""
        self._process.kill()
        self._process.wait(PATIENCE)

    def _ask(self, words: str) -> str:
        """One line to the monitor, and what it says until it waits again."""
        self._monitor.sendall(words.encode() + b"\n")
        return self._told()

    def _told(self) -> str:
        """What the monitor says until it waits; its greeting must be heard, or each answer is read one too early."""
        said = b""
        while not said.rstrip().endswith(b"(qemu)"):
            said += self._monitor.recv(65536)
        return said.decode("utf-8", "replace")

    def _connect(self, name: str) -> socket.socket:
        path, limit = self._parts.work / name, time.monotonic() + PATIENCE
        while True:
            link = socket.socket(socket.AF_UNIX)
            try:
                link.connect(str(path))
            except OSError:
                link.close()
                if time.monotonic() > limit or self._process.poll() is not None:
                    raise
                time.sleep(0.1)
            else:
                return link


def _command(parts: Parts, slot: str, *, inside: bool) -> list[str]:
    """QEMU in the tools' folder, with the work folder as /card."""
    for name in ("card.sock", "monitor.sock", "shell.sock", "line.pcap"):
        (parts.work / name).unlink(missing_ok=True)
    line = (parts.work / parts.loaded / "cmdline").read_text().replace("console=ttyS1,115200", "").replace(" quiet", "")
    line = line.replace("console=tty1", "").replace("loglevel=3", "loglevel=6")
    line += f" console=ttyAMA0 comptoir.slot={slot} systemd.journald.forward_to_console=1"
    # An emulated disk on a busy machine may be slower to appear than any card.
    line += " systemd.journald.max_level_console=info systemd.default_device_timeout_sec=600"
    if inside:
        unit = base64.b64encode(_SHELL.encode()).decode()
        line += f" systemd.set_credential_binary=systemd.extra-unit.look.service:{unit} systemd.wants=look.service"
    qemu = [
        "qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a72", "-smp", "2", "-m", "1024", "-display", "none",
        "-kernel", f"/card/{parts.loaded}/kernel.gz", "-initrd", f"/card/{parts.loaded}/initrd",
        "-append", line, "-no-reboot",
        "-drive", f"if=none,id=card,format=raw,file=/card/{parts.disk.name}", "-device", "virtio-blk-pci,drive=card",
        "-device", "virtio-gpu-pci,xres=1280,yres=800", "-device", "qemu-xhci", "-device", "usb-kbd",
        "-device", "usb-ccid", "-chardev", "socket,id=vsc,path=/card/card.sock,server=on,wait=off",
        "-device", "ccid-card-passthru,chardev=vsc",
        "-netdev", "hubport,id=net,hubid=0", "-device", f"virtio-net-pci,netdev=net,romfile=,mac={MAC.hex(':')}",
        "-netdev", "user,id=user", "-netdev", "hubport,id=to-user,hubid=0,netdev=user",
        "-netdev", f"tap,id=tap,ifname={TAP},script=no,downscript=no",
        "-netdev", "hubport,id=to-tap,hubid=0,netdev=tap",
        "-object", "filter-dump,id=dump,netdev=net,maxlen=256,file=/card/line.pcap", "-device", "virtio-rng-pci",
        "-device", "virtio-serial-pci", "-chardev", "socket,id=shell,path=/card/shell.sock,server=on,wait=off",
        "-device", "virtconsole,chardev=shell",
        "-serial", "file:/card/console.txt", "-monitor", "unix:/card/monitor.sock,server=on,wait=off",
    ]  # fmt: skip
    enter = 'r=$1 w=$2; shift 2; mkdir -p "$r/card"; mount --rbind /dev "$r/dev"; mount --bind "$w" "$r/card"; ' \
            'exec chroot "$r" "$@"'  # fmt: skip
    return ["unshare", "--mount", "--propagation", "private", "sh", "-ec", enter, "sh",
            str(parts.tools), str(parts.work), *qemu]  # fmt: skip
