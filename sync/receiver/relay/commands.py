"""`comptoir-insurer relay` and what makes one.

    relay-init --dir RELAY --name NAME --origin https://…     a relay with new keys; prints its offer
    relay-admit --dir INSURER --offer FILE                    the insurer's answer: a route (prints it)
    relay-route --dir RELAY --route FILE                      the relay keeps the route
    relay --dir RELAY [--host --port --ready-file]            carry until SIGTERM
    relay-held --dir RELAY                                    packages whose insurer has not answered

Rules: an offer and a route hold no secret; an admission counts from the next start of intake and relay. `invite
--endpoint` with a relay's origin then gives shops a directory entry that leads through it.
"""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from sync.contract.envelope import encode
from sync.crypto.certificates import der_of, fingerprint, issue_client
from sync.errors import ContractError
from sync.receiver.folder import intake_of, open_intake
from sync.receiver.relay.folder import SPOOL, Offer, RelaySettings, Route, add_route, create_relay, open_relay
from sync.receiver.relay.routing import claim_id_of
from sync.receiver.relay.service import run_relay
from sync.receiver.relay.spool import Spool
from sync.receiver.ways import AdmittedRelay, admit_relay, instant

Command = Callable[..., argparse.ArgumentParser]


def add_relay_commands(commands: Any, command: Command) -> None:
    """Add the five commands to the grammar."""
    init = command(
        commands,
        "relay-init",
        _init,
        "make a relay; print its offer",
        with_database=False,
    )
    init.add_argument("--name", required=True)
    init.add_argument("--origin", required=True, help="where terminals reach it: https, host and port")
    admit = command(
        commands,
        "relay-admit",
        _admit,
        "admit a relay; print the route to here",
        with_database=False,
    )
    admit.add_argument("--offer", type=Path, required=True, help="what relay-init printed")
    admit.add_argument("--endpoint", help="where the relay reaches this insurer; default: as at init")
    route = command(commands, "relay-route", _route, "keep an insurer's route", with_database=False)
    route.add_argument("--route", type=Path, required=True, help="what relay-admit printed")
    relay = command(
        commands,
        "relay",
        _serve,
        "carry sealed messages until SIGTERM",
        with_database=False,
    )
    relay.add_argument("--host", default="127.0.0.1")
    relay.add_argument("--port", type=int, help="default: the origin's")
    relay.add_argument("--ready-file", type=Path, help="written once connections are accepted")
    command(commands, "relay-held", _held, "packages without an answer yet", with_database=False)


def _init(asked: argparse.Namespace) -> int:
    stated = {"name": asked.name, "origin": asked.origin}
    try:
        settings = msgspec.convert(stated, RelaySettings)
    except msgspec.ValidationError as error:
        raise ContractError("a relay has a name, and an origin with https and host") from error
    _print(create_relay(asked.dir, settings, datetime.now(UTC)))
    return 0


def _admit(asked: argparse.Namespace) -> int:
    material, now = open_intake(asked.dir), datetime.now(UTC)
    offer = _offer(asked.offer)
    certificate = issue_client(material.clients, offer.certificate_request.encode("ascii"), offer.name, now)
    relay = AdmittedRelay(
        name=offer.name,
        origin=offer.origin,
        fingerprint=fingerprint(der_of(certificate)),
        authority_pem=offer.authority_pem,
        admitted_at=instant(now),
    )
    admit_relay(intake_of(asked.dir), relay)
    settings = material.settings
    _print(
        Route(
            insurer=settings.amc,
            convention=settings.convention,
            csr=settings.csr,
            endpoint=asked.endpoint or settings.endpoint,
            authority_pem=material.authority_pem,
            clients_pem=material.clients.certificate_pem.decode("ascii"),
            certificate=certificate.decode("ascii"),
        )
    )
    return 0


def _route(asked: argparse.Namespace) -> int:
    kept = add_route(asked.dir, _read(asked.route))
    _print({"insurer": kept.insurer, "convention": kept.convention, "endpoint": kept.endpoint})
    return 0


def _serve(asked: argparse.Namespace) -> int:
    run_relay(asked.dir, asked.host, asked.port, asked.ready_file)
    return 0


def _held(asked: argparse.Namespace) -> int:
    held = Spool(open_relay(asked.dir).folder / SPOOL).held()
    found = [{"insurer": one.insurer, "claim_id": claim_id_of(one.package), "seconds": one.seconds} for one in held]
    if asked.json:
        _print({"held": found})
        return 0
    for shown in found:
        sys.stdout.write(f"{shown['claim_id']}  insurer {shown['insurer']}  {shown['seconds']} s\n")
    return 0


def _offer(path: Path) -> Offer:
    try:
        return msgspec.json.decode(_read(path), type=Offer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ContractError("not an offer of a relay", file=path.name) from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ContractError("the file cannot be read", file=path.name) from error


def _print(found: msgspec.Struct | dict[str, Any]) -> None:
    text = encode(found).decode() if isinstance(found, msgspec.Struct) else json.dumps(found, ensure_ascii=False)
    sys.stdout.write(text + "\n")
