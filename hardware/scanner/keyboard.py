"""The keys of a scanner that is a keyboard to the kernel, decoded as its maker meant them.

Rules: pure; codes are those of linux/input-event-codes.h and the layout is the American one that scanners have from
the factory, whatever the console's keyboard is. Ctrl with `]` is GS, as scanners send it. A key with no character is
nothing; releases matter for Shift and Ctrl alone.
"""

from typing import Final

from hardware.scanner.codes import GS, LONGEST

PRESSED: Final = 1
RELEASED: Final = 0
_ENTER: Final = frozenset({28, 96})
_SHIFT: Final = frozenset({42, 54})
_CTRL: Final = frozenset({29, 97})
_RIGHT_BRACKET: Final = 27
_PLAIN: Final = {
    **dict(enumerate("1234567890-=", 2)),
    **dict(enumerate("qwertyuiop[]", 16)),
    **dict(enumerate("asdfghjkl;'`", 30)),
    **dict(enumerate("\\zxcvbnm,./", 43)),
    57: " ",
    **dict(zip((82, 79, 80, 81, 75, 76, 77, 71, 72, 73), "0123456789", strict=True)),
    **dict(zip((55, 74, 78, 83, 98), "*-+./", strict=True)),
}
_SHIFTED: Final = dict(zip("1234567890-=[];'`\\,./", '!@#$%^&*()_+{}:"~|<>?', strict=True))
_KEYPAD: Final = frozenset({55, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 98})


class KeyDecoder:
    """Key events in, whole messages out."""

    def __init__(self) -> None:
        self._text = ""
        self._held: set[int] = set()

    def feed(self, code: int, value: int) -> str | None:
        """One key event; the message when it was Enter. A message that outgrows every code is cut there."""
        if code in _SHIFT | _CTRL:
            (self._held.discard if value == RELEASED else self._held.add)(code)
        elif value == PRESSED and code in _ENTER:
            text, self._text = self._text, ""
            return text or None
        elif value == PRESSED and len(self._text) <= LONGEST:
            self._text += self._character(code)
        return None

    def _character(self, code: int) -> str:
        if self._held & _CTRL:
            return GS if code == _RIGHT_BRACKET else ""
        plain = _PLAIN.get(code, "")
        if not self._held & _SHIFT or code in _KEYPAD:
            return plain
        return _SHIFTED.get(plain, plain.upper())
