"""`backup` and `restore`: a copy for the day the machine is gone, its rehearsal, and that day.

Rules: making one needs nobody logged in, so a timer can do it; the paper code is read from a file or the keyboard,
never from the command line. What is shown names files and counts, never a person.
"""

import argparse

from terminal.bootstrap import system_clock
from terminal.cli.input import read_secret
from terminal.cli.output import DONE, REFUSED, Answer
from terminal.cli.session import desk_of, home_of
from terminal.i18n import text
from terminal.workflow.backup import back_up, choose_folder, drill, restore


def make(arguments: argparse.Namespace) -> Answer:
    """Make a backup that was read back; with `--drill`, rehearse its restore, and say so when it fails."""
    with desk_of(arguments) as desk:
        made = back_up(desk, arguments.to)
        typed = read_secret(arguments.recovery_code_file, "recovery") if arguments.recovery_code_file else None
        found = drill(desk, made, typed) if arguments.drill else None
    data: dict[str, object] = {
        "file": str(made.path),
        "bytes": made.length,
        "claims": made.claims,
        "removed": list(made.removed),
    }
    lines = [text("cli.backup_made", file=str(made.path), claims=made.claims, bytes=made.length)]
    if found is None:
        return Answer(data, lines)
    data["drill"] = {
        "ok": found.ok,
        "paper": typed is not None,
        "claims": found.claims,
        "different": list(found.different),
        "failed": [line.name for line in found.checks if not line.ok],
    }
    key = ("drill_paper" if typed is not None else "drill_key") if found.ok else "drill_failed"
    return Answer(data, [*lines, text(f"cli.{key}", claims=found.claims)], DONE if found.ok else REFUSED)


def folder(arguments: argparse.Namespace) -> Answer:
    """Choose where the service puts a backup every day, or say where that is."""
    from sync.marker import backup_folder, backup_place_of

    home = home_of(arguments)
    if arguments.folder is not None or arguments.none:
        choose_folder(home, arguments.folder, unplugged=arguments.unplugged)
    place, there = backup_place_of(home), backup_folder(home) is not None
    key = "none" if place is None else "there" if there else "absent"
    line = text(f"cli.backup_folder_{key}", folder=place.folder if place else "")
    return Answer({"folder": place.folder if place else None, "there": there}, [line])


def bring_back(arguments: argparse.Namespace) -> Answer:
    """Make the home of a backup on a blank machine; it numbers nothing before the insurers confirmed its chains."""
    home, now = home_of(arguments), system_clock().now()
    typed = read_secret(arguments.recovery_code_file, "recovery")
    found = restore(arguments.file, home, typed, now, arguments.device_secret)
    data = {
        "home": str(home),
        "made_at": found.made_at,
        "claims": found.claims,
        "reconciling": list(found.insurers),
        "ok": found.checks_ok,
    }
    lines = [text("cli.restored", home=str(home), claims=found.claims, made=found.made_at)]
    if found.insurers:
        lines.append(text("cli.restored_next", insurers=len(found.insurers)))
    return Answer(data, lines, DONE if found.checks_ok else REFUSED)
