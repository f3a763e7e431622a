"""`comptoir` without a command: the counter, or the questions of a first start where there is no terminal yet.

Rules: nothing is loaded before the first screen but what it is drawn with; the counter is loaded and opened behind it.
Where the folder does not look like a terminal that somebody can log in to, or nobody is there to see a screen, it is
opened first: what is wrong with it is said without a screen.
"""

import argparse
import gc
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from terminal.cli.output import DONE, Answer
from terminal.outside import DARK, default_home, looks_made, theme_of

if TYPE_CHECKING:
    from hardware import CardSource
    from terminal.tui.opening import Opened


def open_counter(arguments: argparse.Namespace) -> Answer:
    """Open the screens on the home; one counter per home."""
    gc.disable()  # until the counter is loaded: `terminal.tui.run` allows it again
    return show_screens(arguments.home or default_home(), arguments.reader, _readers)


def show_screens(home: Path, reader: str | None, cards: "Callable[[], CardSource]") -> Answer:
    """The first start when something is missing and somebody is there to answer; then the counter."""
    from sync.memory import forbid_dumps, give_back_what_is_free, keep_out_of_swap
    from terminal.tui import run

    forbid_dumps()
    give_back_what_is_free()
    keep_out_of_swap()
    made, somebody = looks_made(home), sys.stdin.isatty() and sys.stdout.isatty()
    if not made and somebody:
        there, status = _first_start(home, cards)
        if not there:
            return Answer({"status": status}, status=status or DONE)
    with ExitStack() as stack:
        opening = partial(open_behind, stack, home, cards)
        if not (made and somebody):
            opened = opening()
            opening = partial(_already, opened)
        status = run(opening, reader=reader, theme=theme_of(home))
    return Answer({"status": status}, status=status)


def open_behind(stack: ExitStack, home: Path, cards: "Callable[[], CardSource]") -> "Opened":
    """The counter of a home, until `stack` is closed; HomeInUse, and what opening a home raises."""
    from sync.home import home_lock
    from terminal.bootstrap import open_desk
    from terminal.cli.office import Office
    from terminal.tui.opening import Opened
    from terminal.workflow.counter import Counter
    from terminal.workflow.erase import erase_in_passing

    stack.enter_context(home_lock(home, "counter"))
    desk = stack.enter_context(open_desk(home, cards(), checked=True))
    erase_in_passing(desk)
    idle_seconds = float(desk.config.idle_lock_seconds)
    return Opened(Counter(desk), Office(desk), idle_seconds=idle_seconds, sounds=desk.config.sounds)


def _already(opened: "Opened") -> "Opened":
    return opened


def _first_start(home: Path, cards: "Callable[[], CardSource]") -> tuple[bool, int]:
    """Whether there is a terminal now, and the status of the questions, where any had to be asked."""
    from terminal.cli.first_run import FirstRun, stage_of
    from terminal.tui import run_setup
    from terminal.workflow.first_run import Stage

    if stage_of(home) is Stage.DONE:
        return True, DONE
    return run_setup(FirstRun(home, cards()), theme=DARK)


def _readers() -> "CardSource":
    from terminal.bootstrap import pcsc_source

    return pcsc_source()
