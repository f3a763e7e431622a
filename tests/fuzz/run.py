"""Fuzz one target for some seconds: `python -m tests.fuzz.run TARGET SECONDS [FOLDER]`, guided by coverage.

Rules: needs atheris, which the tests do not (exit status 3 without it). Inputs that reach new code are kept in FOLDER;
`python -m tests.fuzz.run keep FOLDER` adds the shortest of them to `corpus.json`, which the tests replay.
"""

import importlib
import json
import sys
import tempfile
from pathlib import Path

CORPUS = Path(__file__).with_name("corpus.json")
KEPT = 40
LONGEST = 400
"""How many inputs a target keeps, and of how many bytes at most: the page stays one that a person can open."""


def main() -> None:
    """Fuzz, or keep what fuzzing found."""
    first, second, *rest = sys.argv[1:]
    if first == "keep":
        keep(Path(second))
    else:
        fuzz(first, second, Path(rest[0] if rest else tempfile.mkdtemp()) / first)


def fuzz(name: str, seconds: str, folder: Path) -> None:
    """Feed the target from the inputs in `folder`, and keep there what reaches new code. Does not return."""
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        sys.stderr.write("tests.fuzz: atheris is not installed; install it beside the project to fuzz\n")
        sys.exit(3)
    with atheris.instrument_imports(include=["hardware", "tests.fuzz"]):
        targets = importlib.import_module("tests.fuzz.targets")
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(targets.seeds()[name]):
        (folder / f"seed-{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=4096", str(folder)], targets.TARGETS[name])
    atheris.Fuzz()


def keep(folder: Path) -> None:
    """Write the shortest inputs of each target found in `folder` into the corpus, beside those already there."""
    kept = json.loads(CORPUS.read_text("ascii")) if CORPUS.exists() else {}
    for target in sorted(path for path in folder.iterdir() if path.is_dir()):
        found = {path.read_bytes().hex() for path in target.iterdir() if path.stat().st_size <= LONGEST}
        shortest = sorted(found - set(kept.get(target.name, [])), key=lambda text: (len(text), text))
        kept[target.name] = (kept.get(target.name, []) + shortest)[:KEPT]
    CORPUS.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", "ascii")


if __name__ == "__main__":
    main()
