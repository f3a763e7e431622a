"""Barcode scanners: what was scanned becomes one value, whatever the cable.

Rules: a scanner on a serial port is preferred, then a keyboard that is grabbed (evdev), then keys typed very fast into
the program (wedge). All three end in the same `Scan`. Codes are judged by pure functions; a code that is not of its
form is an error with a reason, and what was scanned is in no repr and no log (an e-carte is somebody's).
"""

from hardware.scanner.address import ScannerAddress
from hardware.scanner.codes import Scan, azerty_digits, parse_scan
from hardware.scanner.listening import ScanEvent
from hardware.scanner.wedge import Scanned, Typed, WedgeAssembler

__all__ = ["Scan", "ScanEvent", "Scanned", "ScannerAddress", "Typed", "WedgeAssembler", "azerty_digits", "parse_scan"]
