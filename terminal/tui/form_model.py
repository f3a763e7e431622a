"""A form: fields in order, one cursor, keys in the order in which they come.

Rules: pure and synchronous, so that a burst (a scanner, a fast hand) lands in the right fields whatever the screen is
doing. Enter goes to the next field that the terminal did not fill itself; arrows and Tab visit every field. A
complete field goes on by itself; the Enter that a hand or a scanner adds right after is absorbed, so that it cannot
skip a field; what is seldom needed is passed over until an arrow asks for it.
"""

from collections.abc import Callable, Iterable
from enum import Enum, auto
from typing import NamedTuple

from terminal.tui.form_field import Field


class Stroke(NamedTuple):
    """A key by its name, and the character it types if it types one."""

    key: str
    character: str | None = None


class Outcome(Enum):
    """What a key did: END is Enter on the last field; IGNORED is a key that is no matter of a form."""

    CHANGED = auto()
    MOVED = auto()
    REFUSED = auto()
    END = auto()
    IGNORED = auto()


class Form:
    """The fields and the cursor. `active` is the key of the field that takes characters.

    `settle` is told the key of each field whose text changed, before the cursor moves on: what follows from a field
    is in place when the next key comes.
    """

    def __init__(self, fields: Iterable[Field], settle: Callable[[str], None] = lambda _key: None) -> None:
        self.fields = {item.key: item for item in fields}
        self.active = ""
        self._settle = settle
        self._absorb_enter = False
        self.to_first_empty()

    def __getitem__(self, key: str) -> Field:
        return self.fields[key]

    @property
    def field(self) -> Field:
        """The active field."""
        return self.fields[self.active]

    def visible(self) -> list[Field]:
        """The fields that can be reached, in order."""
        return [item for item in self.fields.values() if not item.hidden]

    def value(self, key: str) -> str:
        """The text of a field, or nothing when it is hidden."""
        item = self.fields[key]
        return "" if item.hidden else item.text

    def press(self, stroke: Stroke) -> Outcome:
        """Apply one key."""
        key, character = stroke
        absorb, self._absorb_enter = self._absorb_enter, False
        if key == "enter":
            return Outcome.MOVED if absorb else self._enter()
        if key in _MOVES:
            return self._step(_MOVES[key])
        if key in _EDITS:
            return self._edit(key)
        if character is None or not character.isprintable() or len(character) != 1:
            return Outcome.IGNORED
        return self._type(character)

    def paste(self, text: str) -> Outcome:
        """Type a whole text; refused by a field that wants it typed."""
        if self.field.blind:
            return Outcome.REFUSED
        outcomes = [self.press(Stroke("enter" if character in "\r\n" else "", character)) for character in text]
        return Outcome.REFUSED if Outcome.REFUSED in outcomes else Outcome.CHANGED

    def go(self, key: str) -> None:
        """Make a field the active one."""
        if self.active:
            self.field.leave()
        self.active = key
        item = self.fields[key]
        item.caret, item.fresh = len(item.text), True

    def to_first_empty(self) -> None:
        """Go to the first field that waits for a person."""
        reachable = self.visible()
        waiting = next((item for item in reachable if not (item.text or item.aside)), reachable[0])
        self.go(waiting.key)

    def missing(self) -> Field | None:
        """The first field that must be filled and is not."""
        return next((item for item in self.visible() if item.missing and not item.text), None)

    def _enter(self) -> Outcome:
        following = next((item for item in self._after() if not (item.given or item.aside)), None)
        if following is None:
            return Outcome.END
        self.go(following.key)
        return Outcome.MOVED

    def _after(self) -> list[Field]:
        reachable = self.visible()
        return reachable[reachable.index(self.field) + 1 :]

    def _step(self, way: int) -> Outcome:
        reachable = self.visible()
        place = min(max(reachable.index(self.field) + way, 0), len(reachable) - 1)
        self.go(reachable[place].key)
        return Outcome.MOVED

    def _edit(self, key: str) -> Outcome:
        item = self.field
        if key in ("backspace", "delete"):
            return self._erase(item, forward=key == "delete")
        carets = {"left": item.caret - 1, "right": item.caret + 1, "home": 0, "end": len(item.text)}
        item.move(carets[key])
        return Outcome.MOVED

    def _erase(self, item: Field, *, forward: bool) -> Outcome:
        if not item.erase(forward=forward):
            return Outcome.MOVED
        self._settle(item.key)
        return Outcome.CHANGED

    def _type(self, character: str) -> Outcome:
        if not self.field.take(character):
            return Outcome.REFUSED
        self._settle(self.active)
        if self.field.is_complete() and self._enter() is Outcome.MOVED:
            self._absorb_enter = True
        return Outcome.CHANGED


_MOVES = {"tab": 1, "down": 1, "shift+tab": -1, "up": -1}
_EDITS = ("backspace", "delete", "left", "right", "home", "end")
