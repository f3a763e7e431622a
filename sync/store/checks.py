"""Whether the encrypted file is whole, asked in the order that gives no false alarm.

Rules: first the write-ahead log is taken into the main file (`wal_checkpoint(TRUNCATE)`), because
`cipher_integrity_check` reads the main file only and reports pages that the log still covers; then every page's HMAC;
then the tables and indexes. A page finding is asked again after another checkpoint, so that a commit of another
process between the two is no false alarm.
"""

from dataclasses import dataclass
from typing import Any, Final

_TRIES: Final = 3


@dataclass(frozen=True)
class CheckLine:
    """One finding: its stable name, whether all is well, and a short English detail without personal data."""

    name: str
    ok: bool
    detail: str


def check_file(connection: Any) -> tuple[CheckLine, ...]:
    """The three findings about the file, on a driver connection that is in no transaction."""
    checkpoint, pages = _checkpoint(connection), _pages(connection)
    for _ in range(_TRIES - 1):
        if pages.ok:
            break
        checkpoint, pages = _checkpoint(connection), _pages(connection)
    return checkpoint, pages, _tables(connection)


def _checkpoint(connection: Any) -> CheckLine:
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return CheckLine("wal_checkpoint", not busy, "another process is reading" if busy else "ok")


def _pages(connection: Any) -> CheckLine:
    findings = connection.execute("PRAGMA cipher_integrity_check").fetchall()
    return CheckLine("cipher_integrity", not findings, f"{len(findings)} damaged pages" if findings else "ok")


def _tables(connection: Any) -> CheckLine:
    findings = [str(row[0]) for row in connection.execute("PRAGMA integrity_check").fetchall()]
    return CheckLine("integrity", findings == ["ok"], "ok" if findings == ["ok"] else f"{len(findings)} findings")
