"""Screens as the Linux console draws them: 16 colours, one font, no pixel of ours.

Rules: the real application in a pseudo-terminal with `TERM=linux`, seen through a terminal emulator (pyte) and drawn
cell by cell in the console's own palette (drivers/tty/vt/vt.c). What the emulator holds is what a console would get.
"""

import asyncio
import html
import os
import pty
import re
import select
import sys
from collections.abc import Iterator
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import NoReturn

import pyte
from pyte.screens import Char
from textual.pilot import Pilot

from terminal.tui.app import CounterApp
from terminal.tui.opening import Opened
from tests.tui.make_pictures import PICTURED, Scene, lead_to, scenes
from tests.tui.playing import Player
from tests.tui.scene_office import SceneOffice
from tests.tui.terminal_emulator import PATIENCE, as_emulated

COLUMNS, ROWS = 80, 25
WIDTH, HEIGHT = 10, 20
PALETTE = {
    "black": "#000000", "red": "#aa0000", "green": "#00aa00", "brown": "#aa5500", "blue": "#0000aa",
    "magenta": "#aa00aa", "cyan": "#00aaaa", "white": "#aaaaaa", "brightblack": "#555555", "brightred": "#ff5555",
    "brightgreen": "#55ff55", "brightbrown": "#ffff55", "brightblue": "#5555ff", "brightmagenta": "#ff55ff",
    "brightcyan": "#55ffff", "brightwhite": "#ffffff",
}  # fmt: skip
WORD = re.compile(r"[─-╿]|[^\s─-╿]+")
"""Lines of frames go sign by sign: not every renderer keeps to the length that a run is given."""
OVER = b"\x1b]2;over\x07"


async def show(scene: Scene, pilot: Pilot[int]) -> None:
    """Come to the moment, say so, and wait to be ended."""
    app = pilot.app
    assert isinstance(app, CounterApp)
    player = Player(app, pilot)
    await player.settle()
    await lead_to(player, scene)
    await player.settle()
    os.write(1, OVER)
    await asyncio.sleep(PATIENCE)


def child(scene: Scene) -> NoReturn:
    """The application on this process's terminal."""
    os.environ.update(TERM="linux", COLUMNS=str(COLUMNS), LINES=str(ROWS))
    os.environ.pop("COLORTERM", None)
    opened = Opened(scene.counter, SceneOffice(), idle_seconds=3600)
    app = CounterApp(lambda: opened, reader=None, theme=scene.theme)
    app.run(auto_pilot=partial(show, scene))
    os._exit(0)


def console(scene: Scene) -> pyte.Screen:
    """What a console shows of this moment."""
    display = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(display)
    pid, terminal = pty.fork()
    if pid == 0:
        child(scene)
    raw = b""
    while OVER not in raw:
        if not select.select([terminal], [], [], PATIENCE)[0]:
            raise TimeoutError("the moment never came")
        raw += os.read(terminal, 65536)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    os.close(terminal)
    stream.feed(as_emulated(raw.partition(OVER)[0]))
    return display


def colours(cell: Char) -> tuple[str, str]:
    """Letters and ground of a cell, in the console's palette: bold letters are bright, grounds never."""
    letters = "white" if cell.fg == "default" else cell.fg
    ground = "black" if cell.bg == "default" else cell.bg
    if cell.reverse:
        letters, ground = ground, letters
    ground = ground.removeprefix("bright")
    bright = f"bright{letters}" if cell.bold and not letters.startswith("bright") else letters
    return PALETTE[bright], PALETTE[ground]


def drawn(display: pyte.Screen) -> Iterator[str]:
    """The picture, element by element."""
    size = f'width="{COLUMNS * WIDTH}" height="{ROWS * HEIGHT}"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="monospace" font-size="16">'
    yield f'<rect {size} fill="#000000"/>'
    for row in range(ROWS):
        start = 0
        for (letters, ground), run in groupby((display.buffer[row][column] for column in range(COLUMNS)), colours):
            words = "".join(cell.data for cell in run)
            yield from _run(start * WIDTH, row * HEIGHT, words, letters, ground)
            start += len(words)
    yield "</svg>\n"


def _run(x: int, y: int, words: str, letters: str, ground: str) -> Iterator[str]:
    if ground != PALETTE["black"]:
        yield f'<rect x="{x}" y="{y}" width="{len(words) * WIDTH}" height="{HEIGHT}" fill="{ground}"/>'
    for word in WORD.finditer(words):
        place = f'x="{x + word.start() * WIDTH}" y="{y + 15}" textLength="{len(word.group()) * WIDTH}"'
        yield f'<text {place} fill="{letters}">{html.escape(word.group())}</text>'


def main(folder: Path) -> None:
    """Draw the main screens into `folder`."""
    for name, scene in scenes().items():
        if name in PICTURED:
            (folder / f"{name}-console.svg").write_text("\n".join(drawn(console(scene))), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("pictures"))
