"""The counter leaves each screen, by a defect or by a signal: `python tests/tui/leaving_program.py WHY NAME…`.

Rules: WHY is `crash` or `signal`; each NAME is a moment of `make_pictures.scenes`. Every one runs in a pseudo-terminal
of its own, forked from this process so that Textual is loaded once; one JSON line each says how it ended and every byte
that the terminal was given (Latin-1). The defect's message and its frames are full of the person on the screen.
"""

import json
import os
import pty
import select
import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from textual.pilot import Pilot

from terminal.tui.app import CounterApp
from terminal.tui.opening import Opened
from tests.tui.make_pictures import Scene, lead_to, scenes
from tests.tui.playing import Player

PATIENCE = 60.0
SHOWN = b"\x1b]2;at the moment\x07"
"""Written once the moment is on the screen: what a person sees until then is theirs to see."""


def defect(player: Player, *_arguments: Any, **_named: Any) -> NoReturn:
    """What no code of ours would do: everything that is on the screen is in its message."""
    on_screen = player.text()
    raise ValueError(on_screen)


async def leave(scene: Scene, why: str, pilot: Pilot[int]) -> None:
    """Come to the moment, then leave it."""
    app = pilot.app
    assert isinstance(app, CounterApp)
    player = Player(app, pilot)
    await player.settle()
    await lead_to(player, scene)
    os.write(1, SHOWN)
    if why == "signal":
        os.kill(os.getpid(), signal.SIGTERM)
        return
    app.front.repaint = partial(defect, player)  # type: ignore[method-assign]  # the defect is the point
    app.front.call_later(app.front.repaint)


def child(scene: Scene, why: str) -> NoReturn:
    """The application on the terminal that is this process's; it ends as `terminal.tui.run` does."""
    opened = Opened(scene.counter, idle_seconds=3600)
    app = CounterApp(lambda: opened, reader=None, theme=scene.theme)
    app.run(auto_pilot=partial(leave, scene, why))
    sys.stdout.flush()
    os._exit(app.return_code or 0)


def seen(terminal: int) -> bytes:
    """All that the terminal is given until its program ends."""
    raw = b""
    while select.select([terminal], [], [], PATIENCE)[0]:
        try:
            raw += os.read(terminal, 65536)
        except OSError:
            return raw
    raise TimeoutError("the counter did not leave")


def main(why: str, names: list[str]) -> None:
    """One line for each moment."""
    moments = scenes()
    for name in names:
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ["TERM"] = "xterm-256color"
            child(moments[name], why)
        raw = seen(terminal)
        os.close(terminal)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        line = {"name": name, "status": status, "raw": raw.decode("latin-1")}
        print(json.dumps(line), flush=True)  # noqa: T201 - a program


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
