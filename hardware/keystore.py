"""The device secret: 32 bytes that bind the terminal's keys to this machine.

Rules: a provider never shows the secret in a repr or an error. A secret is never overwritten: losing it loses the keys
under it. The file provider is weak and says so: whoever copies the disk copies the secret. Other providers are found
through the entry point group `comptoir.device_secret`, each a function like `open_file_secret`.
"""

import os
import secrets
import stat
from pathlib import Path
from typing import Protocol

from hardware.errors import DeviceSecretInvalid, DeviceSecretMissing
from hardware.private_file import publish_once

SECRET_BYTES = 32
FILE_NAME = "device.secret"


class DeviceSecret(Protocol):
    """A provider. `name` is for the status line; `weak` is true when copying the disk copies the secret."""

    @property
    def name(self) -> str:
        """Stable, short, ASCII."""

    @property
    def weak(self) -> bool:
        """Whether the secret leaves the machine with its disk."""

    def secret(self) -> bytes:
        """The 32 bytes; DeviceSecretMissing or DeviceSecretInvalid."""


class FileDeviceSecret:
    """A secret in a file that only its owner reads."""

    name = "file"
    weak = True

    def __init__(self, path: Path) -> None:
        self._path = path

    def create(self) -> None:
        """Make the file, mode 0600 and durable, unless there is one; two creators at once keep one secret."""
        try:
            publish_once(self._path, secrets.token_bytes(SECRET_BYTES))
        except OSError as error:
            raise DeviceSecretInvalid("the device secret cannot be written", provider=self.name) from error

    def secret(self) -> bytes:
        """The 32 bytes; refused when others than the owner may read the file."""
        try:
            with self._path.open("rb") as file:
                exposed = stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077
                content = file.read(SECRET_BYTES + 1)
        except FileNotFoundError as error:
            raise DeviceSecretMissing("there is no device secret here", provider=self.name) from error
        except OSError as error:
            raise DeviceSecretInvalid("the device secret cannot be read", provider=self.name) from error
        if exposed:
            raise DeviceSecretInvalid("others may read the device secret", provider=self.name, reason="mode")
        if len(content) != SECRET_BYTES:
            raise DeviceSecretInvalid("the device secret is not 32 bytes", provider=self.name, reason="length")
        return content


def open_file_secret(home: Path, *, create: bool = False) -> DeviceSecret:
    """The file provider of this home; `create` makes its secret when there is none."""
    device_secret = FileDeviceSecret(home / FILE_NAME)
    if create:
        device_secret.create()
    return device_secret
