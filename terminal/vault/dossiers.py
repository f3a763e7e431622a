"""Dossiers: what the work list shows of a claim, and what is needed to correct it or to open its evidence.

Rules: one row per claim, written in the same transaction as the outbox row; the content is AES-256-GCM under a key
derived from the shop key, bound to the claim id; an erased one is empty and keeps its number; nothing of a person
stands outside it. A correction never enters a dossier. What was opened is kept in memory until the lock, and only as
much as a list shows; a day of claims is summed from their amounts, of which more are kept.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final, Literal, TypeVar

import msgspec
from sqlalchemy import Column, Connection, Integer, LargeBinary, MetaData, Table, Text, func, insert, select

from sync.crypto.symmetric import decrypt, derive, encrypt
from sync.store import Store, run

SCHEMA = (
    (
        "CREATE TABLE dossier (claim_id TEXT PRIMARY KEY, year INTEGER NOT NULL, ordinal INTEGER NOT NULL,"
        " sealed BLOB NOT NULL, UNIQUE (year, ordinal)) STRICT",
    ),
)
_table = Table(
    "dossier",
    MetaData(),
    Column("claim_id", Text, primary_key=True),
    Column("year", Integer),
    Column("ordinal", Integer),
    Column("sealed", LargeBinary),
)

KEPT: Final = 128
"""Opened dossiers in memory, those that were asked for last: a work list and a page of a search."""
AMOUNTS_KEPT: Final = 20_000
"""Amounts in memory: claims of a day and claims that wait, together never so many in a shop."""
_ONE: Final = "SELECT year, ordinal, sealed FROM dossier WHERE claim_id = ? AND length(sealed) > 0"
"""One statement for one claim, always the same: a connection keeps each prepared, a list of 500 ids takes 120 kB."""

_UNKNOWN: Final = -1
Form = TypeVar("Form")
Number = str
"""The year and a counter, as people say it: 2026-0434."""


class DossierLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line as it was drafted, with the salt of its evidence (hex) when its code was not sent.

    `amo` and `amc` in cents are what was claimed; `base` is a typed one; `agreed` what the insurer agreed beforehand.
    """

    item: Literal["frame", "lens", "supplement", "contact_lenses"]
    lpp_code: str
    price: int
    quantity: int
    eye: Literal["right", "left"] | None = None
    plv: int | None = None
    plv_reason: str | None = None
    base: int | None = None
    salt: str | None = None
    amo: int = 0
    amc: int = 0
    agreed: int | None = None


class AgreementKept(msgspec.Struct, frozen=True):
    """An agreement given before delivery: number, day given, last day, and the request that it answered."""

    number: str
    given: date
    until: date
    request: str


class Dossier(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All the shop knows of one claim.

    `catalogue` and `profile` (digests) and `mixed_ceiling` are the tables and the rule that priced it; without
    digests it cannot be priced again. `model` and `lens_type` are what the form showed. `supersedes` is the claim that
    it corrects; `agreement` the insurer's number where one was given beforehand, with its days and the request it
    answered. Neither the kind of prescriber nor the ground of a renewal has a place here.
    """

    surname: str
    given_name: str
    birth_date: date | None
    birth_date_raw: str
    nir: str
    rank: int
    source: Literal["card", "typed"]
    prescription_date: date | None
    service_date: date
    amo_rate: int
    insurer: str
    contract_id: str
    member: str | None
    lines: tuple[DossierLine, ...]
    price: int
    amo: int
    amc: int
    reste_a_charge: int
    user: str
    signed_sha256: str
    catalogue: str = ""
    profile: str = ""
    mixed_ceiling: bool = False
    last_glasses: date | None = None
    last_contact_lenses: dict[Literal["right", "left"], date] = {}
    model: int | None = None
    lens_type: Literal["unifocal", "multifocal", "progressive"] | None = None
    kind: Literal["claim", "preauthorisation", "correction"] = "claim"
    supersedes: str | None = None
    agreement: AgreementKept | None = None

    def __repr__(self) -> str:
        """Nothing of the person: dossiers pass through code that may fail."""
        return "Dossier(…)"


class DossierGlance(msgspec.Struct, frozen=True):
    """What a search judges of a dossier."""

    surname: str
    given_name: str
    price: int
    amc: int
    reste_a_charge: int

    def __repr__(self) -> str:
        """Nothing of the person."""
        return "DossierGlance(…)"


class _Amount(msgspec.Struct, frozen=True, omit_defaults=True):
    amc: int
    kind: Literal["claim", "preauthorisation", "correction"] = "claim"


class Dossiers:
    """The dossiers of an open store, as long as the shop key is held."""

    def __init__(self, store: Store, shop_seed: bytes) -> None:
        self._store = store
        self._key = derive(shop_seed, "comptoir/dossier/v1")
        self._known: OrderedDict[str, tuple[Number, Dossier]] = OrderedDict()
        self._amounts: dict[str, int | None] = {}

    def writing(self, claim_id: str, dossier: Dossier) -> "Writing":
        """What to run inside the outbox's transaction to keep `dossier` beside its claim."""
        sealed = encrypt(self._key, msgspec.json.encode(dossier), claim_id.encode())
        return Writing(claim_id, sealed, dossier.service_date.year)

    def get(self, claim_id: str) -> tuple[Number, Dossier] | None:
        """The number and dossier of a claim, None when it has none (recovered or erased)."""
        return self.many([claim_id]).get(claim_id)

    def many(self, claim_ids: Iterable[str]) -> dict[str, tuple[Number, Dossier]]:
        """The dossiers of these claims, those that exist."""
        with self._store.read() as connection:
            found = ((claim_id, self._one(connection, claim_id)) for claim_id in claim_ids)
            return {claim_id: known for claim_id, known in found if known is not None}

    def expected(self, claim_ids: Iterable[str]) -> dict[str, int | None]:
        """The cents that the AMC owes by these claims, those that have a dossier; None for one that only asks."""
        with self._store.read() as connection:
            return {claim_id: cents for claim_id in claim_ids for cents in self._amount(connection, claim_id)}

    def glances(self, claim_ids: Iterable[str]) -> Iterator[DossierGlance | None]:
        """What a search judges of each of these, in this order; None where there is no dossier. Nothing is kept."""
        for some in _slices(list(claim_ids)):
            with self._store.read() as connection:
                rows = [self._row(connection, claim_id) for claim_id in some]
            for claim_id, row in zip(some, rows, strict=True):
                yield self._opened(claim_id, row[2], DossierGlance) if row else None

    def forget(self, *claim_ids: str) -> None:
        """Drop what is in memory of these claims: their dossiers were erased."""
        for claim_id in claim_ids:
            self._known.pop(claim_id, None)
            self._amounts.pop(claim_id, None)

    def _one(self, connection: Connection, claim_id: str) -> tuple[Number, Dossier] | None:
        known = self._known.pop(claim_id, None) or self._read(connection, claim_id)
        if known is not None:
            self._known[claim_id] = known
            if len(self._known) > KEPT:
                self._known.popitem(last=False)
        return known

    def _read(self, connection: Connection, claim_id: str) -> tuple[Number, Dossier] | None:
        row = self._row(connection, claim_id)
        return (_number(row[0], row[1]), self._opened(claim_id, row[2], Dossier)) if row else None

    def _amount(self, connection: Connection, claim_id: str) -> Iterator[int | None]:
        """One amount, or nothing."""
        known = self._amounts.get(claim_id, _UNKNOWN)
        if known != _UNKNOWN:
            yield known
        elif row := self._row(connection, claim_id):
            found = self._opened(claim_id, row[2], _Amount)
            cents = None if found.kind == "preauthorisation" else found.amc
            if len(self._amounts) < AMOUNTS_KEPT:
                self._amounts[claim_id] = cents
            yield cents

    def _row(self, connection: Connection, claim_id: str) -> tuple[Any, ...] | None:
        return next(iter(run(connection, _ONE, (claim_id,))), None)

    def _opened(self, claim_id: str, sealed: bytes, form: type[Form]) -> Form:
        return msgspec.json.decode(decrypt(self._key, sealed, claim_id.encode()), type=form)


class Writing:
    """A dossier ready to be written; `number` is known once the transaction has run it."""

    def __init__(self, claim_id: str, sealed: bytes, year: int) -> None:
        self._claim_id = claim_id
        self._sealed = sealed
        self._year = year
        self.number: Number = ""

    def __call__(self, connection: Connection) -> None:
        """Take the year's next number and write the row."""
        last = select(func.max(_table.c.ordinal)).where(_table.c.year == self._year)
        ordinal = (connection.execute(last).scalar() or 0) + 1
        row = {"claim_id": self._claim_id, "year": self._year, "ordinal": ordinal, "sealed": self._sealed}
        connection.execute(insert(_table).values(row))
        self.number = _number(self._year, ordinal)


def _number(year: int, ordinal: int) -> Number:
    return f"{year}-{ordinal:04d}"


def _slices(items: list[str], size: int = 500) -> Iterator[list[str]]:
    return (items[start : start + size] for start in range(0, len(items), size))
