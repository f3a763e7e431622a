"""Witnesses as processes, an independent judge of logs, and the insurers they watch."""

import json
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.integration.sync.world import COMMAND, Insurer, Terminal
from tests.shop_fixture import run_command

JUDGE = Path(__file__).parents[2] / "vectors" / "tlog" / "check.go"
GO_SOURCES = Path("/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog")


@dataclass
class WitnessProcess:
    """A witness with its folder; its port stays the same once it was up."""

    folder: Path
    name: str
    port: int = 0
    process: "subprocess.Popen[str] | None" = None

    @property
    def vkey(self) -> str:
        """Its verifier key."""
        return str(run_command("witness", "--dir", str(self.folder), "--name", self.name, "--vkey")["vkey"])

    def start(self, log: str) -> "WitnessProcess":
        """Bring it up to follow the log with this key."""
        options = ("--dir", str(self.folder), "--name", self.name, "--log", log, "--port", str(self.port))
        with self.folder.with_suffix(".log").open("a", encoding="utf-8") as events:
            self.process = subprocess.Popen(
                [*COMMAND, "witness", *options], stdout=subprocess.PIPE, stderr=events, text=True
            )
        assert self.process.stdout is not None
        self.port = json.loads(self.process.stdout.readline())["port"]
        return self

    def stop(self, *, kill: bool = False) -> None:
        """Bring it down, gracefully or not."""
        if self.process is not None:
            assert self.process.stdout is not None
            os.kill(self.process.pid, signal.SIGKILL if kill else signal.SIGTERM)
            self.process.wait(timeout=30)
            self.process.stdout.close()
            self.process = None

    def events(self) -> list[dict[str, object]]:
        """What it wrote about itself."""
        return [json.loads(line) for line in self.folder.with_suffix(".log").read_text("utf-8").splitlines()]


def log_of(insurer: Insurer) -> dict[str, object]:
    """What `comptoir-insurer log --check` says: every file compared with the database."""
    return run_command("log", "--dir", str(insurer.folder), "--check")


def name_witnesses(insurer: Insurer, witnesses: list[WitnessProcess], quorum: int) -> None:
    """Let the insurer's profile state its witnesses; it reads them when it starts."""
    named = [part for one in witnesses for part in ("--witness", f"{one.vkey}=http://127.0.0.1:{one.port}")]
    run_command("log", "--dir", str(insurer.folder), "--quorum", str(quorum), *named)


def judged_independently(insurer: Insurer, terminal: Terminal, scratch: Path) -> dict[str, int]:
    """What the independent implementation counts in the insurer's folder and in all proofs the terminal kept."""
    cases = [
        {"entry": terminal.home.outbox.get(kept.claim_id).digest, "proof": kept.proof}
        for kept in terminal.home.logs.book.proofs()
        if kept.proof
    ]
    (scratch / "cases.json").write_text(json.dumps(cases), "utf-8")
    shown = log_of(insurer)
    witnesses = shown["witnesses"]
    assert isinstance(witnesses, list)
    vkeys = [str(shown["vkey"]), *(str(one["vkey"]) for one in witnesses)]
    arguments = ["go", "run", str(JUDGE), str(insurer.folder / "intake" / "log"), str(scratch / "cases.json"), *vkeys]
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": str(scratch / "go")}
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    counts: dict[str, int] = json.loads(done.stdout)
    return counts


def why_no_judge() -> str:
    """What is missing on this machine for the independent judge; empty when it can run."""
    if shutil.which("go") is None:
        return "Go is not installed (Debian: golang-go)"
    return "" if GO_SOURCES.is_dir() else "golang.org/x/mod is not installed (Debian: golang-golang-x-mod-dev)"
