"""Running one command and saying what came of it.

Rules: one JSON object on standard output with `--json`, lines of French otherwise; errors never show a traceback for
what a user, a card, a file or an insurer can cause; a broken pipe is silence; an interruption is status 130.
"""

import argparse
import gc
import importlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hardware import HardwareError
from sync.errors import SyncError
from sync.memory import forbid_core_files
from terminal.domain.errors import DomainError
from terminal.i18n import error_text, text

DONE, REFUSED, USAGE, MISSING = 0, 1, 2, 3
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command has to say: `data` for `--json`, `lines` for people, and its exit status."""

    data: Mapping[str, Any]
    lines: Sequence[str] = field(default_factory=tuple)
    status: int = DONE


def run(arguments: argparse.Namespace) -> int:
    """Import and run the command's handler; print its answer or its error."""
    forbid_core_files()
    try:
        answer = _handler(arguments.handler)(arguments)
    except (DomainError, SyncError, HardwareError) as error:
        return _fail(error, as_json=arguments.json)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return REFUSED
    _say(answer, as_json=arguments.json)
    return answer.status


def _handler(name: str) -> Callable[[argparse.Namespace], Answer]:
    module, function = name.split(":")
    gc.disable()  # what is loaded stays: looking for garbage in it is time that somebody waits
    handler: Callable[[argparse.Namespace], Answer] = getattr(
        importlib.import_module(f"terminal.cli.{module}"), function
    )
    gc.freeze()
    gc.enable()
    return handler


def _say(answer: Answer, *, as_json: bool) -> None:
    if as_json:
        _write(json.dumps(answer.data, ensure_ascii=False, separators=(",", ":")))
    elif answer.lines:
        _write("\n".join(answer.lines))


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _fail(error: DomainError | SyncError | HardwareError, *, as_json: bool) -> int:
    what, remedy = error_text(error.code, error.facts)
    if as_json:
        document = {"code": error.code, "message": what, "remedy": remedy, "facts": error.facts}
        _write(json.dumps({"error": document}, ensure_ascii=False, separators=(",", ":")))
    sys.stderr.write(text("cli.refused", what=what, remedy=remedy) + "\n")
    return MISSING if error.environment else REFUSED
