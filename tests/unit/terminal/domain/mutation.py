"""Mutation testing of `terminal/domain`: `python -m tests.unit.terminal.domain.mutation [MODULE…]`.

Rules: mutmut works on a copy in a temporary folder, so nothing is left in the project. Every mutant meets the tests
that take little time; those that survive meet the searches for laws and the whole grid of corrections, but not the
sweeps, which look for the same laws again. A survivor must stand in mutants.md with the reason why no test can or
should see it; more than 5 % survivors, or one that is not explained, is a failure (status 1).
"""

import ast
import difflib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
LIST = Path(__file__).with_name("mutants.md")
COPIED = ("terminal", "hardware", "sync", "tests", "pyproject.toml")
MOST_PERCENT = 5
SURVIVED = (0, 5, 33)
"""What mutmut records of a mutant that no test failed on, and of one that no test of the choice reached."""
_CHOICE = re.compile(r'"-k", "[^"]*"')
_SLOW = '"-k", "laws or exactly_one_code_for_every"'
_NUMBER = re.compile(r"__mutmut_\d+$")
Survivor = tuple[str, str, str]
"""Where (module and function), the line as it is, the line as the mutant has it."""


def main(modules: Sequence[str]) -> int:
    """Run, print what survived, and say whether that is explained."""
    with tempfile.TemporaryDirectory(prefix="comptoir-mutants-") as name:
        copy = Path(name)
        for part in COPIED:
            _copy(ROOT / part, copy / part)
        _mutmut(copy, [f"terminal.domain.{module}.*" for module in modules])
        quick, judged = _surviving(copy), _judged(copy)
        settings = copy / "pyproject.toml"
        settings.write_text(_CHOICE.sub(_SLOW, settings.read_text(encoding="utf-8")), encoding="utf-8")
        if quick:
            _mutmut(copy, quick)
        return _verdict(sorted(_survivors(copy, set(quick))), judged)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def _mutmut(copy: Path, names: Sequence[str]) -> None:
    subprocess.run(
        [sys.executable, "-m", "mutmut", "run", "--max-children", "1", *names],
        cwd=copy,
        check=False,
        stdout=subprocess.DEVNULL,
    )


def _results(copy: Path) -> Iterator[tuple[Path, str, int]]:
    """The mutated file, the name and the result of each mutant that was judged."""
    for meta in sorted((copy / "mutants" / "terminal" / "domain").glob("*.meta")):
        for name, result in json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"].items():
            if result is not None:
                yield meta.with_suffix(""), name, result


def _judged(copy: Path) -> int:
    return sum(1 for _ in _results(copy))


def _surviving(copy: Path) -> list[str]:
    return [name for _, name, result in _results(copy) if result in SURVIVED]


def _survivors(copy: Path, quick: set[str]) -> Iterator[Survivor]:
    for path, name, result in _results(copy):
        if name in quick and result in SURVIVED:
            function = name.rpartition(".")[2]
            bodies = _functions(path)
            original = bodies[_NUMBER.sub("__mutmut_orig", function)]
            yield (f"{path.stem}.{_plain(function)}", *_changed(original, bodies[function]))


def _functions(path: Path) -> dict[str, list[str]]:
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    nodes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef))
    return {node.name: lines[node.lineno : node.end_lineno] for node in nodes}


def _plain(function: str) -> str:
    """The name of the function without what mutmut put around it."""
    return _NUMBER.sub("", function).removeprefix("x_").replace("xǁ", "").replace("ǁ", ".")


def _changed(original: list[str], mutant: list[str]) -> tuple[str, str]:
    found = [line for line in difflib.ndiff(original, mutant) if line[:2] in ("- ", "+ ")]
    sides = ("".join(line[2:].strip() + " " for line in found if line[0] == sign).strip() for sign in "-+")
    return next(sides), next(sides)


def _verdict(survivors: Sequence[Survivor], judged: int) -> int:
    explained = LIST.read_text(encoding="utf-8")
    for where, before, after in survivors:
        known = "explained" if f"`{where}`" in explained and f"`{after}`" in explained else "NOT EXPLAINED"
        sys.stdout.write(f"{known}: `{where}`\n  - `{before}`\n  + `{after}`\n")
    unknown = [one for one in survivors if f"`{one[0]}`" not in explained or f"`{one[2]}`" not in explained]
    percent = 100 * len(survivors) / max(1, judged)
    sys.stdout.write(f"{judged} mutants, {len(survivors)} survive ({percent:.2f} %), {len(unknown)} not explained\n")
    return 1 if unknown or percent > MOST_PERCENT else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
