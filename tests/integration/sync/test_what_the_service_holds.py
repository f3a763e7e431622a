"""The service opens only what it needs: the shop key is never in its memory, nor the module that could open it.

The memory of the running process is read from outside, which the kernel allows to root alone. That reading finds
anything is shown by the store's key, which the service does hold.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from sync.crypto.keyslots import open_device_keys
from sync.crypto.shopslots import ShopSlots
from sync.crypto.stretching import Argon2Cost
from sync.home import exchange_device_secret, exchange_store_key
from tests.integration.sync.test_sync_service import service, wait_for
from tests.integration.sync.world import Terminal
from tests.unit.sync.receiver.visitor import AMC

PIN = "24681357"
CHUNK = 1 << 24
OVERLAP = 64
_LINE = re.compile(r"([0-9a-f]+)-([0-9a-f]+) rw")


def writable(pid: int) -> Iterator[tuple[int, int]]:
    """Start and length of what the process may have written into, in pieces."""
    for line in Path(f"/proc/{pid}/maps").read_text("ascii").splitlines():
        if place := _LINE.match(line):
            start, end = (int(bound, 16) for bound in place.groups())
            yield from ((at, min(CHUNK + OVERLAP, end - at)) for at in range(start, end, CHUNK))


def memory_holds(pid: int, needles: list[bytes]) -> list[bool]:
    """Whether each needle is somewhere in the writable memory of a process."""
    found = [False] * len(needles)
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for at, length in writable(pid):
            content = b""
            with suppress(OSError):  # pages that are mapped to nothing
                content = os.pread(memory.fileno(), length, at)
            found = [known or needle in content for known, needle in zip(found, needles, strict=True)]
    return found


@pytest.mark.skipif(os.geteuid() != 0, reason="the kernel lets only root read the memory of a protected process")
def test_the_service_never_holds_the_shop_key(enrolled: Terminal) -> None:
    """After it started and sent claims of a shop with people, its memory has the store's key and not the shop's."""
    home = enrolled.home
    cheap = Argon2Cost(memory_kib=64, passes=1, lanes=1)
    seed = ShopSlots(home.keyslots, home.device_secret, lambda: cheap).add_pin("camille", PIN)
    store_key = open_device_keys(home.keyslots, home.device_secret).store_key
    with service(enrolled) as process:
        wait_for(process, "started")
        enrolled.register(AMC, 2)
        wait_for(process, "drained")
        held = memory_holds(process.pid, [store_key, seed, seed.hex().encode(), PIN.encode()])
    assert held == [True, False, False, False]
    assert set(enrolled.states()) == {"acknowledged"}


def test_the_service_does_not_load_what_opens_the_shop_key() -> None:
    """The module of people's slots, and the vault, are not in the process at all."""
    asked = "import sys, sync.daemon; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "sync.crypto.keyslots" in loaded
    assert [name for name in loaded if name.endswith(".shopslots") or name.partition(".")[0] == "terminal"] == []


def test_the_service_sends_on_while_keys_are_exchanged_under_it(enrolled: Terminal) -> None:
    """Store key, device secret, store key again: the same process sends what is registered after each."""
    home = enrolled.home
    exchanges: list[Callable[[], object]] = [
        lambda: exchange_store_key(home),
        lambda: exchange_device_secret(home.path),
        lambda: exchange_store_key(home),
    ]
    with service(enrolled) as process:
        wait_for(process, "started")
        for exchange in exchanges:
            exchange()
            enrolled.register(AMC)
            assert wait_for(process, "drained")["acknowledged"] == 1
    assert process.returncode == 0
    assert enrolled.states() == ["acknowledged"] * 3
    assert home.store.path.name == "store-3.db"
