"""Where a scanner is: the kind of its line and its device."""

import os
import pty
from queue import SimpleQueue

import pytest

from hardware import ScannerMissing
from hardware.scanner import Scan, ScanEvent, ScannerAddress


@pytest.mark.parametrize("text", ["", "serial", "serial:ttyS0", "usb:/dev/x", "evdev:relative"])
def test_another_form_is_refused(text: str) -> None:
    """Only a serial line or an input device of this machine."""
    with pytest.raises(ScannerMissing) as caught:
        ScannerAddress.parse(text)
    assert caught.value.facts["reason"] == "address"


def test_a_scanner_is_checked_and_listened_to_by_its_address() -> None:
    """What is there passes the check and is heard; what is not is missing."""
    scanner, port = pty.openpty()
    heard: SimpleQueue[ScanEvent] = SimpleQueue()
    try:
        address = ScannerAddress.parse(f"serial:{os.ttyname(port)}")
        address.check()
        listening = address.listen(heard.put)
        os.write(scanner, b"A123\r")
        assert heard.get(timeout=20) == Scan("A123")
        listening.stop()
    finally:
        os.close(scanner)
        os.close(port)
    for absent in (address, ScannerAddress("evdev", "/dev/input/by-id/none")):
        for act in (absent.check, lambda absent=absent: absent.listen(heard.put)):
            with pytest.raises(ScannerMissing):
                act()
