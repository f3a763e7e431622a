"""The insurers this terminal is enrolled with, as rows of the store.

Rules: one row an insurer, replaced whole; what an insurer signed is kept as it was signed and verified by whoever uses
it; the pseudonym key stays sealed to the shop key, so that the service cannot compute a pseudonym.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

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
)


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
        """Keep an enrolment, in place of an earlier one with the same insurer; `enrolled_at` is aware."""
        values = [getattr(record, name) for name in _COLUMNS]
        values[_COLUMNS.index("signing_jwk")] = json.dumps(record.signing_jwk, sort_keys=True)
        values[_COLUMNS.index("enrolled_at")] = record.enrolled_at.isoformat()
        with self._store.write() as connection:
            connection.exec_driver_sql(_REPLACE, tuple(values))

    def get(self, amc: str) -> InsurerRecord:
        """The enrolment with one insurer; InsurerUnknown."""
        with self._store.read() as connection:
            found = connection.exec_driver_sql(f"{_SELECT} WHERE amc = ?", (amc,)).first()
        if found is None:
            raise InsurerUnknown("not enrolled with this insurer", insurer=amc)
        return _record(tuple(found))

    def all(self) -> tuple[InsurerRecord, ...]:
        """All enrolments, by AMC number."""
        with self._store.read() as connection:
            return tuple(_record(tuple(found)) for found in connection.exec_driver_sql(f"{_SELECT} ORDER BY amc"))


def _record(values: tuple[object, ...]) -> InsurerRecord:
    named: dict[str, Any] = dict(zip(_COLUMNS, values, strict=True))
    named["signing_jwk"] = json.loads(str(named["signing_jwk"]))
    named["enrolled_at"] = datetime.fromisoformat(str(named["enrolled_at"]))
    return InsurerRecord(**named)
