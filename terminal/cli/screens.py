"""`comptoir` without a command: the counter, or the questions of a first start where there is no terminal yet."""

import argparse
import gc
from pathlib import Path

from hardware import CardSource
from terminal.bootstrap import open_desk, pcsc_source
from terminal.cli.first_run import FirstRun, somebody_sits_there, stage_of
from terminal.cli.office import Office
from terminal.cli.output import DONE, Answer
from terminal.cli.session import home_of
from terminal.workflow.counter import Counter
from terminal.workflow.erase import erase_in_passing
from terminal.workflow.first_run import Stage

FIRST_THEME = "sombre"
"""That of a terminal whose owner has chosen none yet."""


def open_counter(arguments: argparse.Namespace) -> Answer:
    """Open the screens on the home; one counter per home."""
    gc.disable()  # until the screens are loaded: `terminal.tui.run` allows it again
    return show_screens(home_of(arguments), arguments.reader, pcsc_source())


def show_screens(home: Path, reader: str | None, cards: CardSource) -> Answer:
    """The first start when something is missing and somebody is there to answer; then the counter."""
    from sync.home import home_lock
    from sync.memory import forbid_dumps, give_back_what_is_free, keep_out_of_swap
    from terminal.tui import run, run_setup

    forbid_dumps()
    give_back_what_is_free()
    keep_out_of_swap()
    if somebody_sits_there() and stage_of(home) is not Stage.DONE:
        made, status = run_setup(FirstRun(home, cards), theme=FIRST_THEME)
        if not made:
            return Answer({"status": status}, status=status or DONE)
    with home_lock(home, "counter"), open_desk(home, cards, checked=True) as desk:
        erase_in_passing(desk)
        config = desk.config
        idle_seconds = float(config.idle_lock_seconds)
        status = run(
            Counter(desk),
            reader=reader,
            theme=config.theme,
            idle_seconds=idle_seconds,
            office=Office(desk),
            sounds=config.sounds,
        )
    return Answer({"status": status}, status=status)
