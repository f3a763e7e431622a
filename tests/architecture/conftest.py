"""What the architecture tests look at: the project's own files, without what tools leave behind."""

import fnmatch
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _left_behind() -> tuple[str, ...]:
    lines = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    return (".git", *(line.rstrip("/") for line in lines if line and not line.startswith("#")))


def _walk(folder: Path, ignored: tuple[str, ...]) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if any(fnmatch.fnmatch(path.name, pattern) for pattern in ignored):
            continue
        if path.is_dir():
            yield from _walk(path, ignored)
        else:
            yield path


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def project_files() -> tuple[Path, ...]:
    """Every file of the project, as paths relative to its folder; `.gitignore` names what is left out."""
    return tuple(path.relative_to(ROOT) for path in _walk(ROOT, _left_behind()))


@pytest.fixture(scope="session")
def texts(project_files: tuple[Path, ...]) -> dict[Path, str]:
    """The files that are text, with their content."""
    found = {}
    for path in project_files:
        data = (ROOT / path).read_bytes()
        if b"\0" not in data:
            found[path] = data.decode("utf-8")
    return found


@pytest.fixture(scope="session")
def code(texts: dict[Path, str]) -> dict[Path, str]:
    """The Python files with their source."""
    return {path: text for path, text in texts.items() if path.suffix == ".py"}


@pytest.fixture
def plain_copy(tmp_path: Path) -> Callable[[], Path]:
    """A function that copies the three packages and the import contracts to a throw-away folder and names it."""

    def copy() -> Path:
        rooms = [path for room in ("hardware", "sync", "terminal") for path in _walk(ROOT / room, _left_behind())]
        for path in (*rooms, ROOT / ".importlinter"):
            target = tmp_path / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
        return tmp_path

    return copy
