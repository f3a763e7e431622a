"""What services of this project write about themselves: one JSON object a line on standard error.

Rules: an event has a fixed name and facts that hold no personal data (counts, codes, insurer numbers, key ids, claim
ids); of an exception only the kind and the place are written, never its text, because a library may quote its input.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Final, TextIO

EVENTS: Final = logging.getLogger("comptoir")


def start_log(stream: TextIO | None = None) -> None:
    """Send every log line of this process to `stream` (default: standard error) as JSON."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_JsonLine())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    EVENTS.setLevel(logging.INFO)


def event(name: str, **facts: str | int | float | None) -> None:
    """Write one event of this project; facts that are None are left out."""
    EVENTS.info(name, extra={"facts": {key: value for key, value in facts.items() if value is not None}})


def fault(name: str, error: BaseException) -> None:
    """Write that something failed: kind and place of `error`, not its text."""
    EVENTS.error(name, exc_info=error)


class _JsonLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": str(record.msg),
            **getattr(record, "facts", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line.update(_kind_and_place(record.exc_info[1]))
        return json.dumps(line, ensure_ascii=False)


def _kind_and_place(error: BaseException) -> dict[str, str]:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace is not None else "unknown"
    return {"error": type(error).__name__, "place": place}
