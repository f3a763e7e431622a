"""The service takes reference data by itself, over TLS; a counter that runs sees them, and no claim waits for them."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from sync.reference import Reference
from sync.reference.demo import demo_root
from sync.service_state import ServiceState, read_state
from terminal.cli import main
from terminal.domain.identifiers import LppCode
from terminal.i18n import sentences
from terminal.workflow.reference import data_age
from tests.data_repository.build import build
from tests.shop_fixture import Shop
from tests.tls_server import served_over_tls
from tests.unit.sync.reference.test_data_sources import quiet
from tests.vectors.lpp.codes import BASE, MAKER_LENS
from tests.vectors.lpp.nx import nx_file

LOOK_SECONDS, PATIENCE = 0.1, 60.0


@contextmanager
def service(home: Path, authority_file: Path) -> Iterator["subprocess.Popen[str]"]:
    """The service of a home, which believes this authority for addresses; it has to end when it is told to."""
    command = [sys.executable, "-W", "error", "-m", "sync.daemon", "--home", str(home)]
    environment = {**os.environ, "SSL_CERT_FILE": str(authority_file)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield process
        finally:
            process.terminate()
            assert process.stderr is not None
            process.stderr.read()
    assert process.returncode == 0


def logged(process: "subprocess.Popen[str]", *names: str) -> dict[str, Any]:
    """The next log line of one of these events; the test hangs, and is stopped, if none ever comes."""
    assert process.stderr is not None
    return next(found for line in process.stderr if (found := json.loads(line))["event"] in names)


def state_with(home: Path, fits: Callable[[ServiceState], bool]) -> ServiceState:
    """The service's state once it is so."""
    waited, pause = 0.0, threading.Event()
    while waited < PATIENCE:
        state = read_state(home)
        if state is not None and fits(state):
            return state
        pause.wait(LOOK_SECONDS)
        waited += LOOK_SECONDS
    raise AssertionError(state)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the web server shows."""
    return tmp_path / "depot"


@pytest.fixture
def authority_file(tmp_path: Path) -> Path:
    """Where the web server's authority stands."""
    return tmp_path / "depot.pem"


def test_a_set_comes_by_itself_and_counts_in_a_running_counter(
    shop: Shop, folder: Path, authority_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Taken at the start of the service; the open counter says that it waits, and after a yes prices by it."""
    build(folder, {"lpp/lpptot": nx_file(BASE)}, datetime.now(UTC))
    reference = Reference(shop.home)
    assert data_age(shop.desk) is None
    with served_over_tls(quiet(folder), authority_file) as address:
        reference.put_root(demo_root(), f"{address}/donnees")
        with service(shop.home, authority_file) as process:
            assert logged(process, "data_taken", "data_failed")["event"] == "data_taken"
            told = state_with(shop.home, lambda state: state.data_checked is not None)
    age = shop.counter.status().data
    assert (told.data_error, age and age.waiting, age and age.late) == (None, True, False)
    before = shop.desk.catalogue.digest
    assert main(["data", "accept", "--home", str(shop.home), "--json"]) == 0
    capsys.readouterr()
    assert shop.desk.catalogue.digest != before
    assert shop.desk.tariffs.on(shop.desk.today()).item(LppCode.parse(MAKER_LENS)).base == 5


def test_a_set_that_is_refused_is_a_code_in_the_state_and_changes_nothing(
    shop: Shop, folder: Path, authority_file: Path
) -> None:
    """Bytes that nobody signed: the last good set stays, its age is told, and the code has its French sentence."""
    build(folder, {"lpp/lpptot": nx_file(BASE)}, datetime.now(UTC))
    reference = Reference(shop.home)
    with served_over_tls(quiet(folder), authority_file) as address:
        reference.put_root(demo_root(), f"{address}/donnees")
        with service(shop.home, authority_file) as process:
            logged(process, "data_taken")
        held = reference.current()
        build(folder, {"lpp/lpptot": nx_file(BASE) + b" "}, datetime.now(UTC))
        for path in (folder / "targets" / "lpp").iterdir():
            path.write_bytes(path.read_bytes()[:-2] + b"!!")
        with service(shop.home, authority_file) as process:
            assert logged(process, "data_taken", "data_failed")["error"] == "data_altered"
            told = state_with(shop.home, lambda state: state.data_error is not None)
    assert (told.data_error, reference.current()) == ("data_altered", held)
    assert held is not None
    assert told.data_checked == held.checked_at.isoformat(timespec="seconds")
    assert "error.data_altered.what" in sentences()


def test_no_claim_waits_for_a_repository_that_says_nothing(shop: Shop, authority_file: Path) -> None:
    """The repository took the question and never answers: a claim leaves and is settled, and the service ends."""
    over, asked = threading.Event(), threading.Event()

    class Silent(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.set()
            over.wait()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with served_over_tls(Silent, authority_file) as address:
        Reference(shop.home).put_root(demo_root(), f"{address}/donnees")
        with service(shop.home, authority_file) as process:
            assert asked.wait(PATIENCE)
            claim_id = shop.counter.submit(shop.draft()).claim_id
            assert logged(process, "drained")["acknowledged"] == 1
            over.set()
    assert shop.desk.home.outbox.get(claim_id).state == "acknowledged"
