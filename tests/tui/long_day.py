"""A long day at the counter, in one run of the application: `python -m tests.tui.long_day CLAIMS`.

Rules: the real application, counter, queue and encrypted files, an emulated reader with a new invented person for each
claim, a real insurer in its own process, and the service's passes in processes of their own, so that what grows in
this process is the counter's. Mute cards, cards pulled too early, locks, and rejections that a person corrects are
mixed in at fixed places. One JSON object is printed: claims by state, and the resident memory as the day went on: after
the first claim, and after each tenth of them. Growth is counted from the first tenth: of 1,000 claims, from the 100th
on, when each screen of the day was shown, rejections included, and what has a fixed size is full. The first claim's
figure says how much that leaves out.
"""

import asyncio
import json
import sys
import tempfile
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

from hardware.emulator import EmulatedSource
from hardware.emulator.profiles import Profile, load_profile, parse_profile
from sync.memory import give_back_what_is_free
from terminal.cli.demo_insurers import KINDS, DemoInsurer, create_insurer
from terminal.cli.demo_service import drain
from terminal.domain.identifiers import Nir
from terminal.tui.card_slot import Slot
from terminal.tui.orders import Page
from tests.shop_fixture import PIN, NearInsurer, Shop, opened_shop
from tests.tui.playing import Player, playing

CLASS_A = ("1211", "enter", "1", "f10")
MUTE, PULLED, LOCKED, SENT, REJECTED = 10, 10, 10, 25, 50
"""Every so many claims it happens."""
ANSWER_SECONDS = 1.0
"""What a mute card is given, so that a day of them is not an hour of waiting."""


def card(number: int) -> Profile:
    """The card of invented person `number`, born on a day of its own in a commune that does not exist."""
    birth = date(1960, 1, 1) + timedelta(days=11 * number)
    digits = f"2{birth:%y%m}75999{1 + number % 999:03}"
    nir = digits + f"{97 - int(digits) % 97:02}"
    Nir.parse(nir)
    holder = {"surname": "ESSAI", "given_name": "ODILE", "birth_date": f"{birth:%Y%m%d}", "nir": nir}
    simple = load_profile("simple")
    return parse_profile(
        json.dumps({
            "schema": "comptoir/card-profile/v1", "name": f"personne-{number}", "about": "one of a long day",
            "country": simple.country, "file_size": simple.file_size, "holders": [holder],
        })
    )  # fmt: skip


def resident() -> int:
    """Bytes of this process that are in memory."""
    status = Path("/proc/self/status").read_text("ascii")
    return 1024 * int(status.partition("VmRSS:")[2].split()[0])


class Day:
    """The person at the counter, and what goes wrong around them."""

    def __init__(self, player: Player, shop: Shop, insurer: DemoInsurer) -> None:
        self.player, self.shop, self.insurer = player, shop, insurer
        self.memory: list[int] = []

    async def work(self, claims: int) -> None:
        """So many claims, one after the other."""
        for number in range(claims):
            await self.trouble(number)
            await self.claim(number)
            if number % SENT == SENT - 2:
                await self.send(rejected=False)
            elif number % REJECTED == REJECTED - 1:
                await self.send(rejected=True)
            self.memory.append(resident())

    async def trouble(self, number: int) -> None:
        """What comes before this claim."""
        if number % MUTE == 3:
            await self.unreadable("muette", None)
        if number % PULLED == 5:
            await self.unreadable("simple", "pulled:5")
        if number % LOCKED == 7:
            self.player.press("f11")
            await self.player.until(lambda: self.player.app.locked)
            await self.player.unlock(PIN)

    async def unreadable(self, profile: str, fault: str | None) -> None:
        """A card that cannot be read is told, and taken out."""
        self.shop.cards.insert(profile, fault=fault)
        await self.player.until(lambda: bool(self.player.notice()))
        self.shop.cards.remove()
        await self.player.until(lambda: self.player.app.facts.slot.state is not Slot.READING)

    async def claim(self, number: int) -> None:
        """A person's card, the keys, "enregistrée", the card back."""
        self.shop.cards.insert(card(number))
        await self.player.claim_opens()
        self.player.press(*CLASS_A)
        await self.player.sees("ENREGISTRÉE")
        self.shop.cards.remove()
        self.player.press("escape")
        await self.player.until(lambda: self.player.app.page is Page.HOME)

    async def send(self, *, rejected: bool) -> None:
        """The service comes by; the insurer may reject the one claim that waits, and then a person corrects it."""
        if rejected:
            self.restart(b'"DEMO', b'"AUTRE')
        await asyncio.to_thread(drain, self.shop.home)
        self.player.app.take_snapshot()
        await self.player.settle()
        if rejected:
            self.restart(b'"AUTRE', b'"DEMO')
            await self.correct()

    async def correct(self) -> None:
        """The rejected claim, by its numbered way out."""
        self.player.press("f4")
        await self.player.sees("REJET ")
        self.player.press("enter")
        await self.player.sees("Ce que vous pouvez faire")
        self.player.press("1")
        await self.player.claim_opens()
        self.player.press("f10")
        await self.player.sees("ENREGISTRÉE")
        self.player.press("escape")
        await self.player.until(lambda: self.player.app.page is Page.HOME)

    def restart(self, before: bytes, after: bytes) -> None:
        """Bring the intake up with another convention."""
        self.insurer.stop()
        settings = self.insurer.folder / "intake" / "insurer.json"
        settings.write_bytes(settings.read_bytes().replace(before, after))
        self.insurer.start()


async def play(folder: Path, claims: int) -> dict[str, object]:
    """The day, and what is left of it."""
    insurer = create_insurer(folder, KINDS[0], made_as=NearInsurer)
    insurer.start()
    try:
        with opened_shop(folder / "home", (insurer,), EmulatedSource(timeout=ANSWER_SECONDS)) as shop:
            shop.desk.vault.lock()
            async with playing(shop.counter, reader=shop.cards.readers()[0]) as player:
                day = Day(player, shop, insurer)
                await player.unlock(PIN)
                await day.work(claims)
            states = Counter(row.state for row in shop.desk.home.outbox.rows(limit=10 * claims))
    finally:
        insurer.stop()
    tenth = max(1, claims // 10)
    return {"states": states, "first": day.memory[0], "memory": day.memory[tenth - 1 :: tenth]}


def main() -> None:
    """Print what came of the day."""
    give_back_what_is_free()
    with tempfile.TemporaryDirectory() as folder:
        said = asyncio.run(play(Path(folder), int(sys.argv[1])))
    print(json.dumps(said))  # noqa: T201 - a program


if __name__ == "__main__":
    main()
