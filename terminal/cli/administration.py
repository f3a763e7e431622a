"""`init`, `insurer`: what a technician and the responsible person do once."""

import argparse
import re
from pathlib import Path
from typing import Final

from sync.crypto.certificates import not_after
from terminal.bootstrap import enrol_with, prepare_home
from terminal.cli.input import read_secret
from terminal.cli.output import Answer
from terminal.cli.session import desk_of, home_of, logged_in
from terminal.config import Config
from terminal.domain.errors import InputInvalid
from terminal.i18n import text
from terminal.workflow.recipients import choice_of, profile_of
from terminal.workflow.reference import directory_entry

_AMC: Final = re.compile("[0-9]{8,10}", re.ASCII)


def create(arguments: argparse.Namespace) -> Answer:
    """Make a home: keys, store, counterfoil, settings."""
    home = home_of(arguments)
    config = Config(shop_am_id=arguments.shop, shop_name=arguments.name, grace_seconds=arguments.grace)
    prepare_home(home, config, arguments.device_secret)
    return Answer({"home": str(home)}, [text("cli.created", home=str(home))])


def list_insurers(arguments: argparse.Namespace) -> Answer:
    """The insurers this terminal is enrolled with, and where each says it hosts."""
    with desk_of(arguments) as desk:
        records, today = desk.home.insurers.all(), desk.today()
    shown = [
        {
            "amc": record.amc,
            "name": record.name,
            "endpoint": record.endpoint,
            "hosting": record.hosting,
            "certificate_until": not_after(record.certificate_pem.encode("ascii")).date().isoformat(),
            "code_level": profile_of(record, today).code_level,
            "contracts": [choice.id for choice in choice_of(record, today).contracts],
        }
        for record in records
    ]
    return Answer({"insurers": shown}, [text("cli.insurer_line", **row) for row in shown])


def enrol(arguments: argparse.Namespace) -> Answer:
    """Enrol this terminal with an insurer: by its directory file or AMC number, and the posted activation code."""
    entry = _entry(arguments)
    code = read_secret(arguments.code_file, "code")
    with logged_in(arguments) as desk:
        record = enrol_with(desk, entry, arguments.invitation, code)
    return Answer({"amc": record.amc, "name": record.name}, [text("cli.enrolled", name=record.name, amc=record.amc)])


def _entry(arguments: argparse.Namespace) -> bytes:
    """The directory entry: a file, or the AMC number of an insurer of the reference data."""
    named: Path = arguments.directory
    if _AMC.fullmatch(str(named)) and not named.exists():
        return directory_entry(home_of(arguments), str(named))
    return _read(named)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputInvalid(key=file.name, reason="unreadable") from error
