"""What stays on the screen of a machine whose counter does not open."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from terminal.cli import stopped
from terminal.cli.finding import Finding
from terminal.i18n import text


def test_the_page_goes_at_once_when_somebody_presses_enter(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each fault with what to do, no line wider than the narrowest console, and how to go on."""
    reading, writing = os.pipe()
    os.write(writing, b"\n")
    with os.fdopen(reading) as keyboard, os.fdopen(writing, "wb"):
        monkeypatch.setattr(sys, "stdin", keyboard)
        rule = Finding("bp028_r12", "fail", "tcp_rfc1337=0")
        stopped.stay([rule, Finding("home", "fail", "so " * 60, text("cli.damaged_todo"))], 3600)
    shown = capsys.readouterr().out
    assert " ".join(text("cli.damaged_todo").split()[-3:]) in " ".join(shown.split())
    assert "rfc1337" not in shown
    assert shown.rstrip().endswith(text("cli.stopped_again"))
    assert max(len(line) for line in shown.splitlines()[1:]) <= 78


def test_only_what_fails_is_shown(tmp_path: Path) -> None:
    """`doctor --wait` on a machine without a terminal: no folder is a fault, the clock is none."""
    command = [sys.executable, "-m", "terminal.cli", "doctor", "--wait", "1", "--home", str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 1
    assert text("check.home") in done.stdout
    assert text("check.clock") not in done.stdout
