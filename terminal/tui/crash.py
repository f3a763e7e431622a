"""What is shown when something unforeseen happens.

Rules: never a value, never a message of an exception, never a local variable, for any of them may hold a person; only
the type of the error and the place in our own code. The sentence says first that nothing is lost, which is true: what
was registered is durable.
"""

from pathlib import Path
from types import TracebackType

from terminal.i18n import text

UNEXPECTED = "unexpected"
OWN_CODE = Path(__file__).resolve().parents[2]


def place_of(error: BaseException) -> str:
    """Type of the error and the last place in this project's code, as `ValueError claim_form.py:12`."""
    places = [_place(step) for step in _steps(error.__traceback__) if _is_ours(step)]
    return " ".join([type(error).__name__, *places[-1:]])


def crash_text(error: BaseException | None) -> str:
    """The lines left on the terminal after a crash."""
    where = place_of(error) if error is not None else "?"
    return "\n".join([text("crash.what"), text("crash.kept"), text("crash.todo"), text("crash.where", where=where)])


def code_and_facts(error: Exception) -> tuple[str, dict[str, object]]:
    """The code and facts of an error of our trees; for any other, a code that says it was not foreseen."""
    code, facts = getattr(error, "code", None), getattr(error, "facts", None)
    if isinstance(code, str) and isinstance(facts, dict):
        return code, facts
    return UNEXPECTED, {"where": place_of(error)}


def _steps(traceback: TracebackType | None) -> list[TracebackType]:
    steps = []
    while traceback is not None:
        steps.append(traceback)
        traceback = traceback.tb_next
    return steps


def _is_ours(step: TracebackType) -> bool:
    name = step.tb_frame.f_code.co_filename
    return Path(name).is_relative_to(OWN_CODE) and "site-packages" not in name


def _place(step: TracebackType) -> str:
    return f"{Path(step.tb_frame.f_code.co_filename).name}:{step.tb_lineno}"
