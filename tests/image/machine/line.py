"""What went over the emulated machine's network line: QEMU's recording (`filter-dump`), read and judged.

Rules: pure. A frame that is not understood is not passed over: it is reported like one that should not be there.
Source: libpcap's file format; RFC 791, 768, 9293, 8200, 4443, 826.
"""

import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_MAGIC: Final = 0xA1B2C3D4
_FILE, _RECORD = struct.Struct("<IHHiIII"), struct.Struct("<IIII")
_IPV4, _ARP, _IPV6 = 0x0800, 0x0806, 0x86DD
_ICMP, _TCP, _UDP, _ICMPV6, _HOP_BY_HOP = 1, 6, 17, 58, 0
_NEIGHBOURS: Final = frozenset({133, 135, 136, 143})
"""Router and neighbour solicitations and answers, multicast listener reports."""
_NAMES: Final = {_ICMP: "icmp", _TCP: "tcp", _UDP: "udp", _ICMPV6: "icmpv6"}


@dataclass(frozen=True)
class Packet:
    """One frame: who sent it, and what it carries as far as it is understood."""

    mac: bytes
    kind: str
    """`tcp`, `udp`, `icmp`, `icmpv6`, `arp`, or what the frame calls itself."""
    source: str = ""
    target: str = ""
    source_port: int = 0
    target_port: int = 0
    """Of ICMP: its type."""
    opens: bool = False
    """Whether it asks for a TCP connection."""

    @property
    def between_neighbours(self) -> bool:
        """Whether it is how machines on one line find each other."""
        return self.kind == "arp" or (self.kind == "icmpv6" and self.target_port in _NEIGHBOURS)

    def __str__(self) -> str:
        ports = f" {self.source_port} -> {self.target_port}" if self.kind != "arp" else ""
        return f"{self.kind} {self.source} -> {self.target}{ports}"


def packets(recording: bytes) -> Iterator[Packet]:
    """The packets of a recording, in order; a last one that was cut off is left out."""
    if len(recording) < _FILE.size or _FILE.unpack_from(recording)[0] != _MAGIC:
        raise ValueError("not a recording")
    at = _FILE.size
    while at + _RECORD.size <= len(recording):
        _, _, kept, _ = _RECORD.unpack_from(recording, at)
        at += _RECORD.size
        if at + kept <= len(recording):
            yield parse(recording[at : at + kept])
        at += kept


def parse(frame: bytes) -> Packet:
    """One Ethernet frame."""
    mac, kind = frame[6:12], int.from_bytes(frame[12:14])
    try:
        if kind == _ARP:
            return Packet(mac, "arp", _ip(frame[28:32]), _ip(frame[38:42]))
        if kind == _IPV4:
            length = (frame[14] & 15) * 4
            return _inside(mac, frame[23], frame[26:30], frame[30:34], frame[14 + length :])
        if kind == _IPV6:
            inner, rest = frame[20], frame[54:]
            if inner == _HOP_BY_HOP:
                inner, rest = rest[0], rest[8 * (1 + rest[1]) :]
            return _inside(mac, inner, frame[22:38], frame[38:54], rest)
    except (IndexError, struct.error, ValueError):
        return Packet(mac, f"broken frame of type {kind:04x}")
    return Packet(mac, f"frame of type {kind:04x}")


def _inside(mac: bytes, kind: int, source: bytes, target: bytes, data: bytes) -> Packet:
    """What an IP packet carries."""
    name, ends = _NAMES.get(kind, f"protocol {kind}"), (_ip(source), _ip(target))
    if kind in {_TCP, _UDP}:
        ports, opens = struct.unpack_from("!HH", data), kind == _TCP and data[13] & 0x12 == 0x02
        return Packet(mac, name, *ends, ports[0], ports[1], opens)
    if kind in {_ICMP, _ICMPV6}:
        return Packet(mac, name, *ends, target_port=data[0])
    return Packet(mac, name, *ends)


def _ip(address: bytes) -> str:
    return str(ipaddress.ip_address(address))


@dataclass(frozen=True)
class Allowed:
    """To whom the machine may speak by itself."""

    insurers: frozenset[tuple[str, int]]
    names: frozenset[str]
    """The resolver that the network named."""

    def explains(self, packet: Packet) -> str:
        """What a packet of the machine is for; empty when it should not be there."""
        match packet.kind:
            case _ if packet.between_neighbours:
                return "neighbours"
            case "udp":
                return self._datagram(packet)
            case "tcp" if (packet.target, packet.target_port) in self.insurers:
                return "insurer"
            case "tcp" if packet.target in self.names and packet.target_port == 53:
                return "names"
        return ""

    def _datagram(self, packet: Packet) -> str:
        if (packet.source_port, packet.target_port) in {(68, 67), (546, 547)}:
            return "address"
        if packet.target_port == 53 and packet.target in self.names:
            return "names"
        return "time" if packet.target_port == 123 else ""


@dataclass(frozen=True)
class Knocked:
    """What a scan did: the ports that were asked, as the line saw them, and every answer."""

    tcp: frozenset[int]
    udp: frozenset[int]
    answers: tuple[Packet, ...]


def knocked(recorded: list[Packet], mac: bytes, asker: str, target: str) -> Knocked:
    """Which ports `asker` asked of `target`, and what the machine with `mac` sent back to it."""
    asked = {(one.kind, one.target_port) for one in recorded if one.source == asker and one.target == target}
    back = [one for one in recorded if one.mac == mac and one.target == asker]
    answers = tuple(one for one in back if not one.between_neighbours)
    tcp, udp = (frozenset(port for one, port in asked if one == kind and port) for kind in ("tcp", "udp"))
    return Knocked(tcp, udp, answers)
