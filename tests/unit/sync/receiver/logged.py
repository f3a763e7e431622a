"""An intake with its log, opened as the service opens it."""

import json
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from sqlalchemy import URL
from starlette.applications import Starlette

from sync.contract.envelope import Package, decode, digest, encode
from sync.crypto.tlog import Checkpoint, NoteKey, Policy, Quorum, verify_proof
from sync.receiver.cosigners import Cosigners
from sync.receiver.db import Ledger
from sync.receiver.folder import IntakeMaterial
from sync.receiver.intake import Answer, Intake
from sync.receiver.log_files import LogFiles
from sync.receiver.log_folder import LogMaterial
from sync.receiver.publisher import Publisher
from tests.unit.sync.receiver.visitor import ORIGIN, Clock


@dataclass
class LoggedInsurer:
    """One insurer: its material once, its database and log folder of this test."""

    material: IntakeMaterial
    log: LogMaterial
    folder: Path
    database: URL
    clock: Clock

    @property
    def files(self) -> LogFiles:
        """The published files."""
        return LogFiles(self.folder / "log")

    @contextmanager
    def open(self, cosigners: Cosigners | None = None) -> Iterator[Intake]:
        """The intake of a process that starts now, on what the former one left."""
        ledger = Ledger(self.database)
        try:
            publisher = Publisher(self.files, ledger, self.log.signer, cosigners or Cosigners(), self.clock)
            yield Intake(ledger, self.material, ORIGIN, self.clock, publisher)
        finally:
            ledger.close()

    def policy(self, *witnesses: NoteKey) -> Policy:
        """The log's key, and all of these witnesses."""
        return Policy(self.log.signer.public, (Quorum(witnesses, len(witnesses)),))

    def verified(self, package: bytes, answer: Answer, *witnesses: NoteKey) -> Checkpoint:
        """The checkpoint that the proof in an answer shows to hold this package's envelope."""
        return verify_proof(entry_of(package), json.loads(answer.body)["proof"], self.policy(*witnesses))


def entry_of(package: bytes) -> bytes:
    """The log entry of a package."""
    return bytes.fromhex(digest(encode(decode(package, Package).envelope)))


async def request(app: Starlette, method: str, path: str, body: bytes = b"") -> tuple[int, str, bytes]:
    """Status, content type and body of what an application answers to a caller without a certificate."""
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [],
        "server": ("insurer.example", 443),
        "client": ("127.0.0.1", 1),
        "extensions": {},
    }
    await app(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers.get("content-type", ""), b"".join(part.get("body", b"") for part in sent[1:])
