"""The small file that a provider keeps in the home: JSON, a schema, and values of text.

Rules: it is published once and never overwritten: losing it loses the keys under it. It holds nothing secret.
"""

import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from hardware.errors import DeviceSecretInvalid, DeviceSecretMissing
from hardware.keystore import SECRET_BYTES
from hardware.private_file import publish_once

_LABEL: Final = b"comptoir/device-secret/v1\0"
"""Before each salt, so that no other program's HMAC with the same key gives the secret by accident."""


def keep(path: Path, provider: str, values: Mapping[str, str]) -> None:
    """Publish the file, unless there is one. DeviceSecretInvalid when the medium refuses."""
    content = json.dumps({"schema": _schema(provider), **values}, sort_keys=True).encode()
    try:
        publish_once(path, content)
    except OSError as error:
        raise DeviceSecretInvalid("the device secret cannot be written", provider=provider) from error


def recall(path: Path, provider: str, names: tuple[str, ...]) -> dict[str, str]:
    """Its values, of exactly these names. DeviceSecretMissing without a file, DeviceSecretInvalid for another form."""
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise DeviceSecretMissing("there is no device secret here", provider=provider) from error
    except (OSError, ValueError, RecursionError) as error:
        raise DeviceSecretInvalid("the device secret cannot be read", provider=provider) from error
    fitting = isinstance(found, dict) and found.pop("schema", None) == _schema(provider) and set(found) == set(names)
    if not fitting or not all(isinstance(value, str) for value in found.values()):
        raise DeviceSecretInvalid("not the file of this provider", provider=provider, reason="form")
    return dict(found)


def new_salt() -> str:
    """32 random bytes, as text."""
    return to_text(secrets.token_bytes(SECRET_BYTES))


def question(provider: str, salt: str) -> bytes:
    """What a keyed device is asked to authenticate; its answer is the secret."""
    raw = to_bytes(provider, salt)
    if len(raw) != SECRET_BYTES:
        raise DeviceSecretInvalid("the salt is not 32 bytes", provider=provider, reason="length")
    return _LABEL + raw


def checked(provider: str, answer: bytes) -> bytes:
    """The answer, when it has the length of a secret."""
    if len(answer) != SECRET_BYTES:
        raise DeviceSecretInvalid("the device secret is not 32 bytes", provider=provider, reason="length")
    return answer


def to_text(value: bytes) -> str:
    """Base 64."""
    return b64encode(value).decode("ascii")


def to_bytes(provider: str, value: str) -> bytes:
    """The bytes of a base 64 text; DeviceSecretInvalid."""
    try:
        return b64decode(value, validate=True)
    except ValueError as error:
        raise DeviceSecretInvalid("not base 64", provider=provider, reason="form") from error


def _schema(provider: str) -> str:
    return f"comptoir/device-secret/{provider}/v1"
