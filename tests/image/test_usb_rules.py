"""Which USB devices the card lets in, as USBGuard's library decides (usbguard-rules.conf(5), set operators)."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

RULES = Path(__file__).resolve().parents[2] / "image/root/etc/usbguard/rules.conf"
_RULE = re.compile(
    r'(allow|reject)(?: id (\S+))?(?: via-port "(\S+)")? with-interface (one-of|equals) \{ ([0-9a-f:* ]+) \}'
)


def rules() -> Iterator[re.Match[str]]:
    """Each line that is no comment; one that is not understood here is an error."""
    for line in RULES.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            match = _RULE.fullmatch(line)
            assert match is not None, line
            yield match


def decided(interfaces: str, number: str = "1234:5678", port: str = "1-1.2") -> str:
    """What becomes of a device: the first rule that fits, or blocked."""
    there = interfaces.split()
    for rule in rules():
        verdict, wanted_id, wanted_port, operator, patterns = rule.groups()
        wanted = patterns.split()
        hits = [any(fnmatchcase(one, pattern) for one in there) for pattern in wanted]
        fits = any(hits) if operator == "one-of" else len(wanted) == len(there) and all(hits)
        if fits and wanted_id in (None, number) and wanted_port in (None, port):
            return verdict
    return "block"


@pytest.mark.parametrize(
    ("interfaces", "verdict"),
    [
        ("09:00:00", "allow"),
        ("09:00:01 09:00:02", "allow"),
        ("0b:00:00", "allow"),
        ("03:01:01 03:00:00", "allow"),
        ("07:01:02 ff:00:00", "allow"),
        ("02:02:01 0a:00:00", "allow"),
        ("08:06:50", "allow"),
        ("08:06:50 08:06:62", "allow"),
        ("02:02:ff 0a:00:00", "reject"),
        ("02:06:00 0a:00:00 0a:00:00", "reject"),
        ("03:01:01 e0:01:01", "reject"),
        ("08:06:50 03:01:01 02:0d:00", "reject"),
        ("0e:01:00 0e:02:00", "reject"),
        ("ff:00:ff", "block"),
    ],
)
def test_what_may_be_plugged_in(interfaces: str, verdict: str) -> None:
    """Hubs of both kinds, readers, keyboards, printers, scanners, sticks slow and fast; no network, radio or camera."""
    assert decided(interfaces) == verdict


@pytest.mark.parametrize(("number", "port"), [("0424:ec00", "1-1.1"), ("0424:7800", "1-1.1.1")])
def test_the_boards_own_network_is_let_in_at_its_place_alone(number: str, port: str) -> None:
    """A Pi 3 has its network behind its hub; a stranger that takes its number does not stand there."""
    assert decided("ff:00:ff", number, port) == "allow"
    assert decided("ff:00:ff", number, "1-1.3") == "block"


def test_the_boards_own_network_keeps_its_driver() -> None:
    """What the image does without leaves the modules of a Pi 3's network in."""
    kept = (RULES.parents[3] / "slim.cfg").read_text("utf-8").splitlines()
    for module in ("usbnet", "smsc95xx", "lan78xx"):
        assert f"+/usr/lib/modules/*/kernel/drivers/net/usb/{module}.ko*" in kept
