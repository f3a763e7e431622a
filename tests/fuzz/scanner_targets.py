"""What a scanner can send, as functions of bytes: each ends quietly or with an error outside the tree.

Rules: those of `card_targets`. Whatever is heard is a scan or an error of the tree, and no key of a person is lost.
"""

from collections.abc import Callable

from hardware import ScannerError
from hardware.scanner import Scan, Scanned, WedgeAssembler
from hardware.scanner.codes import GS, LONGEST
from hardware.scanner.keyboard import PRESSED, RELEASED, KeyDecoder
from hardware.scanner.listening import judged
from hardware.scanner.serial_port import cut_messages
from hardware.scanner.wedge import ENTER, GAP

GTIN = "0103700000000013"
AUTOREPEAT = 2
"""What the kernel says of a key that is held down."""


def scans(data: bytes) -> None:
    """One message of any bytes."""
    _heard(data)


def serial_scans(data: bytes) -> None:
    """Any bytes on a serial port: each piece is a byte of length and so many bytes; length 0 is a silence."""
    held, came, said = b"", 0, 0
    while data:
        piece, data = data[1 : 1 + data[0]], data[1 + data[0] :]
        messages, held = cut_messages(held + piece, silent=not piece)
        came += len(piece)
        said += sum(map(len, messages))
        assert said + len(held) <= came
        assert len(held) <= 4 * LONGEST
        for message in messages:
            assert message
            _heard(message)


def scanner_keys(data: bytes) -> None:
    """Any key events of a grabbed keyboard: two bytes each, the key and what became of it."""
    decoder = KeyDecoder()
    for code, value in zip(data[::2], data[1::2], strict=False):
        text = decoder.feed(code, value % (AUTOREPEAT + 1))
        if text is not None:
            assert 0 < len(text) <= LONGEST + 1
            _heard(text)


def typed_scans(data: bytes) -> None:
    """Any keys at any pace: two bytes each, key and milliseconds since the last; all come back in order."""
    assembler, at, pressed, given = WedgeAssembler(), 0.0, [], list[str]()
    for byte, pause in zip(data[::2], data[1::2], strict=False):
        key, at = ENTER if byte == 0 else chr(byte), at + pause / 1000
        pressed.append(key)
        for part in assembler.press(key, at):
            given += [*part.keys, ENTER] if isinstance(part, Scanned) else part.keys
            if isinstance(part, Scanned):
                _heard(part.text)
    for rest in assembler.due(at + GAP):
        given += rest.keys
    assert given == pressed


def _heard(message: bytes | str) -> None:
    scan = judged(message)
    if isinstance(scan, Scan):
        assert scan.text
        assert len(scan.text) <= LONGEST
    else:
        assert isinstance(scan, ScannerError)


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (scans, serial_scans, scanner_keys, typed_scans)
}


def seeds() -> dict[str, list[bytes]]:
    """For each target, inputs that a good scanner makes."""
    article = f"]d2{GTIN}17270131{GS}10LOT7".encode("ascii")
    keys = [3, 11, 4, 8, 28]
    return {
        "scans": [article, b"3700000000013", "é\"'(".encode()],
        "serial_scans": [bytes([len(article) + 1]) + article + b"\r", bytes([4]) + b"3700" + bytes([0])],
        "scanner_keys": [bytes(part for key in keys for part in (key, PRESSED, key, RELEASED))],
        "typed_scans": [bytes(part for key in b"370000\0" for part in (key, 5)), bytes([65, 100, 66, 200, 0, 90])],
    }
