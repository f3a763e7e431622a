"""Which fields of the contract were really sent to whom: names of fields, never what was in them.

Rules: the names are taken from the very message that was signed, in the transaction that registers it; they count once
it was dispatched, so a claim that was cancelled before it left counts for nothing. A field that could have been sent
and was not is counted too, with zero. `member` is told by its kind, because a NIR is not an adherent number.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from sync.contract.message import ClaimMessage
from sync.store import Store

SCHEMA: Final = (("CREATE TABLE sent_fields (claim_id TEXT PRIMARY KEY, fields TEXT NOT NULL) STRICT",),)
_MEMBERS: Final = tuple(f"member.{kind}" for kind in ("adherent", "pseudonym", "nir"))
_SENT: Final = (
    "SELECT outbox.insurer, sent_fields.fields FROM outbox LEFT JOIN sent_fields USING (claim_id)"
    " WHERE outbox.seq IS NOT NULL ORDER BY outbox.insurer, outbox.seq"
)


@dataclass(frozen=True, slots=True)
class SentTo:
    """What went to one insurer: how many messages, in how many each field stood, how many are not known here."""

    insurer: str
    messages: int
    fields: dict[str, int]
    unknown: int


class SentFields:
    """The names of fields in an open store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.migrate("sent_fields", SCHEMA)

    def writing(self, claim_id: str, message: msgspec.Struct) -> Callable[[Connection], None]:
        """What to run inside the transaction that registers `message`."""
        fields = " ".join(fields_of(message))

        def write(connection: Connection) -> None:
            connection.exec_driver_sql("INSERT INTO sent_fields (claim_id, fields) VALUES (?, ?)", (claim_id, fields))

        return write

    def counts(self) -> tuple[SentTo, ...]:
        """For each insurer, over all that was dispatched."""
        with self._store.read() as connection:
            rows = [(row.insurer, row.fields) for row in connection.exec_driver_sql(_SENT)]
        insurers = dict.fromkeys(insurer for insurer, _ in rows)
        return tuple(_count(insurer, [fields for other, fields in rows if other == insurer]) for insurer in insurers)


def fields_of(message: msgspec.Struct) -> tuple[str, ...]:
    """The names of the fields that a message has, dotted, each once; a list by the name of its items' fields."""
    return tuple(sorted(set(_told("", msgspec.to_builtins(message)))))


def fields_possible() -> tuple[str, ...]:
    """Every field that a claim could have."""
    names = set(_possible("", msgspec.inspect.type_info(ClaimMessage)))
    return tuple(sorted((names - {"member.kind", "member.value"}) | set(_MEMBERS)))


def _count(insurer: str, sent: list[str | None]) -> SentTo:
    known = [fields.split() for fields in sent if fields is not None]
    names = sorted({*fields_possible(), *(name for fields in known for name in fields)})
    counts = {name: sum(name in fields for fields in known) for name in names}
    return SentTo(insurer, len(sent), counts, len(sent) - len(known))


def _told(name: str, value: Any) -> Iterator[str]:
    if name == "member":
        yield f"member.{value['kind']}"
    elif isinstance(value, dict):
        for inner, part in value.items():
            yield from _told(f"{name}.{inner}" if name else inner, part)
    elif isinstance(value, list | tuple) and value and isinstance(value[0], dict):
        for part in value:
            yield from _told(name, part)
    else:
        yield name


def _possible(name: str, info: Any) -> Iterator[str]:
    inside = [info] if isinstance(info, msgspec.inspect.StructType) else list(_structs_in(info))
    if not inside:
        yield name
    for struct in inside:
        for field in struct.fields:
            yield from _possible(f"{name}.{field.encode_name}" if name else field.encode_name, field.type)


def _structs_in(info: Any) -> Iterator[msgspec.inspect.StructType]:
    for part in (getattr(info, "item_type", None), *getattr(info, "types", ())):
        if isinstance(part, msgspec.inspect.StructType):
            yield part
        elif part is not None:
            yield from _structs_in(part)
