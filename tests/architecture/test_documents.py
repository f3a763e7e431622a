"""What the documents say is so: links lead somewhere, promises name tests that exist, in their number."""

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from terminal.cli.parser import build_parser

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)[^)]*\)")
_PROMISE = re.compile(r"^\| (P\d) [^|]*\|[^|]*\| (?P<tests>[^|]+) \| (?P<cases>\d+) \|$", re.MULTILINE)
_PATH = re.compile(r"`(tests/[^`]+)`")
_COMMAND = re.compile(r"^\| `comptoir ([a-z-]+(?: [a-z]+)?)[^|]*\|", re.MULTILINE)


def _collected(root: Path, wanted: list[str]) -> list[str]:
    """The ids of all test cases under the files, folders and tests `wanted`."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *wanted]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return [line for line in done.stdout.splitlines() if line.startswith("tests/")]


def _cases(ids: list[str], path: str) -> int:
    return sum(one == path or one.startswith((f"{path}::", f"{path}[", f"{path.rstrip('/')}/")) for one in ids)


def _commands(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Every command of the grammar, as it is typed."""
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for name, inner in (pair for group in groups for pair in group.choices.items()):
        deeper = list(_commands(inner))
        yield from (f"{name} {last}" for last in deeper) if deeper else (name,)


def test_links_lead_somewhere(root: Path, texts: dict[Path, str]) -> None:
    """Each relative link or picture in a document names a file of the project."""
    pages = {path: text for path, text in texts.items() if path.suffix == ".md"}
    targets = [(path, link) for path, text in pages.items() for link in _LINK.findall(text) if ":" not in link]
    assert targets
    assert [(str(path), link) for path, link in targets if not (root / path.parent / link).exists()] == []


def test_promises_are_held_by_as_many_cases_as_they_say(root: Path, texts: dict[Path, str]) -> None:
    """The README's table counts, for each promise, the test cases that hold it."""
    promises = list(_PROMISE.finditer(texts[Path("README.md")]))
    assert [found.group(1) for found in promises] == [f"P{number}" for number in range(1, 9)]
    named = {found.group(1): _PATH.findall(found["tests"]) for found in promises}
    ids = _collected(root, sorted({path for paths in named.values() for path in paths}))
    counted = {promise: sum(_cases(ids, path) for path in paths) for promise, paths in named.items()}
    assert {found.group(1): int(found["cases"]) for found in promises} == counted
    assert all(_cases(ids, path) for paths in named.values() for path in paths)


def test_the_readme_lists_every_command(texts: dict[Path, str]) -> None:
    """The table of commands in the README is the command line, no more and no less."""
    assert sorted(_COMMAND.findall(texts[Path("README.md")])) == sorted(_commands(build_parser()))
