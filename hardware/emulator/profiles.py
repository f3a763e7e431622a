"""Card profiles: which invented people a virtual card names, and how the card talks.

Rules: a profile is JSON of schema `comptoir/card-profile/v1`, checked field by field; unknown fields are refused. No
real person can be put into a profile: every NIR has the right key and the commune 999, which does not exist, and every
German number has four equal digits in a row, which no number in use has.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

from hardware.egk import EgkRecord, is_insured_id
from hardware.emulator.egk import ENCODING
from hardware.errors import CardProfileInvalid
from hardware.records import VitalePerson, is_nir

SCHEMA = "comptoir/card-profile/v1"
NO_COMMUNE = "999"
CARDS = ("vitale_2", "egk", "atr_only")
DEFAULT_ATRS = {"vitale_2": "3B 75 13 00 00 47 09 EA 90 00", "egk": "3B D3 96 FF 81 B1 FE 45 1F 07 80 81 05 2D"}
ANSWERS = ("procedure", "direct")
LENGTHS = ("short", "long")
MAX_FILE_SIZE = 16 * 1024
_FIELDS = frozenset(
    (
        "schema",
        "name",
        "about",
        "card",
        "atr",
        "answers",
        "lengths",
        "country",
        "file_size",
        "fault",
        "holders",
        "insured",
    )
)
_HOLDER_FIELDS = ("surname", "given_name", "birth_date", "nir")
_INSURED_FIELDS = ("surname", "given_name", "birth_date", "insured_id", "insurer_number", "insurer_name")
_FOUR_EQUAL_DIGITS = re.compile(r"(\d)\1{3}")
_BIRTH_DATE = re.compile(r"\d{6}|\d{8}", re.ASCII)
_COUNTRY = re.compile(r"([A-Z]{2})?")
_WORDS: Mapping[type, str] = {str: "text", int: "a whole number", list: "a list"}
T = TypeVar("T")


@dataclass(frozen=True)
class Profile:
    """One card.

    `card`: vitale_2, egk, or atr_only for a card that refuses everything. For a Vitale, `answers`: `procedure`
    announces lengths with 61xx and 6Cxx as T=0 cards do, `direct` does not; `lengths`: form of the TLV lengths;
    `file_size`: bytes to which both files are zero padded. `fault`: as on the command line, or None. A Vitale has
    `holders`, an eGK has the person `insured`.
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
    insured: EgkRecord | None = field(repr=False)


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
    except json.JSONDecodeError as error:
        raise CardProfileInvalid(f"not JSON: line {error.lineno}, column {error.colno}", field="") from error
    except (ValueError, RecursionError) as error:
        raise CardProfileInvalid("not JSON that can be taken apart", field="") from error
    data = _object(data, _FIELDS, "")
    _one_of(data, "schema", (SCHEMA,))
    card = _one_of(data, "card", CARDS)
    holders = _holders(_get(data, "holders", list, []))
    if bool(holders) != (card == "vitale_2"):
        raise _wrong("holders", "must name somebody on a vitale_2, and nobody on another card")
    if ("insured" in data) != (card == "egk"):
        raise _wrong("insured", "is given for an egk, and only for one")
    return Profile(
        name=_get(data, "name", str),
        about=_get(data, "about", str, ""),
        card=card,
        atr=_hex(_get(data, "atr", str, DEFAULT_ATRS.get(card))),
        answers=_one_of(data, "answers", ANSWERS),
        lengths=_one_of(data, "lengths", LENGTHS),
        country=_shaped(_get(data, "country", str, ""), _COUNTRY, "country", "must be two capital letters"),
        file_size=_size(_get(data, "file_size", int, 0)),
        fault=_get(data, "fault", str, "") or None,
        holders=holders,
        insured=_insured(data["insured"]) if "insured" in data else None,
    )


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise CardProfileInvalid(f"{path}: {error.strerror}", field="") from error
    except ValueError as error:
        raise CardProfileInvalid(f"{path} is not UTF-8 text", field="") from error


def _holders(items: list[object]) -> tuple[VitalePerson, ...]:
    return tuple(_holder(item, f"holders[{position}].") for position, item in enumerate(items))


def _holder(item: object, where: str) -> VitalePerson:
    data = _object(item, frozenset(_HOLDER_FIELDS), where)
    person = VitalePerson(
        *(_encoded(_get(data, name, str, where=where), where + name, "Latin-1") for name in _HOLDER_FIELDS)
    )
    nir = person.nir.replace(" ", "")
    if not is_nir(nir):
        raise _wrong(where + "nir", "needs 15 characters of which the last two are the right key")
    if nir[7:10] != NO_COMMUNE:
        raise _wrong(where + "nir", "needs the commune 999, which does not exist")
    _shaped(person.birth_date, _BIRTH_DATE, where + "birth_date", "must be 8 digits, or 6 for a date without century")
    return VitalePerson(person.surname, person.given_name, person.birth_date, nir)


def _insured(item: object) -> EgkRecord:
    data = _object(item, frozenset(_INSURED_FIELDS), "insured.")
    texts = (_encoded(_get(data, name, str, where="insured."), "insured." + name, ENCODING) for name in _INSURED_FIELDS)
    insured = EgkRecord(*texts)
    if not is_insured_id(insured.insured_id) or not _FOUR_EQUAL_DIGITS.search(insured.insured_id[1:9]):
        raise _wrong("insured.insured_id", "needs a right check digit and four equal digits in a row")
    return insured


def _shaped(text: str, shape: re.Pattern[str], where: str, rule: str) -> str:
    if not shape.fullmatch(text):
        raise _wrong(where, rule)
    return text


def _encoded(text: str, where: str, encoding: str) -> str:
    try:
        text.encode(encoding)
    except UnicodeEncodeError as error:
        raise _wrong(where, f"has a character that {encoding} has not") from error
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
        raise _wrong(where + name, f"must be given as {_WORDS[kind]}")
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
