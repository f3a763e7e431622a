"""Real insurers (a process with uvicorn over TLS) and real terminals (a home with its encrypted store)."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self, TextIO

import msgspec

from hardware.keystore import open_file_secret
from sync.client import InsurerClient, Peers, TerminalKeys, enrol, enrolled_record
from sync.contract.activation import ActivationCode
from sync.contract.enrolment import DirectoryEntry
from sync.contract.envelope import KEYS_TYP, decode, digest
from sync.contract.keys import KeySet
from sync.contract.message import ClaimMessage
from sync.crypto import base64url
from sync.crypto.claims import seal_claim
from sync.crypto.sealing import OpeningKey, SealingKey
from sync.decision import Line
from sync.engine import DrainReport, Lines, drain
from sync.home import OpenHome, create_home
from sync.insurers import InsurerRecord
from sync.queue import Entry
from sync.trust import pinned_key
from tests.shop_fixture import run_command
from tests.unit.sync.receiver.visitor import SHOP, claim_message, new_claim_id

COMMAND = [sys.executable, "-W", "error", "-m", "sync.receiver.cli"]


@dataclass
class Insurer:
    """An insurer on disk and, while it is up, its process."""

    folder: Path
    amc: str
    log: TextIO
    port: int = 0
    pid: int = 0
    process: "subprocess.Popen[str] | None" = None
    wrapper: tuple[str, ...] = ()
    reached_at: str = ""

    @classmethod
    def make(cls, folder: Path, amc: str, code_level: str = "lpp", options: Sequence[str] = ()) -> Self:
        """A new insurer, not yet up, with more options for `init`; its log goes beside its folder."""
        about = ("--name", f"Mutuelle {amc}", "--convention", "OPTI", "--hosting", "ici", "--code-level", code_level)
        run_command("init", "--dir", str(folder), "--amc", amc, "--endpoint", "https://127.0.0.1:0", *about, *options)
        return cls(folder, amc, folder.with_suffix(".log").open("a", encoding="utf-8"))

    @property
    def endpoint(self) -> str:
        """Where it is reached, once it has been up."""
        return f"https://127.0.0.1:{self.port}"

    def start(self, *options: str) -> "Insurer":
        """Bring it up, on the port it had before; return when it accepts connections."""
        serve = [*self.wrapper, *COMMAND, "serve", "--dir", str(self.folder), "--port", str(self.port), *options]
        self.process = subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=self.log, text=True)
        assert self.process.stdout is not None
        ready = json.loads(self.process.stdout.readline())
        self.port, self.pid = ready["port"], ready["pid"]
        return self

    def stop(self, *, kill: bool = False) -> int:
        """Bring it down, gracefully or not; its exit status."""
        assert self.process is not None
        assert self.process.stdout is not None
        os.kill(self.pid, signal.SIGKILL if kill else signal.SIGTERM)
        status = self.process.wait(timeout=30)
        self.process.stdout.close()
        self.process = None
        return status

    def close(self) -> None:
        """Bring it down if it is up, and close its log."""
        if self.process is not None:
            self.stop()
        self.log.close()

    def invite(self, shop: str = SHOP) -> dict[str, Any]:
        """A letter and a directory entry, which leads through a relay where one is named."""
        endpoint = self.reached_at or self.endpoint
        return run_command("invite", "--dir", str(self.folder), "--shop", shop, "--endpoint", endpoint)

    def claims(self) -> list[dict[str, Any]]:
        """Every claim as the opener reads it; none may be unreadable."""
        found = run_command("claims", "--dir", str(self.folder), "--reveal")
        assert found["refused"] == []
        claims: list[dict[str, Any]] = found["claims"]
        return claims


@dataclass
class Terminal:
    """An open home, the key of its shop, and what it signed (digest of each claim's JWS by id).

    `confirmed` are the insurers that confirmed its chain since it was opened.
    """

    home: OpenHome
    shop: OpeningKey = field(default_factory=OpeningKey.generate)
    signed: dict[str, str] = field(default_factory=dict)
    confirmed: set[str] = field(default_factory=set)

    @classmethod
    def make(cls, folder: Path) -> "Terminal":
        """A terminal with a new home."""
        return cls(create_home(folder, open_file_secret))

    def enrol(self, insurer: Insurer) -> InsurerRecord:
        """Enrol by a letter, as the counter does."""
        invitation = insurer.invite()
        entry = msgspec.convert(invitation["directory"], DirectoryEntry)
        letter = invitation["letter"]
        keys = TerminalKeys(self.home.tls_key, self.home.signer, self.shop.public)
        answer = enrol(entry, letter["invitation"], ActivationCode.parse(letter["activation_code"]), keys)
        record = enrolled_record(entry, answer, now())
        self.home.insurers.add(record)
        return record

    def seal(self, amc: str, claim_id: str | None = None, **changed: Any) -> Entry:
        """A sealed claim for an insurer, some members changed, not yet in the queue."""
        message: ClaimMessage = msgspec.structs.replace(
            claim_message(claim_id or new_claim_id()), insurer=amc, **changed
        )
        sealed = seal_claim(message, self.home.signer, sealing_key(self.home.insurers.get(amc)))
        self.signed[message.claim_id] = digest(sealed.signed)
        return Entry(message.claim_id, amc, sealed.envelope, now(), now())

    def register(self, amc: str, count: int = 1, **changed: Any) -> list[str]:
        """Put claims into the queue, free to leave; their ids."""
        entries = [self.seal(amc, **changed) for _ in range(count)]
        for entry in entries:
            self.home.outbox.enqueue(entry)
        return [entry.claim_id for entry in entries]

    def package(self, claim_id: str) -> bytes:
        """The package of a queued claim, numbered by this."""
        row = self.home.outbox.get(claim_id)
        return self.home.outbox.dispatch(row.insurer, [claim_id], self.home.signer, now())[0]

    def client(self, amc: str) -> InsurerClient:
        """A connection to an insurer."""
        return InsurerClient(self.home.insurers.get(amc), self.home.tls_key, self.home.signer)

    def drain(self) -> DrainReport:
        """One pass over all insurers, with connections of its own; nobody is left alone for what went before."""
        return self._drain(now)

    def drain_later(self) -> DrainReport:
        """One pass as if an hour had passed since the last one."""
        return self._drain(lambda: now() + timedelta(hours=1))

    def _drain(self, clock: Callable[[], datetime]) -> DrainReport:
        lines = Lines({amc: Line(confirmed=True) for amc in self.confirmed})
        with Peers(self.home.insurers.get, self.home.tls_key, self.home.signer) as peers:
            report = drain(self.home.outbox, peers, clock, random.Random(1), lines=lines, logs=self.home.logs)
        self.confirmed = {amc for amc, line in lines.items() if line.confirmed}
        return report

    def states(self) -> list[str]:
        """The states of all claims, in the order of their registration."""
        return [row.state for row in self.home.outbox.rows()]


def sealing_key(record: InsurerRecord) -> SealingKey:
    """The insurer's sealing key in use, from its verified key set."""
    keys = decode(pinned_key(record.signing_jwk).verify(KEYS_TYP, record.keys_jws), KeySet)
    return SealingKey(keys.sealing[0].suite, base64url.to_bytes(keys.sealing[0].public))


def now() -> datetime:
    """The system's clock."""
    return datetime.now(UTC)
