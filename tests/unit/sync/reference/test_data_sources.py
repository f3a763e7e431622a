"""Where reference data come from: a USB folder, and an address, with all that such places can do."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sync.client import HttpRepository
from sync.reference import FolderSource, Reference
from sync.reference.refusals import DataCut, DataIncomplete, DataRefused, DataSlow, DataUnreachable
from sync.reference.sources import FileMissing
from sync.reference.updating import update
from tests.data_repository.repository import Repository

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.fixture
def repository() -> Repository:
    """A repository with one file."""
    return Repository(NOW).publish({"lpp/base.csv": b"tariffs" * 100_000})


@pytest.fixture
def reference(tmp_path: Path, repository: Repository) -> Reference:
    """A terminal that trusts it."""
    made = Reference(tmp_path / "home")
    made.put_root(repository.first_root, None)
    return made


@pytest.fixture
def stick(tmp_path: Path, repository: Repository) -> Path:
    """A copy of the repository in a folder."""
    for path, content in repository.files.items():
        place = tmp_path / "stick" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return tmp_path / "stick"


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """A server on this machine; its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/donnees"
        finally:
            server.shutdown()
            thread.join()


def quiet(folder: Path) -> type[BaseHTTPRequestHandler]:
    """Serves a folder under /donnees, and says nothing."""

    class Handler(SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            return str(folder / path.removeprefix("/donnees/"))

        def log_message(self, *_: object) -> None:
            """Nothing."""

    return Handler


def answering(status: int, fields: dict[str, str], body: bytes) -> type[BaseHTTPRequestHandler]:
    """Answers everything with this."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in fields.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    return Handler


def test_a_stick_and_an_address_bring_the_same(reference: Reference, stick: Path, tmp_path: Path) -> None:
    """The same set comes from a folder and over HTTP, each saying where it came from."""
    from_stick = update(reference, FolderSource(stick), NOW)
    other = Reference(tmp_path / "other")
    other.put_root(reference.root(), None)
    with served(quiet(stick)) as address:
        from_line = update(other, HttpRepository(address), NOW)
        assert from_line.source == address
    assert from_stick.source == str(stick)
    assert from_line.files == from_stick.files


def test_a_stick_that_is_not_there_is_said(reference: Reference, tmp_path: Path) -> None:
    """No folder is a missing environment, not a defect of the data."""
    with pytest.raises(DataUnreachable) as refused:
        update(reference, FolderSource(tmp_path / "nothing"), NOW)
    assert refused.value.environment


def test_an_empty_stick_is_no_repository(reference: Reference, tmp_path: Path) -> None:
    """A folder without a timestamp is told by the file that is missing."""
    with pytest.raises(DataIncomplete) as refused:
        update(reference, FolderSource(tmp_path), NOW)
    assert refused.value.facts == {"file": "metadata/timestamp.json"}


@pytest.mark.parametrize("cut", [0, 1, 1000, -1])
def test_a_stick_pulled_out_too_early_is_refused(cut: int, reference: Reference, stick: Path) -> None:
    """A copied file that ends at any place before its end is a cut copy, and nothing is kept of it."""
    (path,) = (stick / "targets" / "lpp").iterdir()
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DataCut):
        update(reference, FolderSource(stick), NOW)
    assert reference.current() is None


def test_only_plain_files_of_the_stick_are_read(tmp_path: Path) -> None:
    """A link out of the folder, a pipe that would wait for ever and a folder are no files."""
    (tmp_path / "secret").write_bytes(b"secret")
    stick = tmp_path / "stick"
    stick.mkdir()
    (stick / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(stick / "pipe")
    (stick / "folder").mkdir()
    source = FolderSource(stick)
    for name in ("pipe", "folder", "absent"):
        with pytest.raises(FileMissing):
            list(source.stream(name))
    with pytest.raises(DataUnreachable):
        list(source.stream("link"))


@pytest.mark.parametrize(
    ("status", "fields", "body"),
    [
        (302, {"location": "http://127.0.0.1:1/elsewhere"}, b""),
        (500, {}, b"{}"),
        (200, {"content-length": "100"}, b"short"),
        (200, {"transfer-encoding": "chunked"}, b"zz\r\n"),
    ],
)
def test_an_answer_without_the_file_is_unreachable(status: int, fields: dict[str, str], body: bytes) -> None:
    """Redirects, failures and broken answers give no file; no other address is asked."""
    with served(answering(status, fields, body)) as address, pytest.raises(DataRefused) as refused:
        list(HttpRepository(address).stream("metadata/timestamp.json"))
    assert refused.value.code == "data_unreachable"


def test_nobody_at_the_address_is_unreachable() -> None:
    """A port where nobody listens is said."""
    with pytest.raises(DataUnreachable):
        list(HttpRepository("http://127.0.0.1:1").stream("metadata/timestamp.json"))


def test_a_file_that_would_never_end_is_left(stick: Path) -> None:
    """Slower than any line of a shop: the clock of the source decides, and the file is named."""
    seconds = iter(range(0, 100_000, 100))
    (path,) = (stick / "targets" / "lpp").iterdir()
    name = str(path.relative_to(stick))
    with served(quiet(stick)) as address, pytest.raises(DataSlow) as refused:
        list(HttpRepository(address, lambda: float(next(seconds))).stream(name))
    assert refused.value.facts == {"file": name}


def test_a_service_that_ends_stops_fetching(stick: Path) -> None:
    """Between two parts the caller is asked whether to go on."""
    with served(quiet(stick)) as address, pytest.raises(DataUnreachable):
        list(HttpRepository(address, go_on=lambda: False).stream("metadata/timestamp.json"))
