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
from tests.image.machine.line import Allowed, Knocked, Packet, knocked, packets
from tests.image.machine.scan import ALL, knock

HOST, NAMES, ASKER = "10.0.2.2", "10.0.2.3", "10.0.2.50"
"""This machine and the resolver, as QEMU shows them to the emulated one; this machine on the line itself."""
ROUNDS: Final = 20
Note = Callable[[str, float | str], None]
"""Where a figure is kept, and said."""
ALLOWED: Final = Allowed(frozenset({(HOST, 8443)}), frozenset({NAMES}))


def make_line() -> None:
    """This machine's end of the emulated machine's network line, in this network namespace."""
    for words in (
        f"tuntap add {TAP} mode tap",
        f"addr add {ASKER}/24 dev {TAP}",
        f"link set {TAP} txqueuelen 10000 up",
    ):
        subprocess.run(["ip", *words.split()], check=True)


def knock_at_every_port(note: Note, machine: Machine) -> None:
    """From the same line, over IPv4 and IPv6: no TCP or UDP port answers. The insurer is out of reach after it."""
    targets = addresses(machine)
    machine.services_out()
    for name, target in targets.items():
        seen = asked_until_all_came(machine, target)
        note(f"{name}: TCP ports asked", len(seen.tcp))
        note(f"{name}: UDP ports asked", len(seen.udp))
        note(f"{name}: answers", len(seen.answers))
        if seen.answers or (seen.tcp, seen.udp) != (ALL, ALL):
            raise AssertionError([str(one) for one in seen.answers[:20]])


def asked_until_all_came(machine: Machine, target: str) -> Knocked:
    """Ask each port until its packet is in the recording: a busy machine lets some of them fall."""
    seen = Knocked(frozenset(), frozenset(), ())
    for _ in range(ROUNDS):
        asker = knock(target, ALL - seen.tcp, ALL - seen.udp, scope())
        time.sleep(5.0)
        seen = knocked(recorded(machine), MAC, asker, target)
        if (seen.tcp, seen.udp) == (ALL, ALL):
            break
    return seen


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


def idle_writes(note: Note, machine: Machine, seconds: float) -> None:
    """What is written to the card while nobody does anything."""
    before = machine.written()
    time.sleep(seconds)
    size, operations = (after - first for after, first in zip(machine.written(), before, strict=True))
    note("idle, seconds", seconds)
    note("idle: KiB written an hour", size * 3600 / seconds / 1024)
    note("idle: writes an hour", operations * 3600 / seconds)
