"""The command line (design §10): stable, scriptable, and the way in for screen readers.

Rules: every command takes `--json` and `--home`; exit status 0 done, 1 refused, 2 bad usage, 3 something outside is
missing; the reason goes to standard error in French, its code to `error.code`; a command's module is imported only
when it runs.
"""

import sys
from collections.abc import Sequence

from terminal.cli.output import run
from terminal.cli.parser import build_parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; without a command, open the counter."""
    arguments = build_parser().parse_args(sys.argv[1:] if argv is None else argv)
    return run(arguments)


__all__ = ["main"]
