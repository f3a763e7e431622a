"""`key`: the recovery code on paper, and other keys in the place of those in use.

Rules: the recovery code is shown once, on the terminal or on standard error, and in no answer that a script keeps; it
is typed back from the paper, without echo, before it counts.
"""

import argparse
import sys

from terminal.cli.input import MAX_INPUT, read_secret
from terminal.cli.output import Answer
from terminal.cli.session import logged_in
from terminal.i18n import text
from terminal.workflow import keys


def make_recovery_code(arguments: argparse.Namespace) -> Answer:
    """Show a new recovery code, have it typed back, and put it into service."""
    with logged_in(arguments) as desk:
        code = keys.new_recovery_code(desk)
        sys.stderr.write(text("cli.recovery_code", code=code.grouped()) + "\n")
        sys.stderr.flush()
        keys.keep_recovery_code(desk, code, _typed_back())
    return Answer({"recovery": True}, [text("cli.recovery_kept")])


def rotate(arguments: argparse.Namespace) -> Answer:
    """Exchange the store's key, or the device secret."""
    with logged_in(arguments) as desk:
        if arguments.which == "store":
            keys.rotate_store_key(desk)
            return Answer({"rotated": "store"}, [text("cli.store_key_changed")])
        name = keys.rotate_device_secret(desk, arguments.provider)
    return Answer({"rotated": "device", "provider": name}, [text("cli.device_secret_changed", name=name)])


def _typed_back() -> str:
    if sys.stdin.isatty():
        return read_secret(None, "recovery_again")
    return sys.stdin.readline(MAX_INPUT).strip()
