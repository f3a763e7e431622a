"""Card profiles: which invented people a virtual card names, and how the card talks.

Rules: a profile is JSON of schema `comptoir/card-profile/v1`, checked field by field; unknown fields are refused. Every
NIR has the right key and the commune 999, which does not exist, so that no real person can be put into a profile.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from hardware.errors import CardProfileInvalid
from hardware.records import VitalePerson, is_nir

SCHEMA = "comptoir/card-profile/v1"
NO_COMMUNE = "999"
DEFAULT_ATR = "3B 75 13 00 00 47 09 EA 90 00"
CARDS = ("vitale_2", "atr_only")
ANSWERS = ("procedure", "direct")
LENGTHS = ("short", "long")
MAX_FILE_SIZE = 16 * 1024
_FIELDS = frozenset(
    {"schema", "name", "about", "card", "atr", "answers", "lengths", "country", "file_size", "fault", "holders"}
)
_HOLDER_FIELDS = frozenset({"surname", "given_name", "birth_date", "nir"})
T = TypeVar("T")


@dataclass(frozen=True)
class Profile:
    """One card.

    `card`: vitale_2, or atr_only for a card that refuses everything. `answers`: `procedure` announces lengths with 61xx
    and 6Cxx as T=0 cards do, `direct` does not. `lengths`: form of the TLV lengths. `file_size`: bytes to which both
    files are zero padded. `fault`: as on the command line, or None.
    """

    name: str
    about: str
    card: str
    atr: bytes
    answers: str
    lengths: str
    country: str
    file_size: int
    fault: str | None
    holders: tuple[VitalePerson, ...] = field(repr=False)


def profile_names() -> tuple[str, ...]:
    """The profiles that come with the package."""
    return tuple(sorted(card.name.removesuffix(".json") for card in (files(__package__) / "cards").iterdir()))


def load_profile(name: str) -> Profile:
    """The profile of this name, or of the file at this path when it ends in `.json`; CardProfileInvalid if bad."""
    if name.endswith(".json"):
        return parse_profile(_read(Path(name)))
    if name not in profile_names():
        raise CardProfileInvalid(f"no such profile; there are {', '.join(profile_names())}", field="name")
    return parse_profile((files(__package__) / "cards" / f"{name}.json").read_text("utf-8"))


def parse_profile(text: str) -> Profile:
    """The profile that `text` (JSON) describes; CardProfileInvalid names the first field that is wrong."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CardProfileInvalid("not JSON", field="") from error
    data = _object(data, _FIELDS, "")
    _one_of(data, "schema", (SCHEMA,))
    card = _one_of(data, "card", CARDS)
    holders = _holders(_get(data, "holders", list, []))
    if bool(holders) != (card == "vitale_2"):
        raise _wrong("holders", "vitale_2 needs one at least, atr_only has none")
    return Profile(
        name=_get(data, "name", str),
        about=_get(data, "about", str, ""),
        card=card,
        atr=_hex(_get(data, "atr", str, DEFAULT_ATR)),
        answers=_one_of(data, "answers", ANSWERS),
        lengths=_one_of(data, "lengths", LENGTHS),
        country=_get(data, "country", str, ""),
        file_size=_size(_get(data, "file_size", int, 0)),
        fault=_get(data, "fault", str, "") or None,
        holders=holders,
    )


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise CardProfileInvalid("the profile cannot be read", field="") from error


def _holders(items: list[object]) -> tuple[VitalePerson, ...]:
    return tuple(_holder(item, f"holders[{position}].") for position, item in enumerate(items))


def _holder(item: object, where: str) -> VitalePerson:
    data = _object(item, _HOLDER_FIELDS, where)
    person = VitalePerson(*(_latin1(_get(data, name, str, where=where), where + name) for name in _ORDER))
    nir = person.nir.replace(" ", "")
    if not is_nir(nir) or nir[7:10] != NO_COMMUNE:
        raise _wrong(where + "nir", "needs a right key and the commune 999")
    return VitalePerson(person.surname, person.given_name, person.birth_date, nir)


_ORDER = ("surname", "given_name", "birth_date", "nir")


def _latin1(text: str, where: str) -> str:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError as error:
        raise _wrong(where, "has a character that Latin-1 has not") from error
    return text


def _object(data: object, fields: frozenset[str], where: str) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise _wrong(where.rstrip("."), "must be an object")
    for name in sorted(data.keys() - fields):
        raise _wrong(where + name, "is not a field of a profile")
    return data


def _get(data: Mapping[str, Any], name: str, kind: type[T], default: T | None = None, *, where: str = "") -> T:
    value = data.get(name, default)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise _wrong(where + name, f"must be given as {kind.__name__}")
    return value


def _one_of(data: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    value = _get(data, name, str, "" if name == "schema" else allowed[0])
    if value not in allowed:
        raise _wrong(name, f"must be one of {', '.join(allowed)}")
    return value


def _size(size: int) -> int:
    if not 0 <= size <= MAX_FILE_SIZE:
        raise _wrong("file_size", f"must be 0 to {MAX_FILE_SIZE}")
    return size


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise _wrong("atr", "must be hexadecimal") from error


def _wrong(name: str, why: str) -> CardProfileInvalid:
    return CardProfileInvalid(f"{name or 'the profile'} {why}", field=name)
