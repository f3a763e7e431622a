"""A planted person is served, and then searched for in everything the terminal and the intake keep, send or drop.

Rules: the needles are looked for in ASCII/UTF-8, UTF-16 and base64 (every alignment, both alphabets); the search
itself is shown to find them where they must be, in the card and at the opener, so that an empty result means
something.
"""

import base64
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from hardware.emulator import Profile, parse_profile
from sync.queue import Counterfoil, Frame
from terminal.bootstrap import enrol_with
from terminal.cli.demo_insurers import KINDS, DemoInsurer, create_insurer
from terminal.domain.notation import WrittenEye
from terminal.domain.prescription import Correction
from terminal.workflow.types import DraftLine
from tests.shop_fixture import PIN, SHOP, NearInsurer, OpenShop, Shop
from tests.tui.terminal_emulator import Screen

SURNAME, GIVEN_NAME, NIR = "ZYXPLANTAGENET", "QWERTINE", "284057599998742"
SPHERE, CYLINDER = ("-1175", "-11.75", "-11,75"), ("-0575", "-5.75 ", "-5,75 ")
NEEDLES = (SURNAME, GIVEN_NAME, NIR, NIR[:13], *SPHERE, *CYLINDER)


def forms(needle: str) -> set[bytes]:
    """The byte strings under which `needle` could lie about."""
    plain = {needle.encode("utf-8"), needle.encode("utf-16-le"), needle.encode("utf-16-be")}
    return plain | {form for text in plain for form in _base64_forms(text)}


def _base64_forms(text: bytes) -> Iterator[bytes]:
    """What of `text` stands unchanged in base64, whatever comes before and after it."""
    for before in range(3):
        kept = base64.b64encode(bytes(before) + text)[-(-before * 4 // 3) : (before + len(text)) * 4 // 3]
        yield kept
        yield kept.translate(bytes.maketrans(b"+/", b"-_"))


def hits(blob: bytes, needles: Iterable[str] = NEEDLES) -> list[str]:
    """The needles that `blob` holds in any form."""
    return [needle for needle in needles if any(form in blob for form in forms(needle))]


def everything(folder: Path) -> bytes:
    """The names and contents of all files below a folder, a counterfoil's also as it is before it is deflated."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    kept = [frame.body for path in files if path.name == "counterfoil.log" for frame in frames_of(path)]
    return b"\n".join([*(str(path).encode() + b"\n" + path.read_bytes() for path in files), *kept])


def frames_of(counterfoil: Path) -> list[Frame]:
    """All that a counterfoil keeps."""
    opened = Counterfoil.open(counterfoil)
    try:
        return list(opened.frames())
    finally:
        opened.close()


def planted() -> Profile:
    """The card of the planted person."""
    key = f"{97 - int(NIR[:13]) % 97:02d}"
    holder = {"surname": SURNAME, "given_name": GIVEN_NAME, "birth_date": "19840523", "nir": NIR[:13] + key}
    card = {"schema": "comptoir/card-profile/v1", "name": "planted", "about": "a planted person", "country": "FR"}
    return parse_profile(json.dumps({**card, "file_size": 128, "holders": [holder]}))


class Relay:
    """A local TCP relay that keeps every byte it carries, in both directions."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self._door = socket.create_server(("127.0.0.1", 0))
        self._lines: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.port: int = self._door.getsockname()[1]

    def open(self, port: int) -> None:
        """Carry callers to `port` until closed."""
        self._start(self._welcome, port)

    def close(self) -> None:
        """End every line and wait for its bytes."""
        for line in (self._door, *self._lines):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for line in (self._door, *self._lines):
            line.close()

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _welcome(self, port: int) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._door.accept()
                callee = socket.create_connection(("127.0.0.1", port))
                self._lines += caller, callee
                self._start(self._carry, caller, callee)
                self._start(self._carry, callee, caller)

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(65536):
                self.heard.extend(piece)
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)


@contextmanager
def recorded_insurer(folder: Path) -> Iterator[tuple[DemoInsurer, bytearray]]:
    """An insurer whose only way in is a relay, and every byte that the relay carries."""
    relay = Relay()
    try:
        insurer = create_insurer(folder, KINDS[0], endpoint_port=relay.port, made_as=NearInsurer)
        insurer.start()
        relay.open(insurer.port)
        try:
            yield insurer, relay.heard
        finally:
            insurer.stop()
    finally:
        relay.close()


def serve_planted(shop: Shop) -> str:
    """Read the planted card, choose the lenses by the planted correction, register; the claim id."""
    shop.cards.insert(planted())
    person = shop.counter.read_card(shop.cards.readers()[0])[0]
    written = WrittenEye(Correction(int(SPHERE[0]), int(CYLINDER[0])))
    lens = shop.counter.lens_choice("unifocal", "B", written)
    lenses = tuple(DraftLine("lens", eye, str(lens.item.code), 11_000) for eye in ("right", "left"))
    draft = replace(shop.draft(person), lines=(DraftLine("frame", None, "2264861", 12_000), *lenses))
    return shop.counter.submit(draft).claim_id


def test_the_search_finds_what_is_there() -> None:
    """Every needle is found in every form it may take, and none in random bytes."""
    for needle in NEEDLES:
        for text in (needle.encode(), needle.encode("utf-16-le")):
            for before in range(3):
                assert hits(base64.b64encode(bytes(before) + text + b"tail"), [needle]) == [needle]
                assert hits(base64.urlsafe_b64encode(bytes(before) + text), [needle]) == [needle]
            assert hits(b"x" + text, [needle]) == [needle]
    assert hits(os.urandom(1_000_000), [SURNAME, NIR]) == []


def test_nothing_kept_sent_or_dumped_tells_the_person(open_shop: OpenShop, tmp_path: Path) -> None:
    """Home, counterfoil, logs, core dump of the service, wire, the intake's files: 0 hits; the opener alone reads."""
    with recorded_insurer(tmp_path) as (insurer, heard):
        shop = open_shop(with_insurers=())
        enrol_with(shop.desk, *insurer.invite(SHOP))
        claim_id = serve_planted(shop)
        core, log = dump_of_service(shop, claim_id, tmp_path)
        assert hits(bytes(heard)) == []
        read = next(claim for claim in insurer.claims() if claim["claim_id"] == claim_id)
    assert claim_id.encode() in core, "the dump must be of the process that sent the claim"
    assert len(heard) > 10_000, "the claim must have gone over the recorded line"
    assert hits(core) == []
    assert hits(log) == []
    assert hits(everything(shop.home)) == []
    assert hits(everything(insurer.folder / "intake")) == []
    assert read["message"]["beneficiary"]["birth_date"] == "1984-05-23"
    assert hits(str(read).encode()) == [], "this insurer's profile asks for neither name nor NIR"


def dump_of_service(shop: Shop, claim_id: str, folder: Path) -> tuple[bytes, bytes]:
    """Run the real service until the claim is acknowledged; its core dump, made from outside, and its log."""
    gcore = shutil.which("gcore")
    if gcore is None:
        pytest.fail("gcore is not installed (Debian package gdb; `make setup` installs it)", pytrace=False)
    command = [sys.executable, "-m", "sync.daemon", "--home", str(shop.home)]
    with (folder / "service.log").open("wb") as log:
        service = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        waiting = threading.Event()
        for _ in range(600):
            if shop.desk.home.outbox.get(claim_id).state == "acknowledged":
                break
            waiting.wait(0.1)
        assert shop.desk.home.outbox.get(claim_id).state == "acknowledged"
        sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
        subprocess.run([*sudo, gcore, "-o", str(folder / "core"), str(service.pid)], capture_output=True, check=True)
        dumped = folder / f"core.{service.pid}"
        if sudo:
            subprocess.run([*sudo, "chmod", "a+r", str(dumped)], check=True)
        return dumped.read_bytes(), (folder / "service.log").read_bytes()
    finally:
        service.terminate()
        service.wait(30)


def test_a_correction_typed_on_the_screen_stays_nowhere(tmp_path: Path) -> None:
    """A whole claim typed in a real terminal, correction included: 0 hits in all it left, locked or not."""
    screen = Screen(tmp_path, "real")
    screen.wait_for("Poste verrouillé")
    screen.type(f"{PIN}\r")
    screen.wait_for("Assuré et bénéficiaire")
    screen.type("1211\r2-11,75\r-5,75\r-11,75\r-5,75\r120\r110\r")
    screen.wait_for("ESTIMÉE")
    assert "-11,75" in screen.text(), "the correction must have been on the screen"
    screen.type("\x1b[21~")
    screen.wait_for("DEMANDE")
    typed = ("VERDIERE", "284057599912324", "2840575999123", *SPHERE, *CYLINDER)
    assert hits(everything(tmp_path), typed) == []
    screen.signal(signal.SIGTERM)
    assert screen.end() == 0
    assert hits(everything(tmp_path), typed) == []


def test_a_crash_leaves_no_core_file(tmp_path: Path) -> None:
    """Where core files are allowed, a process that forbade dumps leaves none when a fault kills it; another does."""
    fault = f"import os; os.kill(os.getpid(), {int(signal.SIGSEGV)})"
    assert cores_of(f"from sync.memory import forbid_dumps; forbid_dumps(); {fault}", tmp_path) == (False, [])
    dumped, _ = cores_of(fault, tmp_path)
    if not dumped:
        pytest.skip(f"this machine dumps no core at all: {Path('/proc/sys/kernel/core_pattern').read_text().strip()}")


def cores_of(script: str, folder: Path) -> tuple[bool, list[Path]]:
    """Whether the kernel dumped the core of a Python script that a fault kills, and what it left in its folder."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    limit = lambda: resource.setrlimit(resource.RLIMIT_CORE, (most, most))  # noqa: E731
    process = subprocess.Popen([sys.executable, "-c", script], cwd=folder, preexec_fn=limit)  # noqa: PLW1509
    _, status = os.waitpid(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert os.WTERMSIG(status) == signal.SIGSEGV
    return os.WCOREDUMP(status), list(folder.iterdir())
