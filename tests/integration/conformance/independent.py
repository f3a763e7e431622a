"""The second receiver as a process: built, where it is, its letters, what it says, and what its opener reads."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import sync.contract

CONTRACT = Path(sync.contract.__file__).parent
PROGRAMS = Path(__file__).parents[2] / "independent"
AMC = "88888886"


@dataclass(frozen=True)
class Go:
    """Go's compiler, offline and with a cache of its own: nothing of the machine's user is read or left behind."""

    folder: Path

    def run(self, *words: str, **environment: str) -> str:
        """`go …` in the programs' folder; what it printed."""
        own = {
            "GOCACHE": str(self.folder / "cache"),
            "GOPATH": str(self.folder / "path"),
            "GOENV": "off",
            "GOPROXY": "off",
            "GOFLAGS": "-mod=readonly",
            "GOTOOLCHAIN": "local",
        }
        done = subprocess.run(
            ["go", *words],
            cwd=PROGRAMS,
            env={**os.environ, **own, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @cached_property
    def built(self) -> Path:
        """The folder of the two programs."""
        self.run("build", "-o", f"{self.folder / 'bin'}/", "./intake", "./opener")
        return self.folder / "bin"


class Independent:
    """An insurer in a folder: intake and opener, each with what it alone has."""

    def __init__(self, programs: Path, folder: Path, shop: str) -> None:
        self.folder = folder
        self.shop = shop
        self._programs = programs
        folder.mkdir()
        (folder / "sealing.json").write_text(self._run("opener", "keygen", str(folder / "opener.key")), "utf-8")
        told = ["--amc", AMC, "--sealing", str(folder / "sealing.json"), "--contract", str(CONTRACT)]
        self._run("intake", "init", str(folder / "intake"), "--endpoint", "https://127.0.0.1:0", *told)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The intake is up, until the block ends; then it is killed in the middle of whatever it does."""
        command = [str(self._programs / "intake"), "serve", str(self.folder / "intake")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            assert process.stdout is not None
            try:
                yield process.stdout.readline().split()[-1]
            finally:
                process.kill()

    def letter(self) -> dict[str, Any]:
        """One more letter with the directory's entry, as the kit reads it."""
        posted: dict[str, Any] = json.loads(
            self._run("intake", "invite", str(self.folder / "intake"), "--shop", self.shop)
        )
        return posted

    def invite(self, _shop: str = "") -> tuple[bytes, str, str]:
        """One more letter: the directory's entry, the invitation and the activation code."""
        posted = self.letter()
        letter = posted["letter"]
        return json.dumps(posted["directory"]).encode(), letter["invitation"], letter["activation_code"]

    def say(self, device: str, schema: str, record: dict[str, Any]) -> None:
        """An event for a terminal, signed and sealed to its shop."""
        text = json.dumps(record, sort_keys=True, separators=(",", ":"))
        self._run("intake", "say", str(self.folder / "intake"), device, schema, given=text)

    def claims(self) -> list[dict[str, Any]]:
        """Every stored claim as its opener reads it: its content, or the error."""
        store = self.folder / "intake" / "store.jsonl"
        said = self._run("opener", "open", str(self.folder / "opener.key"), str(store), str(CONTRACT))
        return [json.loads(line) for line in said.splitlines()]

    def _run(self, program: str, *words: str, given: str = "") -> str:
        command = [str(self._programs / program), *words]
        return subprocess.run(command, input=given, capture_output=True, check=True, text=True, timeout=60).stdout
