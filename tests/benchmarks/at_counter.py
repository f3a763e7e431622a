"""What a customer waits for at the counter: card in until the claim is there, F10 until "enregistrée".

Rules: the real screens, counter, sealing and encrypted files in one process, emulated cards that answer at once, of
another person each time. Beside them, in the same run, the same card read by the counter without a screen, and a sealed
claim made durable without one.
"""

import asyncio
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

from terminal.tui.card_slot import Slot
from terminal.tui.orders import Page
from tests.benchmarks.durable import opened_outbox
from tests.benchmarks.sample import SealedClaims
from tests.benchmarks.table import Figures, milliseconds, row
from tests.tui.long_day import card
from tests.tui.playing import PATIENCE, Player, playing
from tests.tui.real_shop import PIN, Shop, open_shop

KEYS = ("1211", "enter", "1")


def measure(parent: Path, rounds: int) -> dict[str, float]:
    """Median seconds of the two waits and of what each rests on, and the two multiples."""
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        opened, saved, read = asyncio.run(_waits(Path(folder), rounds))
        enqueued = _enqueued(Path(folder), rounds)
    return {
        "claim_seconds": median(opened),
        "read_seconds": median(read),
        "claim_ratio": median(opened) / median(read),
        "saved_seconds": median(saved),
        "enqueue_seconds": median(enqueued),
        "saved_ratio": median(saved) / median(enqueued),
    }


def lines(found: Figures) -> str:
    """Two lines of the table."""
    opened = f"{milliseconds(found['claim_seconds'])} ÷ {milliseconds(found['read_seconds'])}"
    saved = f"{milliseconds(found['saved_seconds'])} ÷ {milliseconds(found['enqueue_seconds'])}"
    return (
        row("card in until the claim is there ÷ the card read", found["claim_ratio"], opened)
        + row("F10 until enregistrée ÷ one durable enqueue", found["saved_ratio"], saved)
    )  # fmt: skip


async def _waits(folder: Path, rounds: int) -> tuple[list[float], list[float], list[float]]:
    opened: list[float] = []
    saved: list[float] = []
    read: list[float] = []
    with open_shop(folder) as shop:
        async with playing(shop.counter, reader=shop.reader) as player:
            await player.unlock(PIN)
            for number in range(rounds):
                opened.append(await _claim_opens(player, shop, number))
                read.append(_seconds(lambda: shop.counter.read_card(shop.reader)))
                saved.append(await _claim_saved(player))
                shop.cards.remove()
                player.press("escape")
                await player.until(lambda: player.app.page is Page.HOME)
                await player.until(lambda: player.app.facts.slot.state is Slot.EMPTY)
                await player.settle()
    return opened, saved, read


async def _claim_opens(player: Player, shop: Shop, number: int) -> float:
    profile = card(number)
    start = perf_counter()
    shop.cards.insert(profile)
    await _at_once(player, "Qui paie quoi")
    return perf_counter() - start


async def _claim_saved(player: Player) -> float:
    player.press(*KEYS)
    await player.sees("77,90")
    await player.settle()
    start = perf_counter()
    player.press("f10")
    await _at_once(player, "ENREGISTRÉE")
    waited = perf_counter() - start
    await player.settle()
    return waited


async def _at_once(player: Player, words: str) -> None:
    """Until the words are drawn; nothing sleeps in between."""
    limit = perf_counter() + PATIENCE
    while words not in player.text():
        if perf_counter() > limit:
            raise TimeoutError(words)
        await player.flush()


def _enqueued(folder: Path, rounds: int) -> list[float]:
    claims = SealedClaims()
    with opened_outbox(folder) as outbox:
        entries = [claims.entry() for _ in range(rounds)]
        return [_seconds(partial(outbox.enqueue, entry)) for entry in entries]


def _seconds(act: Callable[[], object]) -> float:
    start = perf_counter()
    act()
    return perf_counter() - start
