"""A QR code in the cells of a terminal.

Rules: the only importer of segno, which is loaded when a code is drawn. Dark on light whatever the theme, for many
scanners read nothing else, with a margin of two modules. Two modules in a cell by half blocks, which the font of a
Linux console lacks: there a module is two blank cells.
"""

from functools import lru_cache
from itertools import groupby
from typing import Final

from terminal.tui.spans import Line, Role, Room, Span

_MARGIN: Final = 2
_HALVES: Final = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}

Modules = tuple[tuple[bool, ...], ...]


def qr_lines(text: str, room: Room, *, half_blocks: bool) -> list[Line]:
    """The code as lines; none when the room is too small for a scanner to read it."""
    modules = qr_modules(text)
    drawn = _halves(modules) if half_blocks else _blanks(modules)
    width = len(modules[0]) * (1 if half_blocks else 2)
    return drawn if len(drawn) <= room.height and width <= room.width else []


@lru_cache(4)
def qr_modules(text: str) -> Modules:
    """The modules row by row, True for dark, with their margin."""
    import segno  # noqa: PLC0415 - loaded when a code is drawn

    code = segno.make_qr(text, error="m")
    return tuple(tuple(bool(module) for module in row) for row in code.matrix_iter(border=_MARGIN))


def _halves(modules: Modules) -> list[Line]:
    light = (False,) * len(modules[0])
    rows = [*modules, light] if len(modules) % 2 else [*modules]
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return [(Span("".join(_HALVES[pair] for pair in zip(*two, strict=True)), Role.CODE),) for two in pairs]


def _blanks(modules: Modules) -> list[Line]:
    return [
        tuple(Span("  " * len(list(run)), Role.CODE_DARK if dark else Role.CODE) for dark, run in groupby(row))
        for row in modules
    ]
