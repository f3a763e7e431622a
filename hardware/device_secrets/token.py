"""`pkcs11`: a token authenticates a salt with a key that never leaves it.

Rules: the key is made on the token, sensitive and not extractable; HMAC rather than unwrapping, because every module
that has secret keys has it. The PIN comes from a file of the system (a systemd credential, or a path in the
environment), since the sync service starts with nobody there; the last attempt is never spent. Where the module and
the token are is said at creation and then kept in the home. A token that is software (SoftHSM) lies on the same disk
and counts as weak.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from hardware.cryptoki import Module, TokenSession, TokenState
from hardware.device_secrets.record import checked, keep, new_salt, question, recall
from hardware.errors import (
    DeviceSecretInvalid,
    DeviceSecretLocked,
    DeviceSecretUnavailable,
    TokenError,
    TokenPinLastTry,
    TokenPinLocked,
    TokenPinWrong,
)
from hardware.keystore import DeviceSecret

FILE_NAME: Final = "device.pkcs11"
MODULE: Final = "COMPTOIR_PKCS11_MODULE"
TOKEN: Final = "COMPTOIR_PKCS11_TOKEN"  # noqa: S105 (the name of a variable, not a secret)
PIN_FILE: Final = "COMPTOIR_PKCS11_PIN_FILE"
CREDENTIAL: Final = "comptoir-pkcs11-pin"
KEY_LABEL: Final = "comptoir-device-secret"
_NAMES: Final = ("module", "token", "salt", "weak")


class TokenDeviceSecret:
    """A secret that only this token computes."""

    name = "pkcs11"

    def __init__(self, path: Path, pin: str) -> None:
        self._path = path
        self._pin = pin

    @property
    def weak(self) -> bool:
        """Whether the token is software, so that its key lies on the disk too."""
        return recall(self._path, self.name, _NAMES)["weak"] != "no"

    def create(self, module: Path, label: str) -> None:
        """Make the token's key and choose a salt, unless there is a secret."""
        if self._path.exists():
            return
        with self._session(module, label) as (token, session):
            session.login(self._pin, write=True)
            session.make_mac_key(KEY_LABEL)
            weak = "yes" if token.software else "no"
        keep(self._path, self.name, {"module": str(module), "token": label, "salt": new_salt(), "weak": weak})

    def secret(self) -> bytes:
        """The 32 bytes. DeviceSecretUnavailable without the token, DeviceSecretLocked when its PIN is."""
        kept = recall(self._path, self.name, _NAMES)
        message = question(self.name, kept["salt"])
        with self._session(Path(kept["module"]), kept["token"]) as (_, session):
            session.login(self._pin)
            return checked(self.name, session.mac(KEY_LABEL, message))

    @contextmanager
    def _session(self, module: Path, label: str) -> Iterator[tuple[TokenState, TokenSession]]:
        with _told(self.name):
            opened = Module(module)
            tokens = [token for token in opened.tokens() if token.label == label]
            if len(tokens) != 1:
                raise DeviceSecretUnavailable("not one token of this label", provider=self.name, reason="device")
            session = opened.session(tokens[0])
            try:
                yield tokens[0], session
            finally:
                session.close()


@contextmanager
def _told(provider: str) -> Iterator[None]:
    """Say of a device secret what the token said of itself."""
    try:
        yield
    except (TokenPinLocked, TokenPinLastTry) as error:
        raise DeviceSecretLocked("the token takes no more PINs", provider=provider, reason=error.code) from error
    except TokenPinWrong as error:
        raise DeviceSecretInvalid("the token's PIN is wrong", provider=provider, reason="auth") from error
    except TokenError as error:
        raise DeviceSecretUnavailable("the token does not serve", provider=provider, reason=error.code) from error


def open_pkcs11_secret(home: Path, *, create: bool = False) -> DeviceSecret:
    """The token's secret of this home; `create` makes one on the token that the environment names."""
    device_secret = TokenDeviceSecret(home / FILE_NAME, _pin())
    if create:
        device_secret.create(Path(_named(MODULE)), _named(TOKEN))
    return device_secret


def _named(variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise DeviceSecretUnavailable("a setting is missing", provider="pkcs11", reason="setting", setting=variable)
    return value


def _pin() -> str:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(folder, CREDENTIAL) if folder and PIN_FILE not in os.environ else Path(_named(PIN_FILE))
    try:
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise DeviceSecretInvalid("the PIN cannot be read", provider="pkcs11", reason="pin_file") from error
