"""The program in a real pseudo-terminal: from its first words to the clean terminal it leaves."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from terminal.tui.app import CRASHED
from tests.tui.counter_program import PLANTED
from tests.tui.real_shop import PIN
from tests.tui.scenes import MARIE
from tests.tui.terminal_emulator import PATIENCE, PROGRAM, Screen

F10, F11, ESCAPE, ENTER = "\x1b[21~", "\x1b[23~", "\x1b", "\r"
LEFT_ALTERNATE, CURSOR_BACK, MOUSE_OFF = b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l"


def assert_clean(raw: bytes) -> None:
    """The normal screen, a cursor, no mouse, each after it was last taken."""
    for taken, given in ((b"\x1b[?1049h", LEFT_ALTERNATE), (b"\x1b[?25l", CURSOR_BACK), (b"\x1b[?1000h", MOUSE_OFF)):
        assert raw.rfind(given) > raw.rfind(taken) >= 0


def test_a_claim_is_registered_in_seven_keys(tmp_path: Path) -> None:
    """Start, code, the card's claim opens, `1211` Enter `1` F10 in one write; then F11 and two Escapes leave with 0."""
    screen = Screen(tmp_path, "real")
    screen.wait_for("Poste verrouillé")
    assert "Comptoir s'ouvre" in screen.raw[: screen.raw.index(b"\x1b[?1049h")].decode()
    screen.type(PIN + ENTER)
    screen.wait_for("Assuré et bénéficiaire")
    screen.type("1211" + ENTER + "1" + F10)
    screen.wait_for("ENREGISTRÉE")
    screen.type(F11)
    screen.wait_for("Poste verrouillé")
    screen.type(ESCAPE)
    screen.wait_for("appuyez encore")
    screen.type(ESCAPE)
    assert screen.end() == 0
    assert_clean(screen.raw)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_a_clean_terminal(tmp_path: Path, number: signal.Signals) -> None:
    """A service that is stopped, a line that hangs up."""
    screen = Screen(tmp_path, "real", size=(80, 24))
    screen.wait_for("Poste verrouillé")
    screen.signal(number)
    assert screen.end() == 0
    assert_clean(screen.raw)


def test_a_terminal_that_vanishes_ends_the_program(tmp_path: Path) -> None:
    """A window that is closed without a signal reaching the program: it does not stay behind."""
    ours, theirs = pty.openpty()
    command = [sys.executable, str(PROGRAM), str(tmp_path), "real"]
    program = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    shown = b""
    while b"Poste verrouill" not in shown:
        shown += os.read(ours, 65536)
    os.close(ours)
    assert program.wait(PATIENCE) is not None


def test_a_crash_names_nobody(tmp_path: Path) -> None:
    """A defect while a claim is drawn: a clean terminal, a French sentence, status 70, and no word of the person."""
    screen = Screen(tmp_path, "crash")
    screen.wait_for("Poste verrouillé")
    screen.type("12468" + ENTER)
    assert screen.end() == CRASHED
    assert_clean(screen.raw)
    said = screen.raw.decode("utf-8", "replace")
    assert "Rien n'est perdu" in said
    assert "AttributeError claim_rows.py:" in said
    assert [secret for secret in (PLANTED, MARIE.given_name, MARIE.nir.digits, "Traceback") if secret in said] == []
