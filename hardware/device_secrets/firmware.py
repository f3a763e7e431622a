"""`rpi-fw-crypto`: the Raspberry Pi's firmware authenticates a salt with the key in its one-time memory.

Rules: only the operation `hmac` is used; a key is never generated, because one-time memory cannot be undone, and a
board without one is said. The firmware answers whoever may open its device, so this binds the keys to the board and
keeps nobody out of a running one. Source: raspberrypi/utils, rpifwcrypto (command line of 2026).
"""

import secrets
from pathlib import Path
from typing import Final

from hardware.device_secrets.record import checked, keep, new_salt, question, recall
from hardware.device_secrets.tool import Tool, in_memory
from hardware.errors import DeviceSecretInvalid
from hardware.keystore import DeviceSecret

FILE_NAME: Final = "device.rpi-fw-crypto"
COMMAND: Final = "rpi-fw-crypto"
KEY_ID: Final = "1"
"""The board's unique key, the only one that current firmware has."""
_NAMES: Final = ("key_id", "salt")
_SECONDS: Final = 10.0


class FirmwareDeviceSecret:
    """A secret that only this board's firmware computes."""

    name = "rpi-fw-crypto"
    weak = False

    def __init__(self, path: Path, seconds: float = _SECONDS) -> None:
        self._path = path
        self._tool = Tool(self.name, seconds=seconds)

    def create(self) -> None:
        """Choose a salt, unless there is one, once the firmware is seen to answer, and always the same."""
        if self._path.exists():
            return
        salt = new_salt()
        if not secrets.compare_digest(self._ask(KEY_ID, salt), self._ask(KEY_ID, salt)):
            raise DeviceSecretInvalid("the firmware contradicts itself", provider=self.name, reason="unstable")
        keep(self._path, self.name, {"key_id": KEY_ID, "salt": salt})

    def secret(self) -> bytes:
        """The 32 bytes. DeviceSecretUnavailable on another machine than a board whose key is set."""
        kept = recall(self._path, self.name, _NAMES)
        if not kept["key_id"].isdecimal():
            raise DeviceSecretInvalid("not a key number", provider=self.name, reason="form")
        return self._ask(kept["key_id"], kept["salt"])

    def _ask(self, key_id: str, salt: str) -> bytes:
        with in_memory(question(self.name, salt)) as message:
            words = (COMMAND, "hmac", "--in", f"/dev/fd/{message}", "--key-id", key_id)
            said = self._tool.run(*words, passing=(message,))
        if said.status:
            raise self._tool.unavailable("refused", tool=COMMAND)
        return checked(self.name, said.answer)


def open_firmware_secret(home: Path, *, create: bool = False) -> DeviceSecret:
    """The firmware's secret of this home; `create` chooses a salt when there is none."""
    device_secret = FirmwareDeviceSecret(home / FILE_NAME)
    if create:
        device_secret.create()
    return device_secret
