"""One line of a self-check: what was looked at, how it is, what to do.

Rules: looking never ends in a traceback; an error of the three trees is a line with its sentence.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from hardware import HardwareError
from sync.errors import SyncError
from terminal.domain.errors import DomainError
from terminal.i18n import error_text, text

Verdict = Literal["pass", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the examination; `todo` is empty when all is well."""

    name: str
    verdict: Verdict
    detail: str = ""
    todo: str = ""

    def to_json(self) -> dict[str, str]:
        """As the command line prints it."""
        return {"name": self.name, "verdict": self.verdict, "detail": self.detail, "todo": self.todo}

    def line(self) -> str:
        """As a person reads it."""
        said = text(f"cli.check_{self.verdict}", name=text(f"check.{self.name}"), detail=self.detail)
        return f"{said} {self.todo}".rstrip()


def attempt(name: str, look: Callable[[], str], otherwise: Verdict) -> Finding:
    """What `look` says, or the sentence of its error under this verdict."""
    try:
        return Finding(name, "pass", look())
    except (SyncError, DomainError, HardwareError) as error:
        return broken(name, error, otherwise)


def broken(name: str, error: SyncError | DomainError | HardwareError, verdict: Verdict = "fail") -> Finding:
    """The sentence of an error as a line."""
    what, todo = error_text(error.code, error.facts)
    return Finding(name, verdict, what, todo)
