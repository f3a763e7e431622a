"""The ticket printer: the only importer of python-escpos.

Rules: a ticket is composed whole, as bytes, before anything is sent, so that a printer gets all of it or stops where
it stops. Each begins with ESC @, because the one before may have been cut short. The profile is always named: guessing
a code page is what prints `ÔÇ¼` for `€`. Control characters in a text are blanks: nobody prints commands through a
name. The library takes a third of a second to load, so whoever imports this does it in a worker or a process of its
own.
"""

import socket
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from io import RawIOBase
from pathlib import Path
from typing import Any, Final

from escpos import capabilities
from escpos.exceptions import Error as EscposError
from escpos.printer import Dummy, Usb

from hardware.errors import PrinterGone, PrinterMissing, PrinterProfileUnknown

Write = Callable[[bytes], object]
DEFAULT_PROFILE: Final = "TM-T20II"
PORT: Final = 9100
SECONDS: Final = 5.0
ACCENTS: Final = "éèêë àâ ç îï ôö ùûü œŒ æ ÉÈÀÇ « » ’ … 1 234,50 €"
"""What a French ticket needs: to be printed at installation and looked at."""
_RESET: Final = b"\x1b@"
_PAGE: Final = "CP1252"
_SPACES: Final = str.maketrans({"\u202f": "\u00a0", "\u2009": "\u00a0", "\u2011": "-"})


@dataclass(frozen=True)
class TicketLine:
    """One line. A long one is broken by the printer."""

    text: str = field(repr=False)
    bold: bool = False
    centred: bool = False


@dataclass(frozen=True)
class Ticket:
    """What is printed. `code` becomes a QR code where the printer draws them: a claim's number, never a person's."""

    lines: tuple[TicketLine, ...] = field(repr=False)
    code: str | None = None


@dataclass(frozen=True)
class PrinterAddress:
    """Where the printer is. `kind`: file, network or usb."""

    kind: str
    place: str
    number: int = 0
    product: int = 0

    @classmethod
    def parse(cls, text: str) -> "PrinterAddress":
        """`file:/dev/usb/lp0`, `network:HOST[:PORT]` or `usb:VENDOR:PRODUCT` (hexadecimal). PrinterMissing."""
        kind, _, rest = text.partition(":")
        with suppress(ValueError, KeyError):
            return _KINDS[kind](rest)
        raise PrinterMissing("not an address of a printer", reason="address")


def compose(ticket: Ticket, profile: str = DEFAULT_PROFILE) -> bytes:
    """The bytes of a ticket for this profile, from ESC @ to the cut. PrinterProfileUnknown."""
    printer = _blank(profile)
    for line in ticket.lines:
        printer.set(bold=line.bold, align="center" if line.centred else "left")
        printer.text(f"{clean(line.text)}\n")
    printer.set(bold=False, align="left")
    if ticket.code and printer.profile.supports("qrCode"):
        printer.qr(ticket.code, native=True, size=6)
    printer.cut()
    return _RESET + bytes(printer.output)


def unprintable(text: str, profile: str = DEFAULT_PROFILE) -> frozenset[str]:
    """The characters that this profile cannot print, and writes as `?`."""
    return frozenset(sign for sign in clean(text) if sign != "?" and b"?" in _drawn(sign, profile))


def accents_ticket(title: str, profile: str = DEFAULT_PROFILE) -> Ticket:
    """The ticket to look at when a printer is installed."""
    lines = (TicketLine(title, bold=True, centred=True), TicketLine(ACCENTS), TicketLine(profile))
    return Ticket(lines, code=None)


def send(address: PrinterAddress, content: bytes) -> None:
    """Send these bytes. PrinterMissing when it cannot be reached; PrinterGone when it stopped in the middle."""
    with ExitStack() as stack:
        try:
            write = stack.enter_context(_OPENERS[address.kind](address))
        except (OSError, EscposError, RuntimeError) as error:
            raise PrinterMissing("the printer cannot be reached", reason="connection", kind=address.kind) from error
        try:
            write(content)
        except (OSError, EscposError) as error:
            raise PrinterGone("the printer stopped taking data", kind=address.kind) from error


def reach(address: PrinterAddress) -> None:
    """Connect and hang up, without printing. PrinterMissing."""
    send(address, b"")


def profiles() -> tuple[str, ...]:
    """The names of the printers that are known."""
    return tuple(sorted(capabilities.CAPABILITIES["profiles"]))


def clean(text: str) -> str:
    """A text for paper: composed accents, spaces that every code page has, no control characters."""
    composed = unicodedata.normalize("NFC", text).translate(_SPACES)
    return "".join(sign if sign.isprintable() or sign == "\u00a0" else " " for sign in composed)


def _blank(profile: str) -> Any:
    if profile not in capabilities.CAPABILITIES["profiles"]:
        raise PrinterProfileUnknown("no printer of this name", profile=profile[:40])
    printer = Dummy(profile=profile)
    if _PAGE in printer.profile.get_code_pages():
        printer.charcode(_PAGE)
    return printer


def _drawn(sign: str, profile: str) -> bytes:
    printer = _blank(profile)
    printer.text(sign)
    return bytes(printer.output)


@contextmanager
def _file(address: PrinterAddress) -> Iterator[Write]:
    with Path(address.place).open("wb", buffering=0) as file:
        yield partial(_write_all, file)


def _write_all(file: RawIOBase, content: bytes) -> None:
    """A device may take a part of what it is given."""
    rest = content
    while rest:
        rest = rest[file.write(rest) or 0 :]


@contextmanager
def _network(address: PrinterAddress) -> Iterator[Write]:
    """Not by the library, which leaves a socket open at each refusal and knows no IPv6."""
    with socket.create_connection((address.place, address.number), SECONDS) as connection:
        yield connection.sendall


@contextmanager
def _usb(address: PrinterAddress) -> Iterator[Write]:
    printer = Usb(address.number, address.product, timeout=round(1000 * SECONDS), profile=DEFAULT_PROFILE)
    printer.open()
    try:
        yield printer._raw  # noqa: SLF001 (the library's one way to send what was composed before)
    finally:
        printer.close()


def _file_address(rest: str) -> PrinterAddress:
    if not Path(rest).is_absolute():
        raise ValueError(rest)
    return PrinterAddress("file", rest)


def _network_address(rest: str) -> PrinterAddress:
    host, _, port = rest.partition(":")
    number = int(port or PORT)
    if not host or not 0 < number < 65_536:
        raise ValueError(rest)
    return PrinterAddress("network", host, number)


def _usb_address(rest: str) -> PrinterAddress:
    vendor, _, product = rest.partition(":")
    return PrinterAddress("usb", "", int(vendor, 16), int(product, 16))


_KINDS: Final[dict[str, Callable[[str], PrinterAddress]]] = {
    "file": _file_address,
    "network": _network_address,
    "usb": _usb_address,
}
_OPENERS: Final[dict[str, Callable[[PrinterAddress], AbstractContextManager[Write]]]] = {
    "file": _file,
    "network": _network,
    "usb": _usb,
}
