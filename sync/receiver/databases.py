"""Which database an insurer uses: the file in its folder, or a PostgreSQL database named by a URL.

    --database URL, else $COMPTOIR_INSURER_DATABASE, else intake/database.json (`init` writes it), else intake/intake.db

Rules: a URL on a command line or in a file names no password, because others may read those; libpq's own ways give it
(a passfile, PGPASSWORD, a service), and so may the environment variable. No error, log line or `repr` quotes a URL.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

import msgspec
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from sync.contract.envelope import StrictRecord, encode
from sync.errors import ContractError
from sync.receiver.db import Ledger
from sync.receiver.errors import DatabaseUrlInvalid, DatabaseUrlTellsPassword, StandbyNeedsPostgres
from sync.receiver.folder import database_of, settings_of
from sync.receiver.standby import Standby

VARIABLE: Final = "COMPTOIR_INSURER_DATABASE"
SETTINGS_FILE: Final = "database.json"
_DRIVER: Final = "postgresql+psycopg"
_SCHEMES: Final = frozenset({"postgresql", "postgres", _DRIVER})
_SECRETS: Final = ("password", "sslpassword")

StandbyName = Annotated[str, msgspec.Meta(min_length=1, max_length=63)]


class DatabaseSettings(StrictRecord, frozen=True, kw_only=True):
    """What the insurer's folder says of its database. `require_standby` is the standby's application_name."""

    url: str
    require_standby: StandbyName | None = None


@dataclass(frozen=True)
class Place:
    """Where claims are kept, and the standby without which nothing is signed."""

    url: URL = field(repr=False)
    standby: Standby | None = None

    @property
    def is_shared(self) -> bool:
        """Whether several processes may work on it."""
        return self.url.get_backend_name() == "postgresql"

    def open(self, insurer: str) -> Ledger:
        """The database, brought up to date, of this insurer (AMC number); DatabaseUnavailable, DatabaseOfAnother."""
        ledger = Ledger(self.url, self.standby)
        try:
            ledger.belong_to(insurer)
        except BaseException:
            ledger.close()
            raise
        return ledger


def place_of(folder: Path, stated: str | None = None, standby: str | None = None) -> Place:
    """Where the insurer in `folder` keeps its claims. `stated` and `standby` come from the command line."""
    file = database_of(folder)
    known = _settings(file.with_name(SETTINGS_FILE))
    if stated is not None:
        url = public_url(stated)
    elif VARIABLE in os.environ:
        url = _parsed(os.environ[VARIABLE])
    else:
        url = URL.create("sqlite", database=str(file)) if known is None else public_url(known.url)
    name = standby or (known.require_standby if known else None)
    if name is not None and url.drivername != _DRIVER:
        raise StandbyNeedsPostgres("a database in a file has no standby")
    return Place(url, None if name is None else Standby(name))


def open_ledger(folder: Path, stated: str | None = None, standby: str | None = None) -> Ledger:
    """The database of the insurer in `folder`, open."""
    return place_of(folder, stated, standby).open(settings_of(folder).amc)


def stated_settings(stated: str | None, standby: str | None) -> DatabaseSettings | None:
    """What `init` writes into the new folder of an insurer; None for a database in a file."""
    if stated is None:
        if standby is not None:
            raise StandbyNeedsPostgres("a database in a file has no standby")
        return None
    url = public_url(stated).render_as_string(hide_password=False)
    try:
        return msgspec.convert({"url": url, "require_standby": standby}, DatabaseSettings)
    except msgspec.ValidationError as error:
        raise ContractError("not the name of a standby", field="require_standby") from error


def new_database(stated: str | None, standby: str | None) -> Mapping[str, bytes]:
    """What `init` writes into the intake's folder: nothing for a database in a file. Judged before any key is made.

    DatabaseUnavailable when it does not answer, DatabaseOfAnother when an insurer has it already.
    """
    settings = stated_settings(stated, standby)
    if settings is None:
        return {}
    with Ledger(_parsed(os.environ.get(VARIABLE, settings.url))) as ledger:
        ledger.must_be_free()
    return {SETTINGS_FILE: encode(settings)}


def public_url(text: str) -> URL:
    """A URL that others may read; DatabaseUrlInvalid, DatabaseUrlTellsPassword."""
    url = _parsed(text)
    if url.password is not None or any(name in url.query for name in _SECRETS):
        raise DatabaseUrlTellsPassword(f"put the password into a passfile, PGPASSWORD or ${VARIABLE}")
    return url


def _parsed(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise DatabaseUrlInvalid("not a database URL") from None
    if url.drivername not in _SCHEMES:
        raise DatabaseUrlInvalid("the database must be postgresql://…")
    return url.set(drivername=_DRIVER)


def _settings(path: Path) -> DatabaseSettings | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=DatabaseSettings)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise ContractError("the settings of the database are not of their form", file=path.name) from error
