"""The insurers this terminal is enrolled with, as rows of the store.

Rules: one row an insurer, replaced whole; what an insurer signed is kept as it was signed and verified by whoever uses
it; the pseudonym key stays sealed to the shop key, so that the service cannot compute a pseudonym.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from sync.errors import InsurerUnknown
from sync.store import Store

_STEPS: Final[Sequence[Sequence[str]]] = (
    (
        """CREATE TABLE insurer (
            amc TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            convention TEXT NOT NULL,
            csr TEXT,
            endpoint TEXT NOT NULL,
            authority_pem TEXT NOT NULL,
            certificate_pem TEXT NOT NULL,
            keys_jws TEXT NOT NULL,
            profile_jws TEXT NOT NULL,
            signing_jwk TEXT NOT NULL,
            pseudonym_key_sealed TEXT NOT NULL,
            hosting TEXT NOT NULL,
            enrolled_at TEXT NOT NULL
        ) STRICT, WITHOUT ROWID""",
    ),
    (
        "ALTER TABLE insurer ADD COLUMN coming_profile_jws TEXT",
        "ALTER TABLE insurer ADD COLUMN former_keys TEXT NOT NULL DEFAULT '[]'",
    ),
)


@dataclass(frozen=True)
class FormerKeys:
    """A key set that counted before, with the key (public JWK) that had signed it."""

    signing_jwk: dict[str, str] = field(repr=False)
    keys_jws: str = field(repr=False)


@dataclass(frozen=True)
class InsurerRecord:
    """An enrolment: route (AMC number, convention, CSR, endpoint), pinned authority and signing key, what was given.

    PEM and JWS are text; `signing_jwk` is the insurer's public JWK; `pseudonym_key_sealed` is base64url.
    """

    amc: str
    name: str
    convention: str
    csr: str | None
    endpoint: str
    authority_pem: str = field(repr=False)
    certificate_pem: str = field(repr=False)
    keys_jws: str = field(repr=False)
    profile_jws: str = field(repr=False)
    signing_jwk: dict[str, str] = field(repr=False)
    pseudonym_key_sealed: str = field(repr=False)
    hosting: str
    enrolled_at: datetime
    coming_profile_jws: str | None = field(repr=False, default=None)
    """The profile that follows the present one, from its own first day on."""
    former_keys: tuple[FormerKeys, ...] = field(repr=False, default=())
    """The key sets before the present one, newest first."""


_COLUMNS: Final = tuple(InsurerRecord.__dataclass_fields__)
_SELECT: Final = f"SELECT {', '.join(_COLUMNS)} FROM insurer"  # noqa: S608 - the names are this module's own
_REPLACE: Final = (
    f"INSERT OR REPLACE INTO insurer ({', '.join(_COLUMNS)}) "  # noqa: S608 - the names are this module's own
    f"VALUES ({', '.join('?' * len(_COLUMNS))})"
)


class InsurerBook:
    """The enrolments of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.migrate("insurer", _STEPS)

    def add(self, record: InsurerRecord) -> None:
        """Keep an enrolment, in place of an earlier one with the same insurer; `enrolled_at` is aware.

        The keys of the earlier one stay known, for what was accepted under them.
        """
        with self._store.write() as connection:
            former = _found(connection, record.amc)
            if former is not None:
                record = replace(record, former_keys=_former_keys(record, former))
            connection.exec_driver_sql(_REPLACE, _values(record))

    def exchange(self, former: InsurerRecord, record: InsurerRecord) -> bool:
        """Put `record` in the place of `former`, unless somebody changed that meanwhile; whether it was done."""
        with self._store.write() as connection:
            if _found(connection, former.amc) != former:
                return False
            connection.exec_driver_sql(_REPLACE, _values(record))
        return True

    def change(self, amc: str, **values: str) -> None:
        """Replace these columns of an enrolment (text), and no other: another process may replace others meanwhile."""
        assert values.keys() <= set(_COLUMNS) - {"amc", "signing_jwk", "enrolled_at"}
        named = ", ".join(f"{name} = ?" for name in values)
        with self._store.write() as connection:
            connection.exec_driver_sql(f"UPDATE insurer SET {named} WHERE amc = ?", (*values.values(), amc))  # noqa: S608 - the names are this module's own

    def get(self, amc: str) -> InsurerRecord:
        """The enrolment with one insurer; InsurerUnknown."""
        with self._store.read() as connection:
            found = _found(connection, amc)
        if found is None:
            raise InsurerUnknown("not enrolled with this insurer", insurer=amc)
        return found

    def all(self) -> tuple[InsurerRecord, ...]:
        """All enrolments, by AMC number."""
        with self._store.read() as connection:
            return tuple(_record(tuple(found)) for found in connection.exec_driver_sql(f"{_SELECT} ORDER BY amc"))


def _found(connection: Connection, amc: str) -> InsurerRecord | None:
    found = connection.exec_driver_sql(f"{_SELECT} WHERE amc = ?", (amc,)).first()
    return None if found is None else _record(tuple(found))


def _former_keys(record: InsurerRecord, former: InsurerRecord) -> tuple[FormerKeys, ...]:
    """All key sets but the present one, each once, newest first."""
    sets = (*record.former_keys, FormerKeys(former.signing_jwk, former.keys_jws), *former.former_keys)
    return tuple({one.keys_jws: one for one in sets if one.keys_jws != record.keys_jws}.values())


def _values(record: InsurerRecord) -> tuple[object, ...]:
    values = {name: getattr(record, name) for name in _COLUMNS}
    values["signing_jwk"] = json.dumps(record.signing_jwk, sort_keys=True)
    values["enrolled_at"] = record.enrolled_at.isoformat()
    values["former_keys"] = json.dumps([[one.signing_jwk, one.keys_jws] for one in record.former_keys])
    return tuple(values.values())


def _record(values: tuple[object, ...]) -> InsurerRecord:
    named: dict[str, Any] = dict(zip(_COLUMNS, values, strict=True))
    named["signing_jwk"] = json.loads(str(named["signing_jwk"]))
    named["former_keys"] = tuple(FormerKeys(*one) for one in json.loads(str(named["former_keys"])))
    named["enrolled_at"] = datetime.fromisoformat(str(named["enrolled_at"]))
    return InsurerRecord(**named)
