"""Where a shop's scanner is: `serial:/dev/serial/by-id/…` or `evdev:/dev/input/by-id/…`.

Rules: pyserial and evdev are loaded only when the scanner is listened to. A wedge has no address: its keys come with
the keyboard's.
"""

import os
from dataclasses import dataclass

from hardware.errors import ScannerMissing
from hardware.scanner.listening import Listening, Post


@dataclass(frozen=True)
class ScannerAddress:
    """A scanner by the kind of its line and its device."""

    kind: str
    device: str

    @classmethod
    def parse(cls, text: str) -> "ScannerAddress":
        """ScannerMissing for another form."""
        kind, _, device = text.partition(":")
        if kind not in {"serial", "evdev"} or not device.startswith("/dev/"):
            raise ScannerMissing("not an address of a scanner", reason="address")
        return cls(kind, device)

    def check(self) -> None:
        """ScannerMissing unless the device is there and may be read."""
        if not os.access(self.device, os.R_OK):
            raise ScannerMissing("the scanner is not there", reason="device")

    def listen(self, post: Post) -> Listening:
        """Listen until stopped. ScannerMissing."""
        if self.kind == "serial":
            from hardware.scanner.serial_port import listen_serial  # noqa: PLC0415 (only the one that is used)

            return listen_serial(self.device, post)
        from hardware.scanner.grabbed import listen_grabbed  # noqa: PLC0415 (only the one that is used)

        return listen_grabbed(self.device, post)
