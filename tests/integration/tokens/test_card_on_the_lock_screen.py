"""A real token behind the lock screen: the card that the command line let in opens the counter."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from hardware.cps import CpsSession, open_cps
from hardware.cryptoki import Module
from hardware.emulator import EmulatedSource
from sync.errors import CardWrong
from terminal.vault.acts import Act
from terminal.workflow.counter import Counter
from terminal.workflow.desk import Desk
from tests.integration.tokens.test_card_opens_the_shop import enrol, issue
from tests.token_fixture import PIN, NewToken, SoftToken
from tests.tui.playing import playing
from tests.unit.terminal.vault.people import PINS, staffed


def with_card(desk: Desk, token: SoftToken) -> Desk:
    """The same desk, whose professional card is this token."""

    @contextmanager
    def opened() -> Iterator[CpsSession]:
        card = open_cps(Module(token.module), token.label)
        try:
            yield card
        finally:
            card.close()

    return replace(desk, professional_card=opened)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A terminal with people, nobody logged in."""
    made = staffed(tmp_path / "home")
    yield made
    made.home.close()


async def test_a_token_opens_the_counter_from_the_lock_screen(desk: Desk, new_token: NewToken) -> None:
    """Inserted, asked for, a wrong code told, the right one opens; the journal says who came."""
    token = issue(new_token(), "p256")
    enrol(desk, token)
    counter = Counter(with_card(desk, token))
    assert isinstance(desk.cards, EmulatedSource)
    place = [user.id for user in counter.users()].index("nadia") + 1
    async with playing(counter) as player:
        desk.cards.insert("cps")
        await player.sees("Code carte")
        player.press(str(place), "9999", "enter")
        await player.sees("code de carte est faux")
        player.press(PIN, "enter")
        await player.until(lambda: not player.app.locked)
        await player.settle()
    assert counter.user is not None
    assert counter.user.id == "nadia"
    entries = [entry for entry in desk.vault.journal.entries() if entry.what == Act.UNLOCKED]
    assert entries[-1].who == "nadia"


def test_a_card_is_let_in_from_the_counter(desk: Desk, new_token: NewToken) -> None:
    """By whoever is logged in, then opens for them and for nobody else; another card does not."""
    token, other = issue(new_token(), "p256"), issue(new_token(), "p256")
    counter = Counter(with_card(desk, token))
    counter.unlock("nadia", PINS["nadia"])
    counter.add_own_card(PIN)
    counter.lock()
    counter.unlock_by_card("nadia", PIN)
    assert counter.user is not None
    counter.lock()
    with pytest.raises(CardWrong):
        Counter(with_card(desk, other)).unlock_by_card("nadia", PIN)
