"""`comptoir` without a command: the counter."""

import argparse
import gc

from terminal.bootstrap import open_desk, pcsc_source
from terminal.cli.office import Office
from terminal.cli.output import Answer
from terminal.cli.session import home_of
from terminal.workflow.counter import Counter
from terminal.workflow.erase import erase_in_passing


def open_counter(arguments: argparse.Namespace) -> Answer:
    """Open the screens on the home; one counter per home."""
    gc.disable()  # until the screens are loaded: `terminal.tui.run` allows it again
    from sync.home import home_lock
    from sync.memory import forbid_dumps, keep_out_of_swap
    from terminal.tui import run

    forbid_dumps()
    keep_out_of_swap()
    home = home_of(arguments)
    with home_lock(home, "counter"), open_desk(home, pcsc_source(), checked=True) as desk:
        erase_in_passing(desk)
        config = desk.config
        idle_seconds = float(config.idle_lock_seconds)
        status = run(
            Counter(desk),
            reader=arguments.reader,
            theme=config.theme,
            idle_seconds=idle_seconds,
            office=Office(desk),
        )
    return Answer({"status": status}, status=status)
