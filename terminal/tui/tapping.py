"""What a finger or a mouse means on a drawn line: the key whose cap is there, or whose label is.

Rules: pure; whatever is drawn as a key cap can be touched, and does what the key does; a cap that stands for several
keys (arrows, a range of figures) does nothing.
"""

from terminal.i18n import text
from terminal.tui.form_model import Stroke
from terminal.tui.spans import Line, Role

_FUNCTION_KEYS = {f"F{number}": f"f{number}" for number in range(1, 13)}


def key_under(line: Line, x: int) -> Stroke | None:
    """The key at this column, its label included; None where there is none."""
    cap, start = "", 0
    for span in line:
        if span.role is Role.KEY:
            cap = span.text.strip()
        elif not span.text.strip() and len(span.text) > 2:
            cap = ""
        start += len(span.text)
        if x < start:
            return _stroke(cap)
    return None


def _stroke(cap: str) -> Stroke | None:
    if len(cap) == 1 and cap.isdigit():
        return Stroke(cap, cap)
    named = {text("key.enter"): "enter", text("key.escape"): "escape", **_FUNCTION_KEYS}
    return Stroke(named[cap]) if cap in named else None
