"""How long a key waits for its drawing while a mute card is being read, beside the same with an empty reader.

Rules: the real screens, counter and emulated reader in one process; a key counts as drawn once application and screen
have handled all that it caused. The mute card holds its reader for as long as the watchdog lets it.
"""

import asyncio
import tempfile
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from terminal.tui.card_slot import Slot
from tests.tui.playing import Player, playing
from tests.tui.real_shop import PIN, open_shop

DIGITS = "284057599900"


def measure(parent: Path, rounds: int) -> dict[str, float]:
    """Median and 95th percentile of a key's wait in seconds, each way, and mute over idle; `rounds` of 12 keys."""
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        idle, mute = asyncio.run(_measure(Path(folder), rounds))
    return {
        "idle_median_seconds": median(idle),
        "mute_median_seconds": median(mute),
        "mute_p95_seconds": quantiles(mute, n=20)[-1],
        "ratio": median(mute) / median(idle),
    }


async def _measure(folder: Path, rounds: int) -> tuple[list[float], list[float]]:
    idle: list[float] = []
    mute: list[float] = []
    with open_shop(folder) as shop:
        async with playing(shop.counter, reader=shop.reader) as player:
            await player.unlock(PIN)
            for _ in range(rounds):
                idle += await _typed(player)
                shop.cards.insert("muette")
                await player.until(lambda: player.app.facts.slot.state is Slot.READING)
                mute += await _typed(player)
                shop.cards.remove()
                await player.until(lambda: player.app.facts.slot.state is Slot.EMPTY)
    return idle, mute


async def _typed(player: Player) -> list[float]:
    """What each digit of a NIR waits, on the form for people without a card."""
    player.press("f2")
    await player.sees("sans carte")
    waits = []
    for typed, digit in enumerate(DIGITS, start=1):
        start = perf_counter()
        player.press(digit)
        await player.flush()
        waits.append(perf_counter() - start)
        if DIGITS[:typed] not in player.text():
            raise RuntimeError("a key was handled and not drawn")
    player.press("escape", "escape")
    await player.settle()
    return waits
