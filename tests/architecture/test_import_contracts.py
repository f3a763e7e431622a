"""The import contracts hold, and each of them is seen to break: a contract that cannot fail guards nothing."""

import configparser
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

VIOLATIONS = {
    "packages": ("hardware/tlv.py", "import sync.errors"),
    "terminal-layers": ("terminal/domain/money.py", "import terminal.workflow"),
    "hardware-layers": ("hardware/tlv.py", "import hardware.vitale"),
    "sync-layers": ("sync/contract/envelope.py", "import sync.crypto"),
    "receiver-shares-little": ("sync/receiver/app.py", "import sync.queue"),
    "receiver-stands-apart": ("terminal/workflow/submit.py", "import sync.receiver"),
    "intake-cannot-open": ("sync/receiver/app.py", "import sync.receiver.opener"),
    "relay-cannot-open": ("sync/receiver/relay/spool.py", "import sync.receiver.opener"),
    "adversary-stands-apart": ("sync/daemon.py", "import sync.adversary"),
    "pure-decision": ("sync/decision.py", "import time"),
    "service-opens-little": ("sync/daemon.py", "import sync.crypto.shopslots"),
    "drivers": ("terminal/workflow/submit.py", "import sync.client"),
    "screens": ("terminal/tui/app.py", "import sync.queue"),
    "screens-are-a-leaf": ("terminal/bootstrap.py", "import terminal.tui"),
    "french-at-the-edge": ("terminal/workflow/submit.py", "import terminal.i18n"),
    "pure-domain": ("terminal/domain/pricing.py", "import time"),
    "pure-card-rules": ("hardware/vitale.py", "import time"),
    "hardware-needs-little": ("hardware/atr.py", "import msgspec"),
    "room-of-pyscard": ("hardware/vitale.py", "import smartcard"),
    "room-of-pkcs11": ("hardware/cps.py", "import pkcs11"),
    "room-of-segno": ("terminal/cli/output.py", "import segno"),
    "room-of-escpos": ("terminal/cli/output.py", "import escpos"),
    "room-of-pyserial": ("hardware/scanner/listening.py", "import serial"),
    "room-of-evdev": ("hardware/scanner/keyboard.py", "import evdev"),
    "pure-scan-rules": ("hardware/scanner/codes.py", "import time"),
    "room-of-textual": ("terminal/cli/output.py", "import textual"),
    "rooms-of-rich": ("sync/daemon.py", "import rich"),
    "room-of-httpx": ("sync/engine.py", "import httpx"),
    "room-of-fpdf": ("sync/receiver/enrol.py", "import fpdf"),
    "room-of-tuf": ("sync/daemon.py", "import tuf"),
    "room-of-cryptography": ("terminal/vault/dossiers.py", "import cryptography"),
    "room-of-sqlcipher": ("sync/home.py", "import sqlcipher3"),
    "rooms-of-sqlalchemy": ("terminal/workflow/submit.py", "import sqlalchemy"),
    "room-of-psycopg": ("sync/store/encrypted.py", "import psycopg"),
    "room-of-the-server": ("sync/engine.py", "import starlette"),
    "room-of-stdnum": ("terminal/domain/lpp.py", "import stdnum"),
    "room-of-dbfread": ("terminal/catalogue/rows.py", "import dbfread"),
    "no-cycles": ("hardware/errors.py", "import hardware.apdu"),
}
UNPLACED = {"terminal-layers": "terminal", "hardware-layers": "hardware", "sync-layers": "sync"}
LINT = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"

Copy = Callable[[], Path]


def _contracts(root: Path) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(root / ".importlinter", "utf-8")
    return {key.rpartition(":")[2]: parser[key]["name"] for key in parser.sections() if ":contract:" in key}


def _lint(folder: Path, *contracts: str) -> tuple[int, str]:
    chosen = [word for contract in contracts for word in ("--contract", contract)]
    command = [sys.executable, "-c", LINT, "--no-logo", "--no-cache", *chosen]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def _is_broken(report: str, name: str) -> bool:
    return re.search(rf"^{re.escape(name)} BROKEN", report, re.MULTILINE) is not None


def test_every_contract_holds(root: Path) -> None:
    """No room imports what its contracts forbid, and no module is without a place."""
    status, report = _lint(root)
    assert status == 0, report


def test_every_contract_has_its_violation(root: Path) -> None:
    """The list of violations above names each contract once."""
    assert set(VIOLATIONS) == set(_contracts(root))


@pytest.mark.parametrize("contract", VIOLATIONS)
def test_a_violation_is_seen(contract: str, root: Path, plain_copy: Copy) -> None:
    """One forbidden import, written into a copy of the code, breaks the contract that forbids it."""
    folder = plain_copy()
    path, line = VIOLATIONS[contract]
    with (folder / path).open("a", encoding="utf-8") as module:
        module.write(f"\n{line}\n")
    status, report = _lint(folder, contract)
    assert status == 1, report
    assert _is_broken(report, _contracts(root)[contract])


@pytest.mark.parametrize("contract", UNPLACED)
def test_a_module_without_a_place_is_seen(contract: str, root: Path, plain_copy: Copy) -> None:
    """A new module that no layer names breaks the layers of its package."""
    folder = plain_copy()
    (folder / UNPLACED[contract] / "somewhere.py").write_text('"""A module nobody gave a place."""\n', "utf-8")
    status, report = _lint(folder, contract)
    assert status == 1, report
    assert _is_broken(report, _contracts(root)[contract])
