"""What a process really loads: a room that is not needed is not there to be attacked, nor to be waited for."""

import json
import subprocess
import sys

import pytest

_PROBE = "import importlib, json, sys; importlib.import_module(sys.argv[1]); print(json.dumps(sorted(sys.modules)))"

SCREEN_AND_CARD = {"textual", "smartcard", "terminal"}
CASES = {
    "sync.daemon": {*SCREEN_AND_CARD, "hardware", "sync.receiver"},
    "sync.contract": {*SCREEN_AND_CARD, "cryptography", "httpx", "sqlalchemy", "sqlcipher3"},
    "sync.receiver.app": {*SCREEN_AND_CARD, "hardware", "httpx", "sqlcipher3", "sync.queue", "sync.receiver.opener"},
    "hardware": {"smartcard", "terminal", "sync"},
    "hardware.emulator": {"smartcard", "terminal", "sync"},
    "terminal.domain": {"cryptography", "hardware", "httpx", "sqlalchemy", "sync", "textual"},
    "terminal.cli": {"textual", "smartcard", "httpx", "sqlcipher3", "uvicorn"},
}


@pytest.mark.parametrize("module", CASES)
def test_a_room_is_loaded_only_where_it_is_needed(module: str) -> None:
    """Importing a room loads none of the libraries and rooms that it must do without."""
    command = [sys.executable, "-W", "error", "-c", _PROBE, module]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert module in loaded
    assert loaded & CASES[module] == set()
