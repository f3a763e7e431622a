"""`tpm2`: 32 random bytes sealed by the machine's TPM 2.0, through Debian's tpm2-tools.

Rules: the tools rather than tpm2-pytss, which would be compiled on every terminal against headers that it does not
have; a secret is opened once per start, so the cost of a process is nothing. The sealed object is bound to this TPM
and its owner hierarchy (`fixedtpm`, `fixedparent`): clearing the TPM loses it. Without a code it is exempt from the
dictionary-attack lockout (`noda`), since another program's wrong codes must not stop the shop and there is nothing to
guess; with a code it is not, since then the lockout is the point. No PCR: a firmware update must not lose the keys.
A TPM on a bare bus has three slots and no resource manager, so every step flushes what it loaded, and our processes
take turns.
"""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from hardware.device_secrets.record import checked, keep, recall, to_bytes, to_text
from hardware.device_secrets.tool import Said, Tool, in_memory
from hardware.errors import DeviceSecretInvalid, DeviceSecretLocked, HardwareError
from hardware.keystore import SECRET_BYTES, DeviceSecret
from hardware.private_file import folder_lock

FILE_NAME: Final = "device.tpm2"
AUTH_FILE: Final = "COMPTOIR_TPM2_AUTH_FILE"
"""The environment variable that names the file of the code, when the object has one."""
_TCTI: Final = "TPM2TOOLS_TCTI"
_DEFAULT_TCTI: Final = "device:/dev/tpmrm0"
_SEALED: Final = "fixedtpm|fixedparent|userwithauth"
_PARENT: Final = "restricted|decrypt|fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda"
"""The parent has no code either: without `noda` a lockout would shut it, and all that it holds."""
_PRIMARY: Final = ("tpm2_createprimary", "-C", "o", "-G", "ecc", "-a", _PARENT, "-c", "primary")
_NAMES: Final = ("public", "private")
_STATUS_AUTH: Final = 3
_LOCKED_OUT: Final = "0x921"
"""TPM_RC_LOCKOUT (TPM 2.0 part 2, 6.6.3), as the tools print it."""


class TpmDeviceSecret:
    """A secret that only this machine's TPM opens. `auth`: the object's code, empty for none."""

    name = "tpm2"
    weak = False

    def __init__(self, path: Path, auth: bytes = b"", tcti: str | None = None) -> None:
        self._path = path
        self._auth = auth
        tcti = tcti or os.environ.get(_TCTI, _DEFAULT_TCTI)
        self._tool = Tool(self.name, {_TCTI: tcti, "TSS2_LOG": "all+none"})

    def create(self) -> None:
        """Seal a new secret, unless there is one."""
        if self._path.exists():
            return
        with self._turn() as folder:
            self._seal(folder, secrets.token_bytes(SECRET_BYTES))
            made = {name: to_text((folder / name).read_bytes()) for name in _NAMES}
        keep(self._path, self.name, made)

    def secret(self) -> bytes:
        """The 32 bytes. DeviceSecretLocked after too many wrong codes; DeviceSecretInvalid for another TPM or code."""
        kept = recall(self._path, self.name, _NAMES)
        with self._turn() as folder:
            for name in _NAMES:
                (folder / name).write_bytes(to_bytes(self.name, kept[name]))
            return checked(self.name, self._unseal(folder))

    def _seal(self, folder: Path, secret: bytes) -> None:
        attributes = _SEALED if self._auth else f"{_SEALED}|noda"
        self._step(folder, *_PRIMARY)
        words = ("tpm2_create", "-C", "primary", "-u", "public", "-r", "private", "-i", "-", "-a", attributes)
        self._step(folder, *words, given=secret, coded=True)

    def _unseal(self, folder: Path) -> bytes:
        self._step(folder, *_PRIMARY)
        self._step(folder, "tpm2_load", "-C", "primary", "-u", "public", "-r", "private", "-c", "object")
        return self._step(folder, "tpm2_unseal", "-c", "object", coded=True)

    def _step(self, folder: Path, *words: str, given: bytes = b"", coded: bool = False) -> bytes:
        """Run one tool on the files of `folder`, and give the TPM its room back."""
        placed = [str(folder / word) if word in _FILES else word for word in words]
        with in_memory(self._auth) as code:
            if coded and self._auth:
                placed += ["-p", f"file:/dev/fd/{code}"]
            said = self._tool.run(*placed, given=given, passing=(code,))
        self._tool.run("tpm2_flushcontext", "--transient-object")
        if said.status:
            raise self._refusal(words[0], said)
        return said.answer

    def _refusal(self, tool: str, said: Said) -> HardwareError:
        if _LOCKED_OUT in said.told.lower():
            return DeviceSecretLocked("the TPM is locked out", provider=self.name)
        if "tcti" in said.told.lower():
            return self._tool.unavailable("device", tool=tool)
        reason = "auth" if said.status == _STATUS_AUTH else "refused"
        return DeviceSecretInvalid("the TPM does not open this secret", provider=self.name, reason=reason, tool=tool)

    @contextmanager
    def _turn(self) -> Iterator[Path]:
        """A private folder for the tools' files, while no other process of this home uses the TPM."""
        with folder_lock(self._path.parent), tempfile.TemporaryDirectory(prefix="comptoir-") as folder:
            yield Path(folder)


_FILES: Final = frozenset({"primary", "public", "private", "object"})


def open_tpm2_secret(home: Path, *, create: bool = False) -> DeviceSecret:
    """The TPM's secret of this home; `create` seals one when there is none."""
    named = os.environ.get(AUTH_FILE)
    device_secret = TpmDeviceSecret(home / FILE_NAME, _code(Path(named)) if named else b"")
    if create:
        device_secret.create()
    return device_secret


def _code(path: Path) -> bytes:
    try:
        return path.read_bytes().strip()
    except OSError as error:
        raise DeviceSecretInvalid("the code cannot be read", provider="tpm2", reason="auth_file") from error
