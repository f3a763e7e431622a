"""The emulated machine seen from outside: its network line, what it sends, what answers on it.

Rules: the line is in a network namespace of its own, and everything on it is recorded.
"""

import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from tests.image.machine.emulated import MAC, TAP, Machine
from tests.image.machine.line import Allowed, Packet, knocked, packets
from tests.image.machine.scan import ALL, knock

HOST, NAMES, ASKER = "10.0.2.2", "10.0.2.3", "10.0.2.50"
"""This machine and the resolver, as QEMU shows them to the emulated one; this machine on the line itself."""
Note = Callable[[str, float | str], None]
"""Where a figure is kept, and said."""
ALLOWED: Final = Allowed(frozenset({(HOST, 8443)}), frozenset({NAMES}))


def make_line() -> None:
    """This machine's end of the emulated machine's network line, in this network namespace."""
    for words in (f"tuntap add {TAP} mode tap", f"addr add {ASKER}/24 dev {TAP}", f"link set {TAP} up"):
        subprocess.run(["ip", *words.split()], check=True)


def knock_at_every_port(note: Note, machine: Machine) -> None:
    """From the same line, over IPv4 and IPv6: nothing answers on any TCP or UDP port."""
    for name, target in addresses(machine).items():
        asker = knock(target, scope())
        time.sleep(5.0)
        seen = knocked(recorded(machine), MAC, asker, target)
        note(f"{name}: TCP ports asked", seen.tcp)
        note(f"{name}: UDP ports asked", seen.udp)
        note(f"{name}: answers", len(seen.answers))
        if seen.answers or (seen.tcp, seen.udp) != (len(ALL), len(ALL)):
            raise AssertionError([str(one) for one in seen.answers[:20]])


def addresses(machine: Machine) -> dict[str, str]:
    """The machine's addresses, as it used them on the line: one of each kind."""
    mine = [one.source for one in recorded(machine) if one.mac == MAC]
    four = next(one for one in mine if one.startswith("10.0.2."))
    six = next(one for one in mine if one.startswith("fe80:"))
    return {"IPv4": four, "IPv6": six}


def scope() -> int:
    """The number of our end of the line, which a link-local address needs."""
    return socket.if_nametoindex(TAP)


def recorded(machine: Machine) -> list[Packet]:
    """The packets on the line so far."""
    return list(packets(machine.recorded()))


def outgoing(note: Note, name: str, machine: Machine) -> None:
    """Whatever the machine sent, since its first packet, is for the insurer, a name, the time or its address."""
    sent = [one for one in recorded(machine) if one.mac == MAC]
    purposes = Counter(ALLOWED.explains(one) for one in sent)
    note(f"{name}: packets sent", ", ".join(f"{count} {what}" for what, count in sorted(purposes.items())))
    strange = sorted({str(one) for one in sent if not ALLOWED.explains(one)})
    if strange:
        raise AssertionError(strange[:20])
