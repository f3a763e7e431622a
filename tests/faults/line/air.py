"""A bad line between two network namespaces, with the kernel's own TCP at both ends: packets are lost, doubled, late.

Rules: `tc netem` where the kernel has it; else a thread of ours between two TUN devices, which does the same to real
packets and knows nothing of what they carry. A packet takes its time on the wire (rate), then its way (delay); what
does not fit into the queue is lost, as in a modem. The same weather in both directions.
"""

import heapq
import os
import random
import select
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from tests.faults.line.namespaces import DEVICE, Namespace, two_networks

_PACKET: Final = 65_536
_BITS: Final = 8


@dataclass(frozen=True)
class Weather:
    """What a line does to packets: shares of 1, seconds one way, bits a second (0: any), packets that may be on it."""

    loss: float = 0.0
    doubled: float = 0.0
    delay: float = 0.0
    jitter: float = 0.0
    rate: int = 0
    queue: int = 1000


CALM: Final = Weather()
DARK: Final = Weather(loss=1.0)


@dataclass
class Line:
    """Two networks and what is between them; `kind` says by what it is made."""

    near: Namespace
    far: Namespace
    kind: str

    def turn(self, weather: Weather) -> None:
        """From now on the weather is this."""
        raise NotImplementedError


@contextmanager
def bad_line(seed: int) -> Iterator[Line]:
    """Two networks joined by a line in calm weather, until the block ends."""
    with two_networks() as (near, far):
        if has_netem(near):
            _join(near, far)
            yield Netem(near, far, "tc netem")
        else:
            with Air(near, far, "packets through TUN devices", random.Random(seed)).flowing() as air:
                yield air


def has_netem(there: Namespace) -> bool:
    """Whether this kernel has netem, and this machine the tool for it."""
    if shutil.which("tc") is None or shutil.which("ip") is None:
        return False
    tried = ["tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms"]
    if there.run(lambda: subprocess.run(tried, capture_output=True, check=False)).returncode:
        return False
    there.run(lambda: subprocess.run(["tc", "qdisc", "del", "dev", "lo", "root"], check=True))
    return True


class Netem(Line):
    """The kernel's own bad line, on both ends of a pair of devices."""

    def turn(self, weather: Weather) -> None:
        """From now on the weather is this."""
        told = ["limit", str(weather.queue), "delay", f"{weather.delay * 1000:.0f}ms", f"{weather.jitter * 1000:.0f}ms"]
        told += ["loss", f"{weather.loss:.2%}", "duplicate", f"{weather.doubled:.2%}"]
        told += ["rate", f"{weather.rate}bit"] if weather.rate else []
        for end in (self.near, self.far):
            _tool(end, "tc", "qdisc", "replace", "dev", DEVICE, "root", "netem", *told)


def _join(near: Namespace, far: Namespace) -> None:
    peer = ("peer", "name", DEVICE, "netns", str(far.thread))
    _tool(near, "ip", "link", "add", DEVICE, "type", "veth", *peer)
    for end in (near, far):
        _tool(end, "ip", "address", "add", f"{end.address}/24", "dev", DEVICE)
        end.plug(plugged=True)


def _tool(there: Namespace, *command: str) -> None:
    there.run(lambda: subprocess.run(command, check=True, capture_output=True))


@dataclass
class _Way:
    """One direction: from which device to which, when the wire is free again, and what is under way."""

    source: int
    sink: int
    free_at: float = 0.0
    coming: list[tuple[float, int, bytes]] = field(default_factory=list)


@dataclass
class Air(Line):
    """The same by a thread of ours; `carried` and `lost` count packets."""

    rng: random.Random
    weather: Weather = CALM
    carried: int = 0
    lost: int = 0

    def turn(self, weather: Weather) -> None:
        """From now on the weather is this; what is under way arrives as it would have."""
        self.weather = weather

    @contextmanager
    def flowing(self) -> Iterator["Air"]:
        """Carry packets until the block ends."""
        ends = self.near.open_tun(), self.far.open_tun()
        stop, thread = os.pipe(), threading.Thread(target=lambda: self._flow(ends, stop[0]), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            os.close(stop[1])
            thread.join()
            for descriptor in (*ends, stop[0]):
                os.close(descriptor)

    def _flow(self, ends: tuple[int, int], stop: int) -> None:
        ways = [_Way(ends[0], ends[1]), _Way(ends[1], ends[0])]
        numbers = count()
        while True:
            due = [way.coming[0][0] for way in ways if way.coming]
            patience = max(0.0, min(due) - time.monotonic()) if due else None
            ready = select.select([*ends, stop], [], [], patience)[0]
            if stop in ready:
                return
            for way in ways:
                if way.source in ready:
                    self._take(way, numbers)
                self._deliver(way)

    def _take(self, way: _Way, numbers: Iterator[int]) -> None:
        """One packet from its sender: it is lost, or under way, once or twice."""
        try:
            packet = os.read(way.source, _PACKET)
        except OSError:  # nothing there, or the cable is out
            return
        weather, now = self.weather, time.monotonic()
        if len(way.coming) >= weather.queue or self.rng.random() < weather.loss:
            self.lost += 1
            return
        way.free_at = max(now, way.free_at) + (len(packet) * _BITS / weather.rate if weather.rate else 0.0)
        for _ in range(2 if self.rng.random() < weather.doubled else 1):
            late = weather.delay + self.rng.uniform(-weather.jitter, weather.jitter)
            heapq.heappush(way.coming, (way.free_at + max(0.0, late), next(numbers), packet))

    def _deliver(self, way: _Way) -> None:
        """What has arrived by now."""
        while way.coming and way.coming[0][0] <= time.monotonic():
            _, _, packet = heapq.heappop(way.coming)
            self.carried += 1
            with suppress(OSError):  # the cable is out, or the receiver's queue is full: lost, as on any line
                os.write(way.sink, packet)
