"""Real PKCS#11 tokens (SoftHSM2) and a real TPM (swtpm), for any test that wants one.

Rules: tokens live in a folder of the test run and never in the user's; each test has tokens of its own, with labels
of its own. Where a Debian package is missing the tests fail and name it.
"""

import os
import re
import select
import shutil
import signal
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pkcs11
import pytest

SOFTHSM: tuple[Path, ...] = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    *sorted(Path("/usr/lib").glob("*/softhsm/libsofthsm2.so")),
)
PIN = "1357"
OS_TOKEN_SERIAL, OS_TOKEN_FLAGS = 0x8000534A, 0x8000534B
"""The attributes in which SoftHSM keeps serial number and flags of CK_TOKEN_INFO, in its object file."""
_NUMBERS = count(1)


def need(program: str, package: str) -> str:
    """The path of a program; the test fails and names the Debian package when it is missing."""
    found = shutil.which(program)
    if found is None:
        pytest.fail(f"{program} is missing: install the Debian package {package} (make setup does)")
    return found


@dataclass(frozen=True)
class SoftToken:
    """One SoftHSM token: where the module is, what the token is called, and the folder that is its silicon."""

    module: Path
    label: str
    folder: Path

    def pull(self) -> None:
        """Take the token out: its silicon is gone from one moment to the next."""
        self.folder.rename(self.folder.with_name(f"pulled-{self.folder.name}"))

    def raise_flag(self, flag: int) -> None:
        """Write a flag of CK_TOKEN_INFO into the token's own file, as a card's counter would."""
        content = self._silicon()
        at = content.index(struct.pack(">QQ", OS_TOKEN_FLAGS, 2)) + 16
        (flags,) = struct.unpack_from(">Q", content, at)
        struct.pack_into(">Q", content, at, flags | flag)
        self._rewrite(content)

    def exchange(self) -> None:
        """Put another token into the same slot: one with another serial number."""
        content = self._silicon()
        at = content.index(struct.pack(">QQQ", OS_TOKEN_SERIAL, 3, 16)) + 24
        content[at : at + 16] = bytes(reversed(content[at : at + 16]))
        self._rewrite(content)

    def _silicon(self) -> bytearray:
        return bytearray((self.folder / "token.object").read_bytes())

    def _rewrite(self, content: bytearray) -> None:
        """With the next generation number, so that the library sees that its file changed."""
        struct.pack_into(">Q", content, 0, struct.unpack_from(">Q", content, 0)[0] + 1)
        (self.folder / "token.object").write_bytes(content)


NewToken = Callable[[], SoftToken]


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """The SoftHSM module and the folder of its tokens, for the whole run: the library reads its settings once."""
    need("softhsm2-util", "softhsm2")
    module = next((path for path in SOFTHSM if path.is_file()), None)
    if module is None:
        pytest.fail("libsofthsm2.so is missing: install the Debian package softhsm2 (make setup does)")
    folder = tmp_path_factory.mktemp("softhsm")
    tokens = folder / "tokens"
    tokens.mkdir()
    settings = folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n", "utf-8")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(settings)
    yield module, tokens
    pkcs11.unload(str(module))
    os.environ.pop("SOFTHSM2_CONF")
    if before is not None:
        os.environ["SOFTHSM2_CONF"] = before


@pytest.fixture
def new_token(softhsm: tuple[Path, Path]) -> NewToken:
    """A function that makes a token with the PIN of this module and names it."""
    module, tokens = softhsm

    def make() -> SoftToken:
        label = f"CPS {next(_NUMBERS)}"
        known = set(tokens.iterdir())
        command = ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "24682468"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        (folder,) = set(tokens.iterdir()) - known
        pkcs11.lib(str(module)).reinitialize()
        return SoftToken(module, label, folder)

    return make


@dataclass
class SoftTpm:
    """A TPM 2.0 of its own process; `tcti` is how the tools reach it."""

    pid: int
    tcti: str

    def pull(self) -> None:
        """Take the TPM away; back when it is gone."""
        handle = os.pidfd_open(self.pid)
        try:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            select.select([handle], [], [])
        finally:
            os.close(handle)

    def tool(self, *words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Run a tpm2 tool against it."""
        environment = {**os.environ, "TPM2TOOLS_TCTI": self.tcti}
        return subprocess.run(list(words), env=environment, input=given, capture_output=True, check=False)

    def transient_handles(self) -> list[str]:
        """The transient objects it holds."""
        said = self.tool("tpm2_getcap", "handles-transient").stdout.decode()
        return re.findall(r"0x\w+", said)

    def lockout(self) -> dict[str, int]:
        """The properties of its dictionary-attack protection."""
        said = self.tool("tpm2_getcap", "properties-variable").stdout.decode()
        return {
            name: int(value, 16) for name, value in re.findall(r"TPM2_PT_(LOCKOUT_\w+|MAX_AUTH_FAIL): (0x\w+)", said)
        }


def start_tpm(folder: Path) -> SoftTpm:
    """Start an swtpm whose state is in `folder`, on a Unix socket there; it listens when this returns (--daemon)."""
    need("tpm2_unseal", "tpm2-tools")
    socket, pid = folder / "tpm", folder / "pid"
    command = [
        *(need("swtpm", "swtpm"), "socket", "--tpm2", "--daemon", "--flags", "startup-clear"),
        *("--tpmstate", f"dir={folder}", "--pid", f"file={pid}"),
        *("--server", f"type=unixio,path={socket}", "--ctrl", f"type=unixio,path={socket}.ctrl"),
    ]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return SoftTpm(int(pid.read_text("ascii")), f"swtpm:path={socket}")


NewTpm = Callable[[], SoftTpm]


@pytest.fixture
def new_tpm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewTpm]:
    """A function that starts a new TPM 2.0 (swtpm), without a resource manager, as on a bare bus."""
    started: list[SoftTpm] = []

    def start() -> SoftTpm:
        started.append(start_tpm(tmp_path_factory.mktemp("tpm")))
        return started[-1]

    yield start
    for tpm in started:
        with suppress(ProcessLookupError):
            tpm.pull()


@pytest.fixture
def tpm(new_tpm: NewTpm) -> SoftTpm:
    """One new TPM."""
    return new_tpm()
