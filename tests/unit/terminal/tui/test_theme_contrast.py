"""Every theme can be read: contrast at least 6:1 for every role, computed as WCAG 2 says."""

import pytest

from terminal.tui.spans import Role
from terminal.tui.themes import CONSOLE, DARK, LIGHT, PALETTES, Ink, Palette, palette_named

LEAST = 6.0
GROUNDS = ("#000000", "#aa0000", "#00aa00", "#aa5500", "#0000aa", "#aa00aa", "#00aaaa", "#aaaaaa")
BRIGHT = ("#555555", "#ff5555", "#55ff55", "#ffff55", "#5555ff", "#ff55ff", "#55ffff", "#ffffff")
"""What the Linux console can show (console_codes(4), drivers/tty/vt/vt.c)."""


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2.2)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours (WCAG 2.2)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_the_standard_says() -> None:
    """Black on white is 21:1, a colour on itself 1:1, #777777 on white 4.48:1."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#123456", "#123456") == pytest.approx(1)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("palette", PALETTES.values(), ids=lambda palette: palette.name)
@pytest.mark.parametrize("role", list(Role))
def test_every_role_can_be_read(palette: Palette, role: Role) -> None:
    """On its own ground."""
    ink: Ink = palette.inks[role]
    assert contrast(ink.colour, ink.ground) >= LEAST


@pytest.mark.parametrize("palette", PALETTES.values(), ids=lambda palette: palette.name)
def test_frames_can_be_seen(palette: Palette) -> None:
    """On the page."""
    page = palette.inks[Role.TEXT].ground
    assert {name: ratio for name, colour in palette.frames.items() if (ratio := contrast(colour, page)) < LEAST} == {}


def test_a_field_differs_from_the_page_and_the_active_one_from_both() -> None:
    """Beside the brackets."""
    for palette in (DARK, LIGHT):
        grounds = {palette.inks[role].ground for role in (Role.TEXT, Role.FIELD, Role.ACTIVE)}
        assert len(grounds) == 3


def test_the_settings_name_the_themes_in_french() -> None:
    """An unknown name is dark."""
    assert [palette_named(name) for name in ("clair", "sombre", "?")] == [LIGHT, DARK, DARK]


def test_the_linux_console_has_colours_that_it_can_show() -> None:
    """Eight grounds, sixteen letters, and bold only where it changes no colour; whatever theme the settings name."""
    for ink in CONSOLE.inks.values():
        assert ink.ground in GROUNDS
        assert ink.colour in (BRIGHT if ink.bold else (*GROUNDS, *BRIGHT))
    assert [palette_named(name, "linux") for name in ("clair", "sombre")] == [CONSOLE, CONSOLE]
