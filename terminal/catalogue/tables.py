"""The catalogue's CSV files as bytes and as rows.

Rules: UTF-8, one header, every row as long as the header, as many rows as the manifest says; a damaged file is refused
whole with its name and row (CatalogueInvalid), never read in part.
"""

import csv
import io
import tomllib
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources.abc import Traversable
from typing import TypeVar
from zipfile import BadZipFile

from terminal.domain.errors import CatalogueInvalid, DomainError

Row = dict[str, str]
Parsed = TypeVar("Parsed")

MANIFEST = "catalogue.toml"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `catalogue.toml` says: name of these data, first day covered, rows of each file in digest order."""

    version: str
    effective_from: date
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands: catalogue version, file, row counted from 1 after the header."""

    version: str
    file: str
    row: int


def read_manifest(folder: Traversable) -> Manifest:
    """The manifest of the data in `folder`; CatalogueInvalid when it is missing or not whole."""
    try:
        raw = tomllib.loads(_bytes(folder, MANIFEST).decode())
        manifest = Manifest(raw["version"], raw["effective_from"], dict(raw["rows"]))
    except (ValueError, KeyError, TypeError) as error:
        raise CatalogueInvalid("the manifest is not whole", file=MANIFEST) from error
    if not (isinstance(manifest.version, str) and isinstance(manifest.effective_from, date)):
        raise CatalogueInvalid("the manifest is not whole", file=MANIFEST)
    return manifest


def data_bytes(folder: Traversable, names: Iterable[str]) -> bytes:
    """The exact bytes of the manifest and of the files `names`, one after the other."""
    return b"".join(_bytes(folder, name) for name in (MANIFEST, *names))


Parse = Callable[[Place, Row], Parsed]


def read_rows(folder: Traversable, manifest: Manifest, name: str, parse: Parse[Parsed]) -> tuple[Parsed, ...]:
    """Every row of the CSV file `name`, with its place, through `parse`; as many as the manifest says.

    Raises CatalogueInvalid with the row, counted from 1 after the header.
    """
    try:
        reader = csv.DictReader(io.StringIO(_bytes(folder, name).decode()), strict=True)
        rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise CatalogueInvalid("not CSV in UTF-8", file=name) from error
    if len(rows) != manifest.rows.get(name):
        raise CatalogueInvalid("not the number of rows of the manifest", file=name, rows=len(rows))
    return tuple(_parsed(Place(manifest.version, name, number), row, parse) for number, row in enumerate(rows, start=1))


def _parsed(place: Place, row: Row, parse: Parse[Parsed]) -> Parsed:
    # csv pads a short row with None and files the rest of a long one under None
    if None in row or None in row.values():
        raise CatalogueInvalid("a row of another length", file=place.file, row=place.row)
    try:
        return parse(place, row)
    except (ValueError, KeyError, ArithmeticError, DomainError) as error:
        raise CatalogueInvalid("a row that cannot be read", file=place.file, row=place.row) from error


def _bytes(folder: Traversable, name: str) -> bytes:
    try:
        return folder.joinpath(name).read_bytes()
    except (OSError, KeyError, BadZipFile, zlib.error) as error:
        raise CatalogueInvalid("a data file is missing or damaged", file=name) from error
