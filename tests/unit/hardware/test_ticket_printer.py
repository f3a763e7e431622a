"""Tickets: the bytes a printer gets, the accents it prints, and what happens when it is not there."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware import PrinterGone, PrinterMissing, PrinterProfileUnknown
from hardware.printer import (
    ACCENTS,
    PrinterAddress,
    Ticket,
    TicketLine,
    accents_ticket,
    clean,
    compose,
    profiles,
    send,
    unprintable,
)

RESET, CUT, PAGE_1252 = b"\x1b@", b"\x1dV\x00", b"\x1bt\x10"


def one(text: str, profile: str = "TM-T20II") -> bytes:
    """The bytes of a ticket of one line."""
    return compose(Ticket((TicketLine(text),)), profile)


@pytest.mark.parametrize("profile", ["TM-T20II", "TM-T88III", "default"])
def test_the_test_ticket_has_every_accent(profile: str) -> None:
    """Accents, both œ and the euro are printed in the code page that is set, none as a question mark."""
    ticket = compose(accents_ticket("Essai", profile), profile)
    assert ticket.startswith(RESET + PAGE_1252)
    assert ACCENTS.encode("cp1252") in ticket
    assert unprintable(ACCENTS, profile) == frozenset()
    assert ticket.endswith(CUT)


def test_a_printer_that_lacks_letters_says_which() -> None:
    """The simplest profile has neither euro nor œ: they are named before anything is printed."""
    lacking = unprintable(ACCENTS, "simple")
    assert {"œ", "€"} <= lacking
    assert not {"é", "à", "ç", "?"} & lacking


def test_every_ticket_begins_afresh_and_ends_cut() -> None:
    """ESC @ comes first, whatever was printed before; bold and centre are taken back."""
    ticket = compose(Ticket((TicketLine("Total", bold=True, centred=True), TicketLine("12,00 €"))))
    assert ticket.startswith(RESET)
    assert ticket.endswith(CUT)
    assert ticket.index(b"\x1bE\x01") < ticket.index(b"Total") < ticket.index(b"\x1bE\x00", ticket.index(b"Total"))
    assert b"12,00 \x80\n" in ticket


def test_the_claims_number_is_a_code() -> None:
    """A QR code drawn by the printer itself, where it can; elsewhere the ticket has none."""
    ticket = Ticket((TicketLine("x"),), code="A-0001")
    assert b"1P0A-0001" in compose(ticket, "TM-T20II")
    assert b"A-0001" not in compose(ticket, "simple")


@given(st.text(max_size=60), st.sampled_from(["TM-T20II", "simple"]))
def test_no_text_is_a_command(text: str, profile: str) -> None:
    """Any text can be printed, and none of its characters reaches the printer as a command."""
    assert all(sign == "\u00a0" or sign.isprintable() for sign in clean(text))
    composed = one(text, profile)
    assert composed.count(b"\n") == one("", profile).count(b"\n")
    assert composed.count(CUT) == one("", profile).count(CUT)
    assert composed.count(RESET) == 1


def test_spaces_that_a_printer_lacks_are_others() -> None:
    """A narrow no-break space becomes one that every code page has; decomposed accents are composed."""
    assert clean("1\u202f234,50\u00a0€ e\u0301\x1b@") == "1\u00a0234,50\u00a0€ é @"


def test_a_profile_that_nobody_knows_is_refused() -> None:
    """The profile is named and known, never guessed."""
    assert {"TM-T20II", "default", "simple"} <= set(profiles())
    with pytest.raises(PrinterProfileUnknown):
        one("x", "TM-XX")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("file:/dev/usb/lp0", PrinterAddress("file", "/dev/usb/lp0")),
        ("network:imprimante", PrinterAddress("network", "imprimante", 9100)),
        ("network:192.0.2.7:9101", PrinterAddress("network", "192.0.2.7", 9101)),
        ("usb:04b8:0e15", PrinterAddress("usb", "", 0x04B8, 0x0E15)),
    ],
)
def test_an_address_is_one_of_three_kinds(text: str, expected: PrinterAddress) -> None:
    """File, network or USB."""
    assert PrinterAddress.parse(text) == expected


@pytest.mark.parametrize("text", ["", "lp0", "file:lp0", "network:", "network:h:0", "network:h:x", "usb:1", "usb:x:y"])
def test_another_address_is_refused(text: str) -> None:
    """What is none of them is an error of the environment."""
    with pytest.raises(PrinterMissing) as caught:
        PrinterAddress.parse(text)
    assert caught.value.facts["reason"] == "address"


class NetworkPrinter:
    """A printer on the network: a server that keeps what it is sent."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = PrinterAddress("network", "127.0.0.1", self._server.getsockname()[1])
        self.printed = b""
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._server.accept()
        with connection:
            while came := connection.recv(4096):
                self.printed += came

    def close(self) -> bytes:
        """All that was printed, when the sender has hung up."""
        self._thread.join()
        self._server.close()
        return self.printed


@pytest.fixture
def network_printer() -> Iterator[NetworkPrinter]:
    """A network printer."""
    printer = NetworkPrinter()
    yield printer
    printer.close()


def test_a_network_printer_gets_the_whole_ticket(network_printer: NetworkPrinter) -> None:
    """Over a real connection, byte for byte."""
    ticket = compose(accents_ticket("Essai"))
    send(network_printer.address, ticket)
    assert network_printer.close() == ticket


def test_a_file_printer_gets_the_whole_ticket(tmp_path: Path) -> None:
    """A device file takes the bytes as they are."""
    ticket = compose(accents_ticket("Essai"))
    send(PrinterAddress("file", str(tmp_path / "lp0")), ticket)
    assert (tmp_path / "lp0").read_bytes() == ticket


def test_a_printer_that_is_not_there_is_missing(tmp_path: Path) -> None:
    """No device file, nobody at the network address, no such USB device or no USB at all."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    for address in (
        PrinterAddress("file", str(tmp_path / "none" / "lp0")),
        PrinterAddress("network", "127.0.0.1", closed),
        PrinterAddress("usb", "", 0xFFFE, 0xFFFE),
    ):
        with pytest.raises(PrinterMissing) as caught:
            send(address, RESET)
        assert caught.value.facts["kind"] == address.kind


def test_a_printer_that_stops_is_said() -> None:
    """A device that takes no more (here the one that is always full) is an error, not a printed ticket."""
    with pytest.raises(PrinterGone):
        send(PrinterAddress("file", "/dev/full"), compose(accents_ticket("Essai")))


def test_the_library_is_loaded_by_nobody_else() -> None:
    """Loading the package, its secrets' room or its scanner loads no printer, no serial port, no PKCS#11."""
    probe = "import sys, hardware, hardware.scanner, hardware.device_secrets; print(sorted({'escpos', 'serial', 'pkcs11', 'evdev', 'PIL'} & set(sys.modules)))"  # noqa: E501
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
