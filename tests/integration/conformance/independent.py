"""The second receiver as a process: where it is, its letters, and what its opener reads."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sync.contract

SCHEMAS = Path(sync.contract.__file__).parent / "schemas"
PROGRAMS = Path(__file__).parents[2] / "independent"
AMC = "88888886"


@dataclass
class Independent:
    """It is up at `endpoint` and posted `letters`, each given away once."""

    folder: Path
    endpoint: str
    letters: list[dict[str, Any]] = field(repr=False)

    def invite(self, _shop: str = "") -> tuple[bytes, str, str]:
        """One more letter: the directory's entry, the invitation and the activation code."""
        posted = self.letters.pop()
        letter = posted["letter"]
        return json.dumps(posted["directory"]).encode(), letter["invitation"], letter["activation_code"]

    def claims(self) -> list[dict[str, Any]]:
        """Every stored claim as its opener reads it."""
        command = ["node", str(PROGRAMS / "opener.mjs"), str(self.folder), str(SCHEMAS)]
        said = subprocess.run(command, capture_output=True, check=True, text=True, timeout=60).stdout
        return [json.loads(line) for line in said.splitlines()]


@contextmanager
def independent_receiver(folder: Path, shop: str, letters: int) -> Iterator[Independent]:
    """The second receiver, up until the block ends."""
    folder.mkdir()
    command = ["node", str(PROGRAMS / "receiver.mjs"), str(folder), str(SCHEMAS), AMC, shop, str(letters)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            ready = json.loads(process.stdout.readline())
            yield Independent(folder, ready["endpoint"], ready["letters"])
        finally:
            process.terminate()
