"""`rebuild`, `second-copy`: what a technician does when the medium lied, and before it does.

Rules: neither needs somebody to be logged in, so neither names a person; `rebuild` sets aside what is damaged.
"""

import argparse

from terminal.cli.output import Answer
from terminal.cli.session import home_of
from terminal.i18n import text


def rebuild(arguments: argparse.Namespace) -> Answer:
    """Make store and counterfoil whole again from what both still give."""
    from sync.repair import rebuild as make_whole

    done = make_whole(home_of(arguments))
    data = {
        "store": done.store,
        "counterfoil": done.counterfoil,
        "incomplete": list(done.incomplete),
        "lost_bytes": done.lost_bytes,
        "recovered": list(done.recovered),
        "repaired": list(done.repaired),
    }
    if not (done.store or done.counterfoil):
        return Answer(data, [text("cli.rebuilt_nothing")])
    lines = [text("cli.rebuilt", recovered=len(done.recovered), repaired=len(done.repaired))]
    if done.incomplete:
        lines.append(text("cli.rebuilt_incomplete", tables=", ".join(done.incomplete)))
    return Answer(data, [*lines, *(text("cli.rebuilt_claim", claim=claim) for claim in done.recovered)])


def second_copy(arguments: argparse.Namespace) -> Answer:
    """Say where a second copy of the counterfoil is kept, or that there is none."""
    from sync.marker import keep_second_copy, second_copy_of

    home = home_of(arguments)
    if arguments.file is not None or arguments.none:
        keep_second_copy(home, arguments.file)
    kept = second_copy_of(home)
    line = text("cli.second_copy_none") if kept is None else text("cli.second_copy", file=str(kept))
    return Answer({"second_copy": None if kept is None else str(kept)}, [line])
