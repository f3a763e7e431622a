"""Knocks at every port of a machine on the same line, and leaves the judging to who watches the line.

Rules: a SYN to each TCP port and an empty-handed datagram to each UDP port, sent without waiting for anything; what
comes back is in the recording of the line (`tests.image.machine.line`). Root, for raw sockets. IPv4 and IPv6.
Source: RFC 9293 3.1 (header, checksum), RFC 1071.
"""

import ipaddress
import socket
import struct
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

ALL: Final = frozenset(range(1, 65536))
FROM: Final = 40123
"""The port from which everything is asked; the machine's answers name it."""
_SYN: Final = 0x02


def knock(target: str, tcp: Iterable[int], udp: Iterable[int], scope: int = 0, rate: float = 1500.0) -> str:
    """Send to each of these TCP and UDP ports of `target`, at most `rate` packets a second.

    The address from which it was asked.
    """
    family = socket.AF_INET6 if ":" in target else socket.AF_INET
    place = (target, 0, 0, scope) if family == socket.AF_INET6 else (target, 0)
    with (
        socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_TCP) as raw,
        socket.socket(family, socket.SOCK_DGRAM) as datagrams,
    ):
        datagrams.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", FROM))
        source = _own_address(family, target, scope)
        slowly(rate, tcp, lambda port: _send(raw, syn(source, target, port), place))
        slowly(rate, udp, lambda port: _send(datagrams, b"\0", (target, port, *place[2:])))
    return source


def slowly(rate: float, ports: Iterable[int], send: Callable[[int], None]) -> None:
    """Send to each port, no faster than `rate` a second."""
    began = time.monotonic()
    for number, port in enumerate(sorted(ports)):
        if (early := began + number / rate - time.monotonic()) > 0.02:
            time.sleep(early)
        send(port)


def syn(source: str, target: str, port: int) -> bytes:
    """A TCP header that asks for a connection."""
    head = struct.pack("!HHIIBBHHH", FROM, port, 1, 0, 5 << 4, _SYN, 1024, 0, 0)
    addresses = b"".join(ipaddress.ip_address(one).packed for one in (source, target))
    pseudo = addresses + (struct.pack("!IHBB", len(head), 0, 0, 6) if ":" in target else struct.pack("!BBH", 0, 6, 20))
    return head[:16] + struct.pack("!H", checksum(pseudo + head)) + head[18:]


def checksum(data: bytes) -> int:
    """The internet checksum."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _send(link: socket.socket, data: bytes, place: tuple[str | int, ...]) -> None:
    """Send; an error that an earlier packet came back with does not stop the scan."""
    with suppress(OSError):
        link.sendto(data, place)


def _own_address(family: int, target: str, scope: int) -> str:
    """The address of this machine that `target` is asked from."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((target, 9, 0, scope) if family == socket.AF_INET6 else (target, 9))
        return str(probe.getsockname()[0]).partition("%")[0]
