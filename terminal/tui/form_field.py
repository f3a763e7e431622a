"""One field of a form: what it lets in, where its caret is.

Rules: pure; a key is either taken whole or refused aloud, never swallowed; a figure takes AZERTY's unshifted top row;
the first character typed into a field that was just entered replaces what was there; what a field holds never shows
in a repr.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto

from terminal.tui.entry import EntryError, azerty_digit, azerty_written

NIR_LENGTH = 15
MASK = "•"


class Kind(Enum):
    """What a field takes: CHOICE is a number from 1 to `choices`, WRITTEN a correction, SECRET shows dots.

    FREE is in capitals, LINE as it is typed.
    """

    CHOICE = auto()
    DIGITS = auto()
    DAY = auto()
    AMOUNT = auto()
    WRITTEN = auto()
    NIR = auto()
    SECRET = auto()
    NAME = auto()
    FREE = auto()
    LINE = auto()


@dataclass(slots=True)
class Field:
    """A field and its state. `given`: it holds what the terminal put there, and Enter passes over it."""

    key: str
    kind: Kind
    width: int
    missing: str | None = None
    """Code of the error when it is left empty; None when it may be."""
    choices: int = 0
    hidden: bool = False
    aside: bool = False
    """Seldom filled: Enter passes over it, arrows reach it."""
    longest: int = 0
    """Most characters, where that is more than `width`: the field then shows a part."""
    blind: bool = False
    """Shown as dots, and closed to pasting: for a second entry that must not copy the first."""
    complete: Callable[[str], bool] | None = None
    """True when nothing can follow: the form then goes on by itself."""
    tidy: Callable[[str], str] | None = None
    """How the text is written once the field is left; it may raise EntryError, and then nothing changes."""
    text: str = field(default="", repr=False)
    caret: int = 0
    fresh: bool = True
    given: bool = False

    def give(self, text: str) -> None:
        """Put a value of the terminal's own, unless somebody typed one."""
        if self.given or not self.text:
            self.put(text)
            self.given = bool(text)

    def put(self, text: str) -> None:
        """Put a value as if it had been typed."""
        self.text, self.caret, self.fresh, self.given = text, len(text), True, False

    def take(self, character: str) -> bool:
        """Insert one character at the caret; False when the field does not take it there."""
        before, after = ("", "") if self.fresh else (self.text[: self.caret], self.text[self.caret :])
        accepted = self._accepted(character, before)
        if not accepted:
            return accepted is not None
        text = before + accepted + after
        if len(text) > max(self.width, self.longest):
            return False
        if self.kind is Kind.CHOICE and not 1 <= int(text) <= self.choices:
            return False
        self.text, self.caret = text, len(before) + len(accepted)
        self.fresh = self.given = False
        return True

    def erase(self, *, forward: bool = False) -> bool:
        """Delete the character before the caret, or the one after; True when the text changed."""
        start = self.caret if forward else self.caret - 1
        if start < 0 or start >= len(self.text):
            return False
        self.text, self.caret = self.text[:start] + self.text[start + 1 :], start
        self.fresh = self.given = False
        return True

    def move(self, caret: int) -> None:
        """Put the caret, within the text; what is typed next is inserted, not replaced."""
        self.caret, self.fresh = min(max(caret, 0), len(self.text)), False

    def leave(self) -> None:
        """Write the text in full: `120` as `120,00`."""
        if self.tidy is not None and self.text:
            with suppress(EntryError):
                self.text = self.tidy(self.text)

    def shown(self) -> str:
        """The text as the screen may show it."""
        return MASK * len(self.text) if self.blind or self.kind is Kind.SECRET else self.text

    def first_shown(self) -> int:
        """The place of the first character that is shown while the caret is in a text that is longer than the field."""
        return max(0, self.caret - self.width + 1)

    def is_complete(self) -> bool:
        """True when the form may go on by itself: the caret is at the end and nothing can follow."""
        if self.caret != len(self.text):
            return False
        if self.complete is not None:
            return self.complete(self.text)
        return self.kind is Kind.CHOICE and int(self.text or "0") * 10 > self.choices

    def _accepted(self, character: str, before: str) -> str | None:
        """What goes in for `character` after `before`: nothing for a separator that people add, None for a refusal."""
        if self.kind is Kind.LINE:
            return character
        if self.kind is Kind.FREE or (self.kind is Kind.NAME and (before or character.isalpha())):
            return character.upper()
        if self.kind is Kind.WRITTEN:
            return azerty_written(character, before)
        return None if self.kind is Kind.NAME else self._figure(azerty_digit(character), before)

    def _figure(self, figure: str, before: str) -> str | None:
        if figure.isascii() and figure.isdigit():
            return figure
        if figure in ".," and self.kind is Kind.AMOUNT:
            return None if "," in before else ","
        if figure.upper() in ("A", "B") and self.kind is Kind.NIR and len(before) == 6:
            return figure.upper()
        return "" if figure in _SEPARATORS.get(self.kind, "") else None


_SEPARATORS = {Kind.DAY: " /.", Kind.NIR: " ", Kind.AMOUNT: " \u00a0€"}
