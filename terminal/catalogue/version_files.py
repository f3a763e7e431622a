"""The files of a version that an import makes, and the one zip that they are kept in.

Rules: the tables of generic and regroupement codes are the bytes of the version before; makers' codes and ended codes
are rewritten with the imported ones; every period of every code is in the tariffs files. The same input gives the same
bytes.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from importlib.resources.abc import Traversable
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo
from zipfile import Path as ZipPath

from terminal.catalogue.catalogue import Catalogue
from terminal.catalogue.official import Official, OfficialCode, invalid
from terminal.catalogue.periods import Period, laid_over, official_periods, periods_of
from terminal.catalogue.tables import MANIFEST
from terminal.catalogue.version import GENERIC_TARIFFS, MAKER_TARIFFS
from terminal.domain.identifiers import LppCode

TARIFF_COLUMNS: Final = (
    "code_lpp", "debut", "fin", "nature", "sur_devis", "plv_ttc", "base_remboursement", "quantite_max", "confiance",
    "source",
)  # fmt: skip
_NATURE: Final = re.compile("[A-Z][A-Z0-9]{2}", re.ASCII)
_ORIGIN: Final = "import"
Rows = list[dict[str, str]]


def version_files(before: Catalogue, official: Official, kept: Sequence[OfficialCode], first: date) -> dict[str, bytes]:
    """The files of the version after `before`, by name, in the order of the digest, the manifest first.

    `kept` are the codes of optics, `first` is the first service date. Raises ImportInvalid with the record.
    """
    periods = _periods(before, official, kept)
    generic = {code: found for code, found in periods.items() if code in before.data.generics}
    other = {code: found for code, found in periods.items() if code not in generic}
    tables = {
        "generic_codes.csv": _bytes_of(before, "generic_codes.csv"),
        "maker_codes.csv": _makers(before, official, kept),
        "closed_codes.csv": _closed(before, official, kept),
        "regroupement_codes.csv": _bytes_of(before, "regroupement_codes.csv"),
        GENERIC_TARIFFS: _tariffs(generic),
        MAKER_TARIFFS: _tariffs(other),
    }
    return {MANIFEST: _manifest(before, official, first, tables), **tables}


def _periods(before: Catalogue, official: Official, kept: Sequence[OfficialCode]) -> Mapping[LppCode, Sequence[Period]]:
    """The periods of every code that has any, by code."""
    old = {**before.data.generic_periods, **before.data.maker_periods}
    periods = {code: [Period.of(period) for period in found] for code, found in old.items()}
    for code in kept:
        _check_natures(code)
        new = official_periods(official, code)
        if official.whole and new:
            periods[code.code] = new
        elif new:
            periods[code.code] = laid_over(periods.get(code.code) or periods_of(before, code.code), new)
    return periods


def _check_natures(code: OfficialCode) -> None:
    for tariff in code.tariffs:
        if tariff.nature is not None and _NATURE.fullmatch(tariff.nature) is None:
            raise invalid(tariff.record, "nature", str(code.code))


def _makers(before: Catalogue, official: Official, kept: Sequence[OfficialCode]) -> bytes:
    columns, rows = _rows(before, "maker_codes.csv")
    known = before.data.generics.keys() | before.data.makers.keys() | before.data.closed.keys()
    for code in sorted((code for code in kept if code.code not in known), key=lambda code: code.code):
        if not code.label:
            raise invalid(code.record, "label", str(code.code))
        row = {"code_lpp": str(code.code), "libelle_cnam": code.label, "age_max": str(code.age_max or "")}
        tree = {"arborescence": ".".join(code.tree or ()), "cle_ok": "O", "source": _named(official, code.record)}
        rows.append(dict.fromkeys(columns, "") | row | tree)
    return _csv(columns, rows)


def _closed(before: Catalogue, official: Official, kept: Sequence[OfficialCode]) -> bytes:
    """Codes that the full base ends are added, those that it gives no end any more are taken out."""
    columns, rows = _rows(before, "closed_codes.csv")
    if not official.whole:
        return _csv(columns, rows)
    said = {str(code.code): code for code in kept}
    rows = [row for row in rows if row["code_lpp"] not in said]
    for code in sorted((code for code in kept if code.ended), key=lambda code: code.code):
        ended = {"code_lpp": str(code.code), "libelle_cnam": code.label, "date_fin": f"{code.ended}"}
        rows.append(dict.fromkeys(columns, "") | ended | {"source": _named(official, code.record)})
    return _csv(columns, rows)


def _tariffs(periods: Mapping[LppCode, Sequence[Period]]) -> bytes:
    return _csv(TARIFF_COLUMNS, [period.row(code) for code in sorted(periods) for period in periods[code]])


def _manifest(before: Catalogue, official: Official, first: date, tables: Mapping[str, bytes]) -> bytes:
    counts = [f'"{name}" = {len(_read_csv(content)[1])}' for name, content in tables.items()]
    lines = [
        "# Made by an import. The digest is SHA-256 over this file, then over each of these.",
        f'version = "{official.form}-{official.sha256[:12]}"',
        f"effective_from = {first.isoformat()}",
        f'before = "{before.digest}"',
        f'origin = "{official.form} {official.sha256}"',
        "",
        "[rows]",
        *counts,
    ]
    return ("\n".join(lines) + "\n").encode()


def _named(official: Official, record: int) -> str:
    return f"{_ORIGIN} {official.form} {official.sha256[:12]} #{record}"


def _bytes_of(before: Catalogue, name: str) -> bytes:
    return before.data.folder.joinpath(name).read_bytes()


def _rows(before: Catalogue, name: str) -> tuple[Sequence[str], Rows]:
    return _read_csv(_bytes_of(before, name))


def _read_csv(content: bytes) -> tuple[Sequence[str], Rows]:
    reader = csv.DictReader(io.StringIO(content.decode(), newline=""))
    rows = list(reader)
    return tuple(reader.fieldnames or ()), rows


def _csv(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def zipped(files: Mapping[str, bytes]) -> bytes:
    """One zip with these files in this order; the same files give the same bytes."""
    buffer = io.BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = ZipInfo(name)
            info.compress_type = ZIP_DEFLATED
            archive.writestr(info, content)
    return buffer.getvalue()


def unzipped(content: bytes) -> Traversable:
    """The folder inside a zip, in memory."""
    return ZipPath(ZipFile(io.BytesIO(content)))
