"""The professional card as a way to the shop key: RSA and P-256 cards of SoftHSM, right, wrong, and unfit ones."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pkcs11
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pkcs11 import Attribute, ObjectClass

from hardware import TokenKeyUnfit, TokenLoginRequired
from hardware.cps import CpsSession, open_cps
from hardware.cryptoki import Module
from sync.errors import CardWrong, KeyInvalid, SlotUnknown
from terminal.vault.refusals import AccountDisabled, PinLocked, RoleRefused
from terminal.workflow.desk import Desk
from terminal.workflow.people import disable_person
from tests.integration.tokens.test_professional_card import Private, put
from tests.token_fixture import PIN, NewToken, SoftToken
from tests.unit.terminal.vault.people import PINS, staffed

AUTHENTICATION = "CPS_PRIV_AUT"
KINDS: dict[str, Callable[[], Private]] = {
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A terminal with people, nobody logged in."""
    made = staffed(tmp_path / "home")
    yield made
    made.home.close()


def issue(token: SoftToken, kind: str, *, fit: bool = True) -> SoftToken:
    """Put an authentication key on a token that may make a secret, or may only sign."""
    put(token, KINDS[kind](), AUTHENTICATION, b"\x02", signs=False)
    allowed = Attribute.DECRYPT if kind == "rsa" else Attribute.DERIVE
    with pkcs11.lib(str(token.module)).get_token(token_label=token.label).open(rw=True, user_pin=PIN) as session:
        (key,) = session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})
        key[allowed] = fit
    return token


@contextmanager
def inserted(token: SoftToken) -> Iterator[CpsSession]:
    """A session with this card, its PIN typed."""
    with closing(open_cps(Module(token.module), token.label)) as card:
        card.login(PIN)
        yield card


def enrol(desk: Desk, token: SoftToken, who: str = "nadia") -> bytes:
    """Somebody logs in by PIN and lets their card in; the shop seed."""
    desk.vault.unlock(who, PINS[who])
    with inserted(token) as card:
        desk.vault.add_card(card.public_key(), card.reproduce)
    seed = desk.vault.seed
    desk.vault.lock()
    return seed


@pytest.mark.parametrize("kind", KINDS)
def test_the_card_opens_what_the_pin_opens(desk: Desk, new_token: NewToken, kind: str) -> None:
    """The same shop key, for the same person, in the same role, each time the card is there."""
    token = issue(new_token(), kind)
    seed = enrol(desk, token)
    for _ in range(2):
        with inserted(token) as card:
            desk.vault.unlock_by_card("nadia", card.reproduce)
        assert desk.vault.seed == seed
        assert desk.vault.user == desk.vault.accounts.get("nadia")
        desk.vault.lock()


@pytest.mark.parametrize("kind", KINDS)
def test_another_card_of_the_same_kind_opens_nothing(desk: Desk, new_token: NewToken, kind: str) -> None:
    """It makes another secret, or refuses; nobody is logged in."""
    enrol(desk, issue(new_token(), kind))
    other = issue(new_token(), kind)
    with inserted(other) as card, pytest.raises(CardWrong):
        desk.vault.unlock_by_card("nadia", card.reproduce)
    assert desk.vault.user is None


def test_a_card_opens_its_holders_account_only(desk: Desk, new_token: NewToken) -> None:
    """Who has no card here is told so."""
    token = issue(new_token(), "rsa")
    enrol(desk, token)
    with inserted(token) as card, pytest.raises(SlotUnknown):
        desk.vault.unlock_by_card("thomas", card.reproduce)


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_that_only_signs_is_refused_with_its_reason(desk: Desk, new_token: NewToken, kind: str) -> None:
    """Nothing is kept, and the code says what the card does not allow."""
    token = issue(new_token(), kind, fit=False)
    before = desk.home.keyslots.read_bytes()
    with pytest.raises(TokenKeyUnfit) as caught:
        enrol(desk, token)
    assert caught.value.facts == {"reason": "usage"}
    assert desk.home.keyslots.read_bytes() == before


def test_without_the_cards_pin_it_makes_no_secret(desk: Desk, new_token: NewToken) -> None:
    """The card judges its own PIN."""
    token = issue(new_token(), "rsa")
    enrol(desk, token)
    with closing(open_cps(Module(token.module), token.label)) as card, pytest.raises(TokenLoginRequired):
        desk.vault.unlock_by_card("nadia", card.reproduce)


def test_a_card_that_answers_otherwise_is_not_let_in(desk: Desk, new_token: NewToken) -> None:
    """Whatever it says at enrolment is compared with what it must say."""
    token = issue(new_token(), "p256")
    desk.vault.unlock("nadia", PINS["nadia"])
    with inserted(token) as card, pytest.raises(KeyInvalid):
        desk.vault.add_card(card.public_key(), lambda _material: bytes(32))


def test_no_card_goes_round_the_rules(desk: Desk, new_token: NewToken) -> None:
    """A technician can let none in; a locked account is locked for its card, a closed one closed."""
    token = issue(new_token(), "rsa")
    with pytest.raises(RoleRefused):
        enrol(desk, token, "tech")
    enrol(desk, token)
    with desk.home.store.write() as connection:
        connection.exec_driver_sql("INSERT INTO pin_try VALUES ('nadia', 10, 'a start', 0.0)")
    with inserted(token) as card:
        with pytest.raises(PinLocked):
            desk.vault.unlock_by_card("nadia", card.reproduce)
        desk.vault.unlock("camille", PINS["camille"])
        disable_person(desk, "nadia")
        with pytest.raises(AccountDisabled):
            desk.vault.unlock_by_card("nadia", card.reproduce)
    assert [slot.id for slot in desk.vault.accounts.all()] == ["camille", "thomas", "tech"]
