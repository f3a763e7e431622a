"""What a command reads from standard input or from a file.

Rules: JSON in UTF-8, strict and bounded; a PIN or an activation code comes from a file or from the keyboard without
echo, never from the arguments, which every process of the machine can read.
"""

import getpass
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from terminal.domain.errors import DomainError, InputInvalid
from terminal.i18n import text

MAX_INPUT: Final = 1_000_000


class SecretMissing(DomainError):
    """A PIN or code is needed, and there is neither a file nor a keyboard to give it."""

    code = "secret_missing"


def read_json() -> Any:
    """The JSON value on standard input; InputInvalid otherwise."""
    data = sys.stdin.buffer.read(MAX_INPUT + 1)
    if len(data) > MAX_INPUT:
        raise InputInvalid(key="$", reason="too_long")
    try:
        return msgspec.json.decode(data)
    except msgspec.MsgspecError as error:
        raise InputInvalid(key="$", reason="not_json") from error


def read_handed(file: Path) -> bytes:
    """The bytes of a quote that was handed over; InputInvalid when the file cannot be read, or has no end."""
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_INPUT)
    except OSError as error:
        raise InputInvalid(key="--from", reason="unreadable") from error


def read_secret(file: Path | None, prompt: str) -> str:
    """The first line of `file`, or what is typed without echo; SecretMissing when there is neither."""
    if file is not None:
        return _first_line(file)
    if not sys.stdin.isatty():
        raise SecretMissing(secret=prompt)
    return getpass.getpass(text(f"cli.prompt.{prompt}"))


def _first_line(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").splitlines()[0].strip()
    except (OSError, UnicodeDecodeError, IndexError) as error:
        raise SecretMissing(secret=file.name) from error
