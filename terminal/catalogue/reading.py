"""From a file that somebody brings to the codes in it: which form it has, and its digest.

Rules: the form is told by the content, not by the name: an NX text, our CSV, a zip with one of them, or the two dBase
tables (in a zip, in a folder, or one beside the other). A file is bounded before it is read, a zip before it is opened.
"""

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from zipfile import BadZipFile, ZipFile

from terminal.catalogue.nx import read_nx
from terminal.catalogue.official import Official
from terminal.catalogue.own_csv import COLUMNS, read_csv
from terminal.domain.errors import ImportUnreadable

MAX_BYTES: Final = 128 * 1024 * 1024
"""Ten times the largest base that was seen."""

_FORMS: Final = "NX (LPPTOT), DBF (fiche + histo), CSV"


def read_official(path: Path) -> Official:
    """The codes and tariffs in `path`. Raises ImportUnreadable or ImportInvalid; nothing is changed anywhere."""
    if path.is_dir() or path.suffix.lower() == ".dbf":
        return _tables(path if path.is_dir() else path.parent, path.name)
    data = _bounded(path)
    if data.startswith(b"PK"):
        return _zipped(path, data)
    return _text(data, path.name, hashlib.sha256(data).hexdigest())


def _bounded(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ImportUnreadable("too large", reason="too_large", accepted=str(MAX_BYTES))
        return path.read_bytes()
    except OSError as error:
        raise ImportUnreadable("cannot be read", reason="missing", accepted=_FORMS) from error


def _text(data: bytes, name: str, sha256: str) -> Official:
    start = data[:200].removeprefix(b"\xef\xbb\xbf")
    if start.startswith(COLUMNS[0].encode()):
        return read_csv(data, name, sha256)
    if start[:3] in (b"000", b"101"):
        return read_nx(data, name, sha256)
    raise ImportUnreadable("no known form", reason="form", accepted=_FORMS)


def _zipped(path: Path, data: bytes) -> Official:
    """The one text in a zip, or its two tables."""
    try:
        with ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if sum(member.file_size for member in members) > MAX_BYTES:
                raise ImportUnreadable("too large", reason="too_large", accepted=str(MAX_BYTES))
            if len(members) == 1:
                return _text(archive.read(members[0]), members[0].filename, hashlib.sha256(data).hexdigest())
            return _extracted(archive, path.name)
    except (BadZipFile, OSError, NotImplementedError, RuntimeError) as error:
        raise ImportUnreadable("a damaged zip", reason="zip", accepted=_FORMS) from error


def _extracted(archive: ZipFile, name: str) -> Official:
    with tempfile.TemporaryDirectory(prefix="comptoir-lpp-") as folder:
        for member in archive.infolist():
            if member.filename.lower().endswith(".dbf"):
                Path(folder, Path(member.filename).name).write_bytes(archive.read(member))
        return _tables(Path(folder), name)


def _tables(folder: Path, name: str) -> Official:
    """The two tables of a folder; the library of dBase tables is loaded here, when it is needed."""
    from terminal.catalogue.dbf import CODES, TARIFFS, read_dbf  # noqa: PLC0415 - only an import of tables needs it

    codes, tariffs = (_only(sorted(folder.glob("*")), kind) for kind in (CODES, TARIFFS))
    digest = hashlib.sha256(_bounded(codes) + _bounded(tariffs)).hexdigest()
    return read_dbf(codes, tariffs, name, digest)


def _only(paths: Sequence[Path], kind: str) -> Path:
    found = [path for path in paths if kind in path.stem.lower() and path.suffix.lower() == ".dbf"]
    if len(found) != 1:
        raise ImportUnreadable("not exactly one table", reason=f"table_{kind}", accepted=_FORMS)
    return found[0]
