"""The shop's settings: one strict JSON file in the home, `config.json`.

Rules: identifiers are parsed when the file is read, an unknown key is refused, and nothing in it is secret or names a
person.
"""

from pathlib import Path
from typing import Annotated

import msgspec

from sync.durable import replace_file
from terminal.domain.errors import DomainError
from terminal.domain.identifiers import AmId
from terminal.outside import CONFIG, DARK

FILE_NAME = CONFIG


class ConfigInvalid(DomainError):
    """The settings file is missing, unreadable or not of the expected form."""

    code = "config_invalid"
    environment = True


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of one terminal. `grace_seconds`: how long a claim can be corrected before it leaves.

    `retention_days`: how long a dossier is kept once its claim is settled.

    `mixed_ceiling`: the ceilings of the law bind equipment of two classes too, where the law is silent.
    `scanner` and `printer` are addresses (`serial:/dev/…`, `network:HOST:PORT`), empty where there is none.
    `sounds`: the terminal's bell beside what the screen says.
    """

    shop_am_id: str
    shop_name: str
    grace_seconds: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 60
    retention_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] = 90
    idle_lock_seconds: int = 120
    theme: str = DARK
    mixed_ceiling: bool = False
    scanner: str = ""
    printer: str = ""
    printer_profile: str = "TM-T20II"
    sounds: bool = True


def read_config(home: Path) -> Config:
    """The settings of `home`; ConfigInvalid when they cannot be trusted."""
    try:
        config = msgspec.json.decode((home / FILE_NAME).read_bytes(), type=Config)
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigInvalid("config.json cannot be read") from error
    AmId.parse(config.shop_am_id)
    return config


def write_config(home: Path, config: Config) -> None:
    """Write the settings whole or not at all, also when the power goes."""
    AmId.parse(config.shop_am_id)
    replace_file(home / FILE_NAME, msgspec.json.format(msgspec.json.encode(config), indent=2) + b"\n")
