"""Running the conformance kit against an implementation that is up."""

import contextlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sync.receiver.cli import main

Kit = Callable[..., dict[str, Any]]


@pytest.fixture
def conformance(tmp_path: Path) -> Kit:
    """Run the kit with some letters; its report, which says the exit status too."""

    def run(url: str, letters: list[dict[str, Any]], *only: str) -> dict[str, Any]:
        arguments = ["conformance", url, "--json"]
        for number, letter in enumerate(letters):
            path = tmp_path / f"letter-{number}.json"
            path.write_text(json.dumps(letter), "utf-8")
            arguments += ["--letter", str(path)]
        for one in only:
            arguments += ["--only", one]
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            status = main(arguments)
        return {**json.loads(printed.getvalue()), "status": status}

    return run


def failed(report: dict[str, Any]) -> dict[str, str]:
    """What failed, and why, by rule."""
    return {rule["id"]: rule["reason"] for rule in report["rules"] if rule["outcome"] == "fail"}
