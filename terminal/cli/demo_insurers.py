"""The demonstration's insurers: real processes, one per code level, the individual LPP code first.

Rules: each has its own keys, database and port on this machine; it is spoken to by its command line and by HTTPS
only, as a technician and a terminal would.
"""

import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from terminal.cli.demo_service import ServiceFailed

PATIENCE: Final = 30.0
KINDS: Final = (
    ("99000001", "Santé Démo", "DEMO-L", "lpp"),
    ("99000002", "Essai Prévoyance", "DEMO-G", "regroupement"),
)

TERMS: Final = {
    "contracts": [
        {
            "id": "confort",
            "label": "Confort",
            "kind": "responsable",
            "real_cost": False,
            "grid": {"frame": 8000, "lens": {"simple": 8000, "complexe": 13000, "tres_complexe": 16000}},
        },
        {"id": "base", "label": "Base", "kind": "ticket_moderateur", "real_cost": False},
    ],
    "offline_ceiling": 40_000,
}


@dataclass
class DemoInsurer:
    """One insurer on this machine; `port` is chosen at its first start and kept.

    `endpoint_port`: where terminals reach it, when that is another port (a relay).
    """

    folder: Path
    amc: str
    port: int = 0
    endpoint_port: int = 0
    process: "subprocess.Popen[str] | None" = field(default=None, repr=False)

    def start(self) -> None:
        """Start its intake and return when it listens."""
        ready = self.folder.with_suffix(".ready")
        ready.unlink(missing_ok=True)
        command = [
            *_program(),
            "serve",
            "--dir",
            str(self.folder),
            "--port",
            str(self.port),
            "--ready-file",
            str(ready),
        ]
        log = self.folder.with_suffix(".log").open("a", encoding="utf-8")
        with log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, text=True)
        self.port = _port_in(ready, self.process)

    def stop(self) -> None:
        """Stop its intake, if it runs."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(PATIENCE)
            self.process = None

    def invite(self, shop: str) -> tuple[bytes, str, str]:
        """The directory entry, the invitation and the activation code for a shop."""
        endpoint = f"https://127.0.0.1:{self.endpoint_port or self.port}"
        answer = self.ask("invite", "--shop", shop, "--endpoint", endpoint)
        letter = answer["letter"]
        return json.dumps(answer["directory"]).encode(), letter["invitation"], letter["activation_code"]

    def claims(self) -> list[dict[str, Any]]:
        """What its opener reads."""
        found: list[dict[str, Any]] = self.ask("claims")["claims"]
        return found

    def ask(self, command: str, *arguments: str) -> dict[str, Any]:
        """One command of its command line, as JSON."""
        line = [*_program(), command, "--dir", str(self.folder), *arguments, "--json"]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ServiceFailed(done.stderr.strip(), command=command, status=done.returncode)
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer


def demo_insurers(folder: Path, made_as: type[DemoInsurer] = DemoInsurer) -> tuple[DemoInsurer, ...]:
    """Create and start one insurer of each code level below `folder`."""
    made = tuple(create_insurer(folder, kind, made_as=made_as) for kind in KINDS)
    for insurer in made:
        insurer.start()
    return made


def create_insurer(
    folder: Path, kind: tuple[str, str, str, str], endpoint_port: int = 0, made_as: type[DemoInsurer] = DemoInsurer
) -> DemoInsurer:
    """Make an insurer of `kind` (AMC number, name, convention, code level) below `folder`; it does not serve yet."""
    amc, name, convention, level = kind
    insurer = made_as(folder / f"insurer-{amc}", amc, endpoint_port=endpoint_port)
    terms = folder / f"terms-{amc}.json"
    terms.write_text(json.dumps(TERMS), encoding="utf-8")
    endpoint = f"https://127.0.0.1:{endpoint_port}"
    insurer.ask(
        "init", "--amc", amc, "--name", name, "--convention", convention, "--endpoint", endpoint,
        "--code-level", level, "--hosting", "Cette machine", "--terms", str(terms),
    )  # fmt: skip
    return insurer


def _program() -> list[str]:
    return [sys.executable, "-m", "sync.receiver.cli"]


def _port_in(ready: Path, process: "subprocess.Popen[str]") -> int:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        if ready.exists() and (said := ready.read_text(encoding="utf-8").strip()):
            return int(json.loads(said)["port"])
        time.sleep(0.02)
    raise ServiceFailed("the demonstration's insurer does not start", command="serve", status=process.poll() or 0)
