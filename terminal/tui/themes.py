"""The themes: what each role looks like on a dark and on a light ground, and on the Linux console.

Rules: every role keeps a contrast of at least 6:1 (WCAG 1.4.6 asks 7:1 for small text, 4.5:1 is its floor); a field
has brackets as well as a ground, for a console of sixteen colours drops the ground. Amber is "take care", red is
"blocked or refused". The Linux console has eight grounds, and its bold makes a colour bright, which turns black into
grey and brown into yellow: there only bright letters are bold, and there is no light theme (console_codes(4)).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from textual.theme import Theme

from terminal.tui.spans import Role


@dataclass(frozen=True, slots=True)
class Ink:
    """Colours of one role, as #rrggbb."""

    colour: str
    ground: str
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Palette:
    """A theme: its inks by role, and the colours of frames."""

    name: str
    dark: bool
    inks: Mapping[Role, Ink]
    frames: Mapping[str, str]

    def theme(self) -> Theme:
        """The same as a Textual theme, for the stylesheet."""
        ground, text = self.inks[Role.TEXT].ground, self.inks[Role.TEXT].colour
        return Theme(
            name=self.name,
            primary=self.frames["frame-strong"],
            background=ground,
            surface=ground,
            panel=ground,
            foreground=text,
            dark=self.dark,
            variables={"bar": self.inks[Role.BAR].ground, **self.frames},
        )


def _inks(page: str, bar: str, text: str, colours: Mapping[str, str]) -> dict[Role, Ink]:
    alarm = Ink("#000000", colours["alarm"])
    return {
        Role.TEXT: Ink(text, page),
        Role.MUTED: Ink(colours["muted"], page),
        Role.STRONG: Ink(text, page, bold=True),
        Role.TITLE: Ink(colours["accent"], page, bold=True),
        Role.GOOD: Ink(colours["good"], page, bold=True),
        Role.WARN: Ink(colours["warn"], page, bold=True),
        Role.BAD: Ink(colours["bad"], page, bold=True),
        Role.FIELD: Ink(text, bar),
        Role.ACTIVE: Ink(page, text, bold=True),
        Role.CARET: Ink(text, page, bold=True),
        Role.SELECTED: Ink(page, text),
        Role.KEY: Ink(page, text, bold=True),
        Role.BAR: Ink(text, bar),
        Role.BAR_STRONG: Ink(text, bar, bold=True),
        Role.BAR_WARN: Ink(colours["warn"], bar, bold=True),
        Role.BAR_BAD: Ink(colours["bad"], bar, bold=True),
        Role.ALARM: alarm,
        Role.ALARM_STRONG: Ink(alarm.colour, alarm.ground, bold=True),
        Role.CALL: Ink(page, colours["warn"], bold=True),
        Role.CODE: Ink("#000000", "#ffffff"),
        Role.CODE_DARK: Ink("#ffffff", "#000000"),
    }


_DARK = {
    "muted": "#b8c2cc",
    "accent": "#5fd7ff",
    "good": "#5fff87",
    "warn": "#ffd75f",
    "bad": "#ff8787",
    "alarm": "#ffd75f",
}
_LIGHT = {
    "muted": "#4a4f57",
    "accent": "#003f8a",
    "good": "#005010",
    "warn": "#6b3f00",
    "bad": "#8f0000",
    "alarm": "#ffc933",
}


def _frames(colours: Mapping[str, str]) -> dict[str, str]:
    return {
        "frame": colours["muted"],
        "frame-strong": colours["accent"],
        "frame-warn": colours["warn"],
        "frame-good": colours["good"],
    }


DARK = Palette("comptoir-sombre", True, _inks("#000000", "#22272b", "#ffffff", _DARK), _frames(_DARK))  # noqa: FBT003 - a named field
LIGHT = Palette("comptoir-clair", False, _inks("#ffffff", "#e4e7ec", "#000000", _LIGHT), _frames(_LIGHT))  # noqa: FBT003 - a named field


_VGA = {
    "muted": "#aaaaaa",
    "accent": "#55ffff",
    "good": "#55ff55",
    "warn": "#ffff55",
    "bad": "#ff5555",
    "alarm": "#aaaaaa",
}
_BLACK, _GREY, _CYAN = "#000000", "#aaaaaa", "#00aaaa"


def _on_console() -> dict[Role, Ink]:
    reversed_ = {role: Ink(_BLACK, _GREY) for role in (Role.ACTIVE, Role.SELECTED, Role.KEY, Role.ALARM, Role.CODE)}
    inks = _inks(_BLACK, _BLACK, "#ffffff", _VGA)
    return {**inks, **reversed_, Role.ALARM_STRONG: Ink(_BLACK, _GREY), Role.CALL: Ink(_BLACK, _CYAN)}


CONSOLE = Palette("comptoir-console", True, _on_console(), _frames(_VGA))  # noqa: FBT003 - a named field
PALETTES = {palette.name: palette for palette in (DARK, LIGHT, CONSOLE)}


def palette_named(name: str, terminal: str = "") -> Palette:
    """`clair` or `sombre`, as the settings name them; anything else is dark, for a screen must always open.

    `terminal` is what `TERM` says: the Linux console has colours of its own.
    """
    if terminal == "linux":
        return CONSOLE
    return LIGHT if name == "clair" else DARK
