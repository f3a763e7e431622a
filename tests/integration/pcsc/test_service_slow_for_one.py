"""A service that keeps one context waiting while it serves another: the program that asked goes on all the same.

Rules: the program under test reaches pcscd through a door of ours, which lets pass and holds back what the moment
needs, so that the readers' list arrives while another thread is being kept waiting. libpcsclite then holds its lock,
and whatever waits for it with Python's own lock in hand stops every thread.
"""

import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import IO

import pytest

from tests.pcscd_fixture import PATIENCE, Pcscd

pytestmark = pytest.mark.pcsc
SERVICE = "/run/pcscd/pcscd.comm"
LIST_BYTES = 1000
"""An answer this long is the service's table of readers; all others have a few bytes."""
BEATS = 100
PROGRAM = """
import sys, threading
from hardware import HardwareError
from hardware.pcsc import PcscSource

def say(line):
    sys.stdout.write(line + "\\n")
    sys.stdout.flush()

def ask():
    try:
        PcscSource(timeout=2.0).readers()
    except HardwareError as error:
        say(error.code)

def beat():
    while not ended.wait(0.01):
        say("beat")

ended = threading.Event()
beating = threading.Thread(target=beat)
beating.start()
for _ in range(2):
    threading.Thread(target=ask, daemon=True).start()
    sys.stdin.readline()
ended.set()
beating.join()
"""


class Door:
    """A socket before the service's. The first client's list waits for the second client, who never gets an answer."""

    def __init__(self, path: str) -> None:
        self.asked = threading.Event()
        self.second = threading.Event()
        self.answered = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen()
        self._held: list[socket.socket] = [self._listener]

    def open(self) -> None:
        """Serve both clients, in threads."""
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """End all connections."""
        for one in self._held:
            with one:
                one.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        client, _ = self._listener.accept()
        service = socket.socket(socket.AF_UNIX)
        service.connect(SERVICE)
        self._held += [client, service]
        threading.Thread(target=_pass_on, args=(client, service), daemon=True).start()
        threading.Thread(target=self._answer, args=(service, client), daemon=True).start()
        kept_waiting, _ = self._listener.accept()
        self._held.append(kept_waiting)
        kept_waiting.recv(1)
        self.second.set()

    def _answer(self, service: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := service.recv(65536):
                if len(data) >= LIST_BYTES:
                    self.asked.set()
                    self.second.wait(PATIENCE)
                client.sendall(data)
                if self.second.is_set():
                    self.answered.set()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)


@contextmanager
def _door() -> Iterator[tuple[Door, dict[str, str]]]:
    """An open door, and the environment in which libpcsclite goes through it."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "door"))
        door = Door(path)
        door.open()
        try:
            yield door, {**os.environ, "PCSCLITE_CSOCK_NAME": path}
        finally:
            door.close()


@contextmanager
def _program(environment: dict[str, str]) -> Iterator[tuple["subprocess.Popen[str]", "SimpleQueue[str]"]]:
    """The program, and what it says as it comes; it ends with its input."""
    lines: SimpleQueue[str] = SimpleQueue()
    pipe, command = subprocess.PIPE, [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment, bufsize=1) as program:
        assert program.stdout
        hearing = threading.Thread(target=_hear, args=(program.stdout, lines))
        hearing.start()
        try:
            yield program, lines
        finally:
            program.kill()
            hearing.join()


def _hear(said: IO[str], lines: "SimpleQueue[str]") -> None:
    for line in said:
        lines.put(line.strip())


def test_a_context_kept_waiting_stops_nobody_else(pcscd: Pcscd) -> None:
    """One thread waits for its context and another gets its list: none stands still, and the program can end."""
    with _door() as (door, environment), _program(environment) as (program, lines):
        assert program.stdin
        assert door.asked.wait(PATIENCE)
        program.stdin.write("the second\n")
        assert door.answered.wait(PATIENCE)
        heard = [lines.get() for _ in range(lines.qsize())]
        heard += [lines.get(timeout=PATIENCE) for _ in range(BEATS)]
        while heard.count("pcsc_unavailable") < 2:
            heard.append(lines.get(timeout=PATIENCE))
        program.stdin.close()
        assert program.wait(PATIENCE) == 0
