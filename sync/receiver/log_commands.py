"""`comptoir-insurer log` and `comptoir-insurer witness`.

    log --dir DIR                                   what is published
    log --dir DIR --check                           every tile, bundle and root again, against the database
    log --dir DIR --witness VKEY=URL … --quorum N   who cosigns, in a new version of the profile
    witness --dir DIR --name NAME --vkey            the witness's key, made when it has none
    witness --dir DIR --name NAME --log VKEY …      cosign until SIGTERM

Rule: nothing is repaired by looking; a running intake reads its witnesses when it starts.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from sync.crypto.tlog import EMPTY_ROOT, Tree, checkpoint_in, grow, leaf_hash, read_note
from sync.errors import ContractError, LogDamaged
from sync.receiver.cosigners import WitnessAddress
from sync.receiver.databases import open_ledger
from sync.receiver.db import Ledger
from sync.receiver.folder import LOG_DEADLINE_HOURS
from sync.receiver.log_files import LogFiles
from sync.receiver.log_folder import LogMaterial, log_files, log_material, set_witnesses
from sync.receiver.places import entries_from
from sync.receiver.publisher import bundles
from sync.receiver.witness import Witness
from sync.receiver.witness_service import follow, print_key, run_witness, utc_now

AddCommand = Callable[..., argparse.ArgumentParser]
_PORTION: Final = 8192


def add_log_commands(commands: Any, add: AddCommand) -> None:
    """Add both commands to a parser's `commands`, by way of `add`."""
    log = add(commands, "log", _log, "show, check or set up the transparency log")
    log.add_argument("--check", action="store_true", help="verify every tile and entry against the database")
    log.add_argument("--witness", action="append", metavar="VKEY=URL", help="a witness that cosigns; repeatable")
    log.add_argument("--quorum", type=int, default=0, help="how many of them must have cosigned")
    log.add_argument("--deadline-hours", type=int, default=LOG_DEADLINE_HOURS, help="when a missing proof is late")
    witness = add(commands, "witness", _witness, "cosign the checkpoints of logs until SIGTERM", with_database=False)
    witness.add_argument("--name", required=True, help="the witness's name, such as witness.example/w1")
    witness.add_argument("--vkey", action="store_true", help="print the witness's key and end")
    witness.add_argument("--log", action="append", default=[], metavar="VKEY", help="a log to follow; repeatable")
    witness.add_argument("--host", default="127.0.0.1")
    witness.add_argument("--port", type=int, default=0, help="0: any free one")
    witness.add_argument("--ready-file", type=Path, help="written once connections are accepted")


def _log(asked: argparse.Namespace) -> int:
    if asked.witness is not None:
        addresses = [_address(text) for text in asked.witness]
        set_witnesses(asked.dir, addresses, asked.quorum, asked.deadline_hours)
    material = log_material(asked.dir)
    if material is None:
        _print({"log": None})
        return 0
    files = log_files(asked.dir)
    _print({**_shown(material, files), **({"checked": _checked(asked, files)} if asked.check else {})})
    return 0


def _shown(material: LogMaterial, files: LogFiles) -> dict[str, Any]:
    key = material.signer.public
    note = files.checkpoint()
    found: dict[str, Any] = {"log": key.name, "vkey": key.vkey, "quorum": material.terms.quorum, "size": 0}
    found["witnesses"] = [{"vkey": one.vkey, "url": one.url} for one in material.witnesses]
    if note is not None:
        opened = read_note(note)
        if not opened.signed_by(key):
            raise LogDamaged("the checkpoint is not of this log's key")
        checkpoint = checkpoint_in(opened.text)
        cosigned = [line.name for line in opened.signatures if line.name != key.name]
        found |= {"size": checkpoint.size, "root": checkpoint.root.hex(), "cosigned": cosigned}
    return found


def _checked(asked: argparse.Namespace, files: LogFiles) -> int:
    """How many entries of the database are in the log as they must be; LogDamaged at the first that is not."""
    note = files.checkpoint()
    size, root = 0, EMPTY_ROOT
    if note is not None:
        checkpoint = checkpoint_in(read_note(note).text)
        size, root = checkpoint.size, checkpoint.root
    if Tree(size, files.read).root() != root:
        raise LogDamaged("the tiles do not make the root of the checkpoint", size=size)
    with open_ledger(asked.dir, asked.database) as ledger:
        entries = _entries(ledger, size)
    if len(entries) < size:
        raise LogDamaged("the database has fewer entries than the log", known=len(entries), size=size)
    for tile, data in grow(0, [leaf_hash(entry) for entry in entries], files.read):
        if files.read(tile)[: len(data)] != data:
            raise LogDamaged("a tile differs from the database", tile=tile.path)
    for tile, data in bundles(0, entries):
        if files.read(tile)[: len(data)] != data:
            raise LogDamaged("a bundle of entries differs from the database", tile=tile.path)
    return size


def _entries(ledger: Ledger, size: int) -> list[bytes]:
    found: list[bytes] = []
    while len(found) < size:
        with ledger.reading() as connection:
            part = entries_from(connection, len(found), min(_PORTION, size - len(found)))
        if not part:
            break
        found += part
    return found


def _address(text: str) -> WitnessAddress:
    vkey, sign, url = text.partition("=http")
    try:
        return msgspec.convert({"vkey": vkey, "url": f"http{url}" if sign else ""}, WitnessAddress)
    except msgspec.ValidationError as error:
        raise ContractError("a witness is VKEY=URL") from error


def _witness(asked: argparse.Namespace) -> int:
    witness = Witness(asked.dir, asked.name, follow(asked.log), utc_now)
    if asked.vkey:
        print_key(witness)
    else:
        run_witness(witness, asked.host, asked.port, asked.ready_file)
    return 0


def _print(found: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
