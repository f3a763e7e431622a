"""What a process really loads: a room that is not needed is not there to be attacked, nor to be waited for."""

import json
import subprocess
import sys

import pytest

_PROBE = "import importlib, json, sys; importlib.import_module(sys.argv[1]); print(json.dumps(sorted(sys.modules)))"
_BEFORE_THE_FIRST_SCREEN = """
import importlib, json, sys
before = set(sys.modules)
for name in sys.argv[1:]:
    importlib.import_module(name)
loaded = {name.partition(".")[0] for name in set(sys.modules) - before} - sys.stdlib_module_names
ours = {"terminal", "sync", "hardware"}
print(json.dumps(sorted(name for name in loaded - ours if not name.startswith("_sysconfigdata"))))
"""

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
SCREENS_STAND_ON = {"textual", "rich", "platformdirs", "typing_extensions"}
"""Textual, and what it loads itself."""


@pytest.mark.parametrize("module", CASES)
def test_a_room_is_loaded_only_where_it_is_needed(module: str) -> None:
    """Importing a room loads none of the libraries and rooms that it must do without."""
    command = [sys.executable, "-W", "error", "-c", _PROBE, module]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert module in loaded
    assert loaded & CASES[module] == set()


def test_nothing_but_textual_is_loaded_before_the_first_screen() -> None:
    """What the command loads until the locked screen can be drawn: the standard library, our own rooms, Textual."""
    modules = ("terminal.cli.screens", "terminal.tui.app")
    command = [sys.executable, "-W", "error", "-c", _BEFORE_THE_FIRST_SCREEN, *modules]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    foreign = set(json.loads(done.stdout))
    assert "textual" in foreign
    assert foreign <= SCREENS_STAND_ON
