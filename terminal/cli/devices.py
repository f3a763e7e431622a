"""`reader` and `card`: what is plugged in, and what it says."""

import argparse
import json
import queue
import sys
from contextlib import closing
from dataclasses import asdict

from hardware import (
    CardAbsent,
    CardError,
    CardSource,
    CardUnknown,
    HardwareError,
    ReaderBusy,
    ReaderError,
    ReaderEvent,
    ReaderMissing,
    identify_atr,
)
from terminal.bootstrap import pcsc_source
from terminal.cli.output import Answer
from terminal.i18n import text
from terminal.workflow.identify import read_people
from terminal.workflow.types import Person


def list_readers(_: argparse.Namespace) -> Answer:
    """The readers of the PC/SC service, and the kind of card in each."""
    source = pcsc_source()
    readers = source.readers()
    cards = {name: card_in(source, name) for name in readers}
    lines = [text("cli.reader_line", reader=name, card=text(f"cli.card_{card}")) for name, card in cards.items()]
    data = {"readers": list(readers), "cards": cards}
    return Answer(data, lines or [text("cli.no_reader")])


def card_in(source: CardSource, reader: str) -> str:
    """The kind of card in a reader, `none` or `unreadable`."""
    try:
        with closing(source.open(reader)) as connection:
            return identify_atr(connection.atr).value
    except CardAbsent:
        return "none"
    except (CardError, ReaderError):
        return "unreadable"


def watch(arguments: argparse.Namespace) -> Answer:
    """One line per change in the readers, until interrupted."""
    events: queue.SimpleQueue[ReaderEvent] = queue.SimpleQueue()
    running = pcsc_source().watch(events.put)
    tell = event_json if arguments.json else event_line
    try:
        while True:
            sys.stdout.write(f"{tell(events.get())}\n")
            sys.stdout.flush()
    finally:
        running.stop()


def event_json(event: ReaderEvent) -> str:
    """An event as one JSON object: its name and its fields."""
    return json.dumps({"event": type(event).__name__, **asdict(event)}, ensure_ascii=False)


def event_line(event: ReaderEvent) -> str:
    """An event as a person reads it."""
    facts = asdict(event)
    if "kind" in facts:
        facts["kind"] = text(f"cli.card_{facts['kind']}")
    return text(f"cli.event_{type(event).__name__}", **facts)


def read_card(arguments: argparse.Namespace) -> Answer:
    """The people on the Vitale card; NIRs are masked without `--reveal`."""
    people = people_in(arguments.reader)
    shown = [person_to_json(person, reveal=arguments.reveal) for person in people]
    return Answer({"people": shown}, [text("cli.person", **person) for person in shown])


def people_in(reader: str | None) -> tuple[Person, ...]:
    """The people on the card in `reader`, or on the first patient's card there is, in whichever reader it lies."""
    source = pcsc_source()
    readers = (reader,) if reader else source.readers()
    refused: HardwareError = ReaderMissing()
    for name in readers:
        try:
            return read_people(source, name)
        except CardAbsent as error:
            refused = error if isinstance(refused, ReaderMissing) else refused
        except (CardUnknown, ReaderBusy) as error:
            refused = error
    raise refused


def person_to_json(person: Person, *, reveal: bool) -> dict[str, str | int]:
    """A person as printed: the whole NIR only when asked for."""
    birth = person.birth_date.isoformat() if person.birth_date else person.birth_date_raw
    return {
        "rank": person.rank,
        "surname": person.surname,
        "given_name": person.given_name,
        "birth_date": birth,
        "nir": person.nir.digits + person.nir.key if reveal else person.nir.masked(),
    }
