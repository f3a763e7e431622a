"""A relay as a process between terminals and an insurer: honest, or one that lies as a test orders.

Rule: the liar is the relay of the project with its one act of passing on replaced; everything else is as an operator
would run it.
"""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import msgspec

from sync.contract.envelope import RECEIPT_TYP, Dispatch, Package, Receipt, decode, digest, encode
from sync.contract.exchange import RECEIPT_TYPE, ReceiptAnswer, join_batch, split_batch
from sync.crypto import base64url
from sync.crypto.httpsig import Request, sign_request
from sync.crypto.signing import SigningKey
from sync.errors import ContractError
from sync.receiver.bodies import unfold
from sync.receiver.refusal import Refusal
from sync.receiver.relay.folder import RelayMaterial
from sync.receiver.relay.routing import Carried
from sync.receiver.relay.service import Relay, run_relay
from sync.receiver.relay.upstream import Heard, Upstream
from tests.integration.sync.world import COMMAND, Insurer, now
from tests.shop_fixture import run_command

LIAR = [sys.executable, "-W", "error", "-m", "tests.integration.sync.between"]


@dataclass
class RelayProcess:
    """A relay on disk and, while it is up, its process; `orders` is read by a liar before each request."""

    folder: Path
    origin: str
    process: "subprocess.Popen[str] | None" = None
    orders: Path = field(default_factory=Path)

    @property
    def log(self) -> Path:
        """Where its log goes."""
        return self.folder.with_suffix(".log")

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self.process is not None
        return self.process.pid

    def start(self, *, liar: bool = False) -> "RelayProcess":
        """Bring it up; return when it accepts connections."""
        self.orders = self.folder.with_suffix(".orders")
        self.lie("")
        honest = [*COMMAND, "relay", "--dir", str(self.folder)]
        command = [*LIAR, str(self.folder), str(self.orders)] if liar else honest
        with self.log.open("a", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self.process.stdout is not None
        assert json.loads(self.process.stdout.readline())["ready"]
        return self

    def stop(self) -> None:
        """Bring it down, if it is up."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.process = None

    def lie(self, how: str) -> None:
        """What a liar does from now on; nothing is honesty."""
        self.orders.write_text(how, encoding="utf-8")

    def held(self) -> list[dict[str, Any]]:
        """What it holds for its insurers."""
        found: list[dict[str, Any]] = run_command("relay-held", "--dir", str(self.folder))["held"]
        return found

    def events(self) -> list[dict[str, Any]]:
        """Its log."""
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]


class Standing(Protocol):
    """An insurer that is up."""

    folder: Path
    amc: str
    port: int

    def start(self) -> object:
        """Bring it up, on the port it had."""

    def stop(self) -> object:
        """Bring it down."""


def make_relay(folder: Path, *insurers: Standing) -> RelayProcess:
    """A relay that these insurers admitted; they are started again, so that they know it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        origin = f"https://127.0.0.1:{free.getsockname()[1]}"
    about = ("--dir", str(folder), "--name", "Opérateur d'essai", "--origin", origin)
    offer = folder.with_suffix(".offer")
    offer.write_text(json.dumps(run_command("relay-init", *about)), "utf-8")
    for insurer in insurers:
        route = folder.with_suffix(f".{insurer.amc}")
        asked = ("--dir", str(insurer.folder), "--offer", str(offer), "--endpoint", f"https://127.0.0.1:{insurer.port}")
        route.write_text(json.dumps(run_command("relay-admit", *asked)), "utf-8")
        run_command("relay-route", "--dir", str(folder), "--route", str(route))
        insurer.stop()
        insurer.start()
    return RelayProcess(folder, origin)


@contextmanager
def through(relay: RelayProcess, insurer: Insurer) -> Iterator[None]:
    """Within this block the insurer's letters lead through the relay."""
    before = insurer.reached_at
    insurer.reached_at = relay.origin
    try:
        yield
    finally:
        insurer.reached_at = before


class Liar(Relay):
    """A relay whose operator lies: what it does with a request stands in a file."""

    def __init__(self, material: RelayMaterial, orders: Path) -> None:
        super().__init__(material)
        self._orders = orders
        self._origin = material.settings.origin
        self._kept: list[tuple[Carried, Heard]] = []

    def ask(self, line: Upstream, carried: Carried) -> Heard:
        """Pass a request on, or what the order makes of it; pushes and answers are remembered."""
        how = self._orders.read_text("utf-8")
        lie = getattr(self, f"_{how}", None) if how else None
        heard: Heard = lie(line, carried) if lie else super().ask(line, carried)
        self._kept.append((carried, heard))
        return heard

    def _alter_request(self, line: Upstream, carried: Carried) -> Heard:
        """One sign of the sealed text is another, and the digest is right for it."""
        return line.ask(replace(carried, body=_altered(carried.body))) if carried.body else line.ask(carried)

    def _alter_answer(self, line: Upstream, carried: Carried) -> Heard:
        heard = line.ask(carried)
        return replace(heard, body=_altered(heard.body, b'"receipt":"')) if b'"receipt":"' in heard.body else heard

    def _drop(self, line: Upstream, carried: Carried) -> Heard:
        """A push goes nowhere, and nothing comes back; all else is carried."""
        if carried.body:
            raise Refusal("unavailable")
        return line.ask(carried)

    def _drop_and_forge(self, line: Upstream, carried: Carried) -> Heard:
        """A push goes nowhere, and the receipt of an earlier one comes back."""
        if not carried.body:
            return line.ask(carried)
        return next(heard for _, heard in self._kept if heard.headers.get("content-type") == RECEIPT_TYPE)

    def _reorder(self, line: Upstream, carried: Carried) -> Heard:
        """The packages of a batch in another order."""
        try:
            packages = split_batch(unfold(carried.body, carried.headers.get("content-encoding"), 10_000_000))
        except (ContractError, Refusal):
            return line.ask(carried)
        headers = {name: value for name, value in carried.headers.items() if name != "content-encoding"}
        return line.ask(replace(carried, headers=headers, body=join_batch(tuple(reversed(packages)))))

    def _reorder_answers(self, line: Upstream, carried: Carried) -> Heard:
        """The results of a batch, or the events of an answer, in another order."""
        heard = line.ask(carried)
        found = msgspec.json.decode(heard.body) if heard.body.startswith(b"{") else {}
        for name in ("results", "events"):
            if isinstance(found.get(name), list):
                found[name].reverse()
        for result in found.get("results", []):
            result.pop("claim_id", None)
        return replace(heard, body=msgspec.json.encode(found)) if found else heard

    def _duplicate(self, line: Upstream, carried: Carried) -> Heard:
        """Each request goes twice; the second answer comes back."""
        line.ask(carried)
        return line.ask(carried)

    def _withhold(self, line: Upstream, carried: Carried) -> Heard:
        """A push goes on; its receipt stays here."""
        heard = line.ask(carried)
        if carried.body:
            raise Refusal("unavailable")
        return heard

    def _withhold_events(self, line: Upstream, carried: Carried) -> Heard:
        heard = line.ask(carried)
        return replace(heard, body=b'{"events":[]}') if carried.path.startswith("/v1/events") else heard

    def _withhold_first_event(self, line: Upstream, carried: Carried) -> Heard:
        heard = line.ask(carried)
        if not carried.path.startswith("/v1/events"):
            return heard
        found = msgspec.json.decode(heard.body)
        return replace(heard, body=msgspec.json.encode({"events": found["events"][1:]}))

    def _old_news(self, line: Upstream, carried: Carried) -> Heard:
        """No new event comes, and the state is the one this terminal was told when there was none."""
        if carried.path.startswith("/v1/events"):
            return self._withhold_events(line, carried)
        if carried.path != "/v1/state":
            return line.ask(carried)
        own = (
            heard
            for known, heard in self._kept
            if (known.path, known.certificate) == ("/v1/state", carried.certificate)
        )
        return next(own, None) or line.ask(carried)

    def _forge_receipt(self, line: Upstream, carried: Carried) -> Heard:
        """A push goes nowhere, and a receipt comes back that is right in every member and signed by the liar."""
        if not carried.body:
            return line.ask(carried)
        package = decode(carried.body, Package)
        dispatch = decode(base64url.to_bytes(package.dispatch.split(".")[1]), Dispatch)
        members = {name: getattr(dispatch, name) for name in ("claim_id", "insurer", "device", "seq", "envelope")}
        receipt = Receipt(
            schema="comptoir/receipt/v1",
            dispatch=digest(package.dispatch.encode()),
            received_at="2026-11-22T12:00:00Z",
            state="acknowledged",
            **members,
        )
        signed = SigningKey.generate().sign(RECEIPT_TYP, encode(receipt))
        return Heard(201, {"content-type": RECEIPT_TYPE}, encode(ReceiptAnswer(receipt=signed)))

    def _forge_request(self, line: Upstream, carried: Carried) -> Heard:
        """The package goes on in a request that the liar signed, under the terminal's certificate."""
        kept = ("content-type", "idempotency-key")
        fields = {name: carried.headers[name] for name in kept if name in carried.headers}
        request = Request(carried.method, self._origin + carried.path, fields, carried.body)
        forged = sign_request(SigningKey.generate(), request, now())
        return line.ask(replace(carried, headers={**carried.headers, **forged}))

    def _impersonate(self, line: Upstream, carried: Carried) -> Heard:
        """A question of its own, in the name of the terminal whose request it once carried."""
        return line.ask(replace(carried, path="/v1/receipts?after=0")) if not carried.body else line.ask(carried)


def _altered(body: bytes, after: bytes = b'"sealed":"') -> bytes:
    at = body.index(after) + len(after) + 40
    return body[:at] + (b"A" if body[at : at + 1] != b"A" else b"B") + body[at + 1 :]


def wait_for_log(relay: RelayProcess, name: str) -> None:
    """Return when the relay's log has an event of this name."""
    deadline = time.monotonic() + 30
    while not any(one["event"] == name for one in relay.events()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


if __name__ == "__main__":
    run_relay(
        Path(sys.argv[1]), "127.0.0.1", None, None, make=lambda material: Liar(material, Path(sys.argv[2]))
    )  # pragma: no cover
