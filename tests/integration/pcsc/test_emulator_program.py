"""`python -m hardware.emulator` as a person runs it."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hardware import CardInserted, CardKind, CardRemoved, CardWithdrawn, ReaderAdded
from hardware.emulator import VirtualReader, load_profile
from hardware.pcsc import PcscSource
from tests.pcscd_fixture import Bench, Pcscd, watching

pytestmark = pytest.mark.pcsc
PROGRAM = [sys.executable, "-m", "hardware.emulator"]
OWN_CARD = """{
  "schema": "comptoir/card-profile/v1",
  "name": "newcomer",
  "holders": [{"surname": "PREMIER", "given_name": "ESSAI", "birth_date": "19700101", "nir": "1 70 01 35 999 001 %02d"}]
}"""


def _start(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([*PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_program_puts_a_card_in_and_takes_it_out(how: signal.Signals, pcscd: Pcscd) -> None:
    """The card is in the second slot while the program runs, readable, and out when it is told to end."""
    reader, source = VirtualReader("cps").reader, PcscSource()
    with watching(source) as events:
        events.until(ReaderAdded(reader))
        with _start("--profile", "latin1", "--slot", "cps") as program:
            events.until(CardInserted(reader, CardKind.VITALE_2))
            assert program.stdout
            assert program.stdout.readline() == f"card latin1 is in {reader}; Ctrl-C takes it out\n"
            assert Bench(source, VirtualReader("cps"), reader, events).read().people == load_profile("latin1").holders
            program.send_signal(how)
            assert program.communicate()[1] == ""
        assert program.returncode == 0
        events.until(CardWithdrawn(reader))


def test_a_card_written_from_the_page_is_read(tmp_path: Path, pcscd: Pcscd) -> None:
    """A newcomer's file, with the key worked out by the page's rule, is read through the service."""
    path = tmp_path / "newcomer.json"
    path.write_text(OWN_CARD % (97 - 1700135999001 % 97), "utf-8")
    reader, source = VirtualReader("vitale").reader, PcscSource()
    with watching(source) as events:
        events.until(ReaderAdded(reader))
        with _start("--profile", str(path)) as program:
            events.until(CardInserted(reader, CardKind.VITALE_2))
            (person,) = Bench(source, VirtualReader(), reader, events).read().people
            program.terminate()
        events.until(CardWithdrawn(reader))
    assert (person.surname, person.given_name) == ("PREMIER", "ESSAI")


def test_a_card_that_is_pulled_ends_the_program(pcscd: Pcscd) -> None:
    """A card that leaves by its fault ends the program with status 0."""
    reader, source = VirtualReader("vitale").reader, PcscSource()
    with watching(source) as events:
        events.until(ReaderAdded(reader))
        with _start("--profile", "simple", "--fault", "pulled:2") as program:
            events.until(CardInserted(reader, CardKind.VITALE_2))
            with pytest.raises(CardRemoved):
                Bench(source, VirtualReader(), reader, events).read()
        assert program.returncode == 0
        events.until(CardWithdrawn(reader))


def test_a_taken_slot_is_said(virtual_bench: Bench) -> None:
    """A second card for the same slot is refused with status 3 and its code."""
    virtual_bench.insert("simple")
    with _start("--profile", "corse") as program:
        told = program.communicate()[1]
    assert (program.returncode, told[:13]) == (3, "reader_busy: ")
    assert virtual_bench.read().people == load_profile("simple").holders


def test_without_a_virtual_reader_the_program_says_so() -> None:
    """Where nothing listens the program ends with status 3 and its code."""
    with _start("--profile", "simple", "--host", "::1") as program:
        told = program.communicate()[1]
    assert (program.returncode, told[:18]) == (3, "pcsc_unavailable: ")
