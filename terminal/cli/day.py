"""`day show` and `day close`: what was registered on one day, for the accountant.

Rules: without names; files are written whole, for their owner alone, after the journal has it. `--names` is an export
of persons and needs a second person's PIN.
"""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sync.durable import medium_errors, replace_file
from terminal.cli.day_forms import AMOUNTS, csv_bytes, pdf_bytes, text_lines
from terminal.cli.input import read_secret
from terminal.cli.output import Answer
from terminal.cli.session import logged_in
from terminal.domain.errors import InputInvalid
from terminal.i18n import PARIS, text
from terminal.vault.closures import Closure
from terminal.workflow import four_eyes
from terminal.workflow.day import (
    closure_of,
    export_day,
    export_day_with_names,
    mark_closed,
    show_day,
    subject_of,
)
from terminal.workflow.day_sheet import DaySheet
from terminal.workflow.desk import Desk


def show(arguments: argparse.Namespace) -> Answer:
    """The sheet of a day on the screen, without names."""
    with logged_in(arguments) as desk:
        sheet = show_day(desk, arguments.day or desk.today())
        closure = closure_of(desk, sheet.day)
    closed_at = closure.closed_at.isoformat(timespec="seconds") if closure else None
    return Answer({**_json(sheet), "closed_at": closed_at}, [*text_lines(sheet), *_closed_lines(closure)])


def _closed_lines(closure: Closure | None) -> list[str]:
    if closure is None:
        return []
    return [text("cli.day_closed", at=closure.closed_at.astimezone(PARIS).strftime("%d/%m/%Y %H:%M"))]


def close(arguments: argparse.Namespace) -> Answer:
    """The sheet of a day as files: CSV, text and PDF."""
    if arguments.names and not arguments.second:
        raise InputInvalid("a second person has to agree", key="second", reason="missing")
    with logged_in(arguments) as desk:
        sheet = _exported(desk, arguments)
        files = write_files(sheet, arguments.out)
        mark_closed(desk, sheet)
    told = [text("cli.day_written", file=str(file)) for file in files]
    return Answer({**_json(sheet), "files": [str(file) for file in files]}, told)


def write_files(sheet: DaySheet, folder: Path) -> list[Path]:
    """The sheet as CSV, text and PDF in this folder, each whole and for its owner alone; DiskFull, MediumFailed."""
    stem = f"bordereau-{sheet.day.isoformat()}" + ("-nominatif" if sheet.with_names else "")
    contents = {
        "csv": csv_bytes(sheet),
        "txt": ("\n".join(text_lines(sheet)) + "\n").encode("utf-8"),
        "pdf": pdf_bytes(sheet),
    }
    with medium_errors():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = [folder / f"{stem}.{ending}" for ending in contents]
    for file, content in zip(files, contents.values(), strict=True):
        replace_file(file, content)
    return files


def _exported(desk: Desk, arguments: argparse.Namespace) -> DaySheet:
    day = arguments.day or desk.today()
    if not arguments.names:
        return export_day(desk, day)
    pin = read_secret(arguments.second_pin_file, "pin")
    approval = four_eyes.agree(desk, four_eyes.Act.EXPORT, subject_of(day), arguments.second, pin)
    return export_day_with_names(desk, day, approval)


def _json(sheet: DaySheet) -> dict[str, Any]:
    """The sheet without names, also where its files have them."""
    lines = [{name: value for name, value in asdict(line).items() if name != "name"} for line in sheet.lines]
    totals = {name: sheet.total(name) for name in AMOUNTS}
    return {"day": sheet.day.isoformat(), "with_names": sheet.with_names, "claims": lines, "total": totals}
