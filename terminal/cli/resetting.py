"""`reset`: the end of a terminal, and the end of one that a power cut interrupted.

Rules: the PIN comes from a file or the keyboard; with `--check` nothing is changed; a terminal whose keys are gone
already is cleared without a log-in, for nobody could log in there.
"""

import argparse

from sync.ending import erase_home, is_keyless
from sync.home import home_lock
from terminal.cli.output import Answer
from terminal.cli.session import home_of, logged_in
from terminal.i18n import text
from terminal.workflow.reset import judge_reset, reset, written_heads


def end(arguments: argparse.Namespace) -> Answer:
    """Erase the terminal, or say whether it may be."""
    home = home_of(arguments)
    if is_keyless(home) and not arguments.check:
        with home_lock(home, "counter"):
            erase_home(home)
        return Answer({"reset": True, "resumed": True}, [text("cli.reset_resumed")])
    heads = written_heads(arguments.head)
    act = judge_reset if arguments.check else reset
    with logged_in(arguments) as desk:
        told = act(desk, arguments.shop, heads, arguments.receipt)
    key = "reset_possible" if arguments.check else "reset_done"
    return Answer({"reset": not arguments.check, "statement": told}, [text(f"cli.{key}", device=told["device"])])
