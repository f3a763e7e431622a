"""What `sync` knows of where a device secret comes from."""

from pathlib import Path
from typing import Protocol


class DeviceSecret(Protocol):
    """What a provider gives: its name, whether a copy of the medium holds the secret too, and the 32 bytes."""

    @property
    def name(self) -> str:
        """Stable, short, ASCII."""

    @property
    def weak(self) -> bool:
        """Whether copying the medium copies the secret."""

    def secret(self) -> bytes:
        """The 32 bytes."""


class Provider(Protocol):
    """How a provider is called: the home's folder, and whether a secret is to be made."""

    def __call__(self, home: Path, *, create: bool = False) -> DeviceSecret:
        """The device secret of this home."""
