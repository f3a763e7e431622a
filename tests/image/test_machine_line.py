"""How the recording of the emulated machine's line is read and judged, and what the scan sends."""

import struct

import pytest

from tests.image.machine.line import Allowed, Packet, knocked, packets, parse
from tests.image.machine.scan import checksum, syn

MINE, OTHER = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
ALLOWED = Allowed(frozenset({("10.0.2.2", 8443)}), frozenset({"10.0.2.3"}))


def ipv4(kind: int, source: str, target: str, data: bytes) -> bytes:
    """A frame of the machine with one IPv4 packet, four bytes of options in it."""
    places = b"".join(bytes(int(part) for part in one.split(".")) for one in (source, target))
    return OTHER + MINE + b"\x08\x00" + bytes([0x46, *[0] * 8, kind, 0, 0]) + places + bytes(4) + data


def recording(*frames: bytes) -> bytes:
    """A libpcap file."""
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    return head + b"".join(struct.pack("<IIII", 0, 0, len(one), len(one)) + one for one in frames)


def test_a_knock_is_a_tcp_header_that_its_checksum_fits() -> None:
    """Over header and pseudo header the checksum is nought; ports and flag stand where the reader finds them."""
    head = syn("10.0.2.50", "10.0.2.15", 631)
    assert checksum(bytes([10, 0, 2, 50, 10, 0, 2, 15, 0, 6, 0, 20]) + head) == 0
    seen = parse(ipv4(6, "10.0.2.50", "10.0.2.15", head))
    assert (seen.kind, seen.target_port, seen.opens) == ("tcp", 631, True)


def test_an_answer_is_whatever_comes_back_but_the_neighbours_question() -> None:
    """A reset, a datagram and an error count alike; the question for a hardware address does not."""
    asked = ipv4(6, "10.0.2.50", "10.0.2.15", syn("10.0.2.50", "10.0.2.15", 22)).replace(MINE, OTHER)
    reset = ipv4(6, "10.0.2.15", "10.0.2.50", struct.pack("!HHIIBBHHH", 22, 40123, 0, 2, 80, 0x14, 0, 0, 0))
    refused = ipv4(1, "10.0.2.15", "10.0.2.50", b"\x03\x03")
    who = OTHER + MINE + b"\x08\x06" + bytes(14) + bytes([10, 0, 2, 15]) + bytes(6) + bytes([10, 0, 2, 50])
    seen = knocked(list(packets(recording(asked, reset, refused, who))), MINE, "10.0.2.50", "10.0.2.15")
    assert (seen.tcp, seen.udp) == (frozenset({22}), frozenset())
    assert [str(one) for one in seen.answers] == [
        "tcp 10.0.2.15 -> 10.0.2.50 22 -> 40123",
        "icmp 10.0.2.15 -> 10.0.2.50 0 -> 3",
    ]


@pytest.mark.parametrize(
    ("packet", "purpose"),
    [
        (Packet(MINE, "tcp", "10.0.2.15", "10.0.2.2", 40000, 8443), "insurer"),
        (Packet(MINE, "tcp", "10.0.2.15", "10.0.2.2", 40000, 443), ""),
        (Packet(MINE, "tcp", "10.0.2.15", "10.0.2.9", 40000, 8443), ""),
        (Packet(MINE, "udp", "10.0.2.15", "10.0.2.3", 40000, 53), "names"),
        (Packet(MINE, "udp", "10.0.2.15", "10.0.2.2", 40000, 53), ""),
        (Packet(MINE, "udp", "0.0.0.0", "255.255.255.255", 68, 67), "address"),
        (Packet(MINE, "udp", "10.0.2.15", "10.0.2.2", 5353, 5353), ""),
        (Packet(MINE, "icmpv6", "fe80::1", "ff02::2", 0, 133), "neighbours"),
        (Packet(MINE, "icmpv6", "fe80::1", "fe80::2", 0, 1), ""),
        (Packet(MINE, "frame of type 88cc"), ""),
    ],
)
def test_every_packet_is_for_something_or_should_not_be_there(packet: Packet, purpose: str) -> None:
    """To the insurer's own port, to the named resolver, for an address; what is not understood is not passed over."""
    assert ALLOWED.explains(packet) == purpose


def test_what_is_broken_or_no_recording_is_said() -> None:
    """A frame cut in its header is reported, a record cut off at the end of the file is not yet there."""
    whole = ipv4(17, "10.0.2.15", "10.0.2.3", b"\x9c\x40\x005")
    assert parse(whole[:20]).kind.startswith("broken")
    assert [one.target_port for one in packets(recording(whole, whole)[:-1])] == [53]
    with pytest.raises(ValueError, match="no"):
        list(packets(b"nothing"))
