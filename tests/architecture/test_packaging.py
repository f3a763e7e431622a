"""The frame of the project: what stands at the top, what is pinned, what the distribution carries."""

import re
import subprocess
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

PACKAGES = ("hardware", "sync", "terminal")
DOCUMENTS = ("ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md")
PINNED = ("requirements-build.txt", "requirements.txt", "requirements-dev.txt")
_PIN = re.compile(r"^([a-z0-9-]+)==\S+( ; [^\\]+)? \\$")
_HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, Any]:
    """The content of pyproject.toml."""
    return tomllib.loads((root / "pyproject.toml").read_text("utf-8"))


def _pins(text: str) -> dict[str, int]:
    """Each pinned distribution with its number of hashes; AssertionError for a line of another form."""
    pins: dict[str, int] = {}
    name = ""
    for line in text.splitlines():
        if found := _PIN.match(line):
            name = found.group(1)
            pins[name] = 0
        elif _HASH.match(line):
            pins[name] += 1
        else:
            assert line.startswith("    #"), f"neither a pin nor a hash: {line}"
    return pins


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=~! ;\[]", requirement)[0].lower() for requirement in requirements}


def test_nothing_strays_at_the_top(project_files: tuple[Path, ...]) -> None:
    """The top level holds the five folders, the usual small files and dotfiles, nothing else."""
    top = {path.parts[0] for path in project_files}
    expected = {*PACKAGES, *DOCUMENTS, *PINNED, "Makefile", "pyproject.toml", "image", "tests"}
    assert {name for name in top - expected if not name.startswith(".")} == set()
    assert expected - top == set()


@pytest.mark.parametrize("name", PINNED)
def test_requirements_are_pinned_by_hash(root: Path, name: str) -> None:
    """Each requirement has one version and at least one hash."""
    pins = _pins((root / name).read_text("utf-8"))
    assert pins
    assert [name for name, hashes in pins.items() if hashes == 0] == []


def test_what_pyproject_asks_for_is_pinned(root: Path, project: dict[str, Any]) -> None:
    """Each dependency that pyproject.toml names is in the file that installs it."""
    build, run, everything = (set(_pins((root / name).read_text("utf-8"))) for name in PINNED)
    groups = project["dependency-groups"]
    assert _names(groups["build"]) | _names(project["build-system"]["requires"]) <= build
    assert _names(project["project"]["dependencies"]) <= run
    assert _names(groups["dev"]) | run <= everything


def test_each_command_leads_to_a_function(project: dict[str, Any]) -> None:
    """The console scripts and each provider of a device secret name something that can be called."""
    named = {**project["project"]["scripts"], **project["project"]["entry-points"]["comptoir.device_secret"]}
    assert {"comptoir", "comptoir-sync", "comptoir-insurer", "file"} <= set(named)
    for name, target in named.items():
        assert callable(EntryPoint(name, target, "any").load())


def test_the_version_has_an_entry_in_the_changelog(root: Path, project: dict[str, Any]) -> None:
    """CHANGELOG.md speaks of the version that pyproject.toml names."""
    assert f"## [{project['project']['version']}]" in (root / "CHANGELOG.md").read_text("utf-8")


def test_make_alone_lists_every_target(root: Path) -> None:
    """`make` without a word shows each target that a person may call."""
    done = subprocess.run(["make", "--no-print-directory"], cwd=root, check=True, capture_output=True, text=True)
    targets = "help setup demo test soak lines lint bench insurer data-repository mutants powercut pictures"
    targets += " image image-lock image-test image-figures image-replace-test image-update-test update-test lock clean"
    assert {line.split()[0] for line in done.stdout.splitlines()} == set(targets.split())


def test_the_distribution_carries_its_data(project_files: tuple[Path, ...], project: dict[str, Any]) -> None:
    """Every data file of the packages has an ending that setuptools is told to take along."""
    patterns = project["tool"]["setuptools"]["package-data"]["*"]
    taken = {pattern.removeprefix("**/") for pattern in patterns}
    data = [path for path in project_files if path.parts[0] in PACKAGES and path.suffix != ".py"]
    assert [str(path) for path in data if f"*{path.suffix}" not in taken and path.name not in taken] == []
