"""Who may make, close and help accounts; what a technician never sees; what two people agree to."""

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from sync.crypto.keyslots import slots
from sync.crypto.shopslots import ShopSlots
from sync.crypto.slotfile import read_slots, write_slots
from sync.errors import PinWrong
from terminal.domain.roles import Role
from terminal.vault import Account
from terminal.vault.refusals import (
    AccountDisabled,
    AccountIdInvalid,
    ApprovalInvalid,
    LastResponsible,
    Locked,
    RoleRefused,
    SecondPersonInvalid,
)
from terminal.workflow.desk import Desk
from terminal.workflow.four_eyes import Act, agree
from terminal.workflow.people import create_person, disable_person, give_pin, give_tries_back
from terminal.workflow.track import status_of, totals_of, worklist_of
from tests.unit.terminal.vault.people import PEOPLE, PINS, staffed

OTHER = Account("lea", "Léa M.", Role.STAFF)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A terminal with a responsible person, two of the staff and a technician."""
    made = staffed(tmp_path / "home")
    yield made
    made.home.close()


def log_in(desk: Desk, who: str) -> None:
    """Somebody types their PIN."""
    desk.vault.unlock(who, PINS[who])


def test_accounts_keep_their_role(desk: Desk) -> None:
    """The first person is responsible, whatever was asked for; the others are what they were made."""
    assert desk.vault.accounts.all() == PEOPLE
    assert [slot.opens_shop for slot in slots(desk.home.keyslots)] == [True, True, True, False]


MANAGING: list[Callable[[Desk], None]] = [
    lambda desk: create_person(desk, OTHER, "1111"),
    lambda desk: disable_person(desk, "thomas"),
    lambda desk: give_pin(desk, "thomas", "1111"),
    lambda desk: give_tries_back(desk, "thomas"),
]


@pytest.mark.parametrize("act", MANAGING)
@pytest.mark.parametrize("who", ["nadia", "tech", None])
def test_only_the_responsible_person_manages_accounts(desk: Desk, act: Callable[[Desk], None], who: str | None) -> None:
    """Staff and technician are refused by their role, nobody by the lock; nothing changes."""
    before = desk.home.keyslots.read_bytes()
    if who is not None:
        log_in(desk, who)
    with pytest.raises(Locked if who is None else RoleRefused):
        act(desk)
    assert desk.home.keyslots.read_bytes() == before


@pytest.mark.parametrize("act", MANAGING)
def test_the_responsible_person_manages_accounts(desk: Desk, act: Callable[[Desk], None]) -> None:
    """The same acts, by the one who may."""
    log_in(desk, "camille")
    act(desk)


def test_a_technician_opens_no_dossier(desk: Desk) -> None:
    """Logged in, but without the shop key: the slot holds none, and every act that needs it is refused."""
    assert ShopSlots(desk.home.keyslots, desk.home.device_secret).open_pin("tech", PINS["tech"]) is None
    log_in(desk, "tech")
    assert desk.vault.user == PEOPLE[3]
    for ask in (
        lambda: desk.vault.seed,
        lambda: desk.vault.dossiers,
        lambda: worklist_of(desk, 5),
        lambda: totals_of(desk),
    ):
        with pytest.raises(RoleRefused):
            ask()
    assert status_of(desk).waiting_cents is None


def test_a_technician_who_follows_a_user_inherits_nothing(desk: Desk) -> None:
    """A quick change of user leaves no key of the one before."""
    log_in(desk, "camille")
    assert desk.vault.seed
    log_in(desk, "tech")
    with pytest.raises(RoleRefused):
        _ = desk.vault.seed


def test_a_closed_account_opens_nothing(desk: Desk) -> None:
    """Its slot is gone from the file, its name stays for the list, and its PIN is not even tried."""
    log_in(desk, "camille")
    disable_person(desk, "nadia")
    desk.vault.lock()
    with pytest.raises(AccountDisabled):
        log_in(desk, "nadia")
    with pytest.raises(PinWrong):
        ShopSlots(desk.home.keyslots, desk.home.device_secret).open_pin("nadia", PINS["nadia"])
    assert [account.id for account in desk.vault.accounts.all()] == ["camille", "thomas", "tech"]
    assert desk.vault.accounts.closed() == (Account("nadia", "Nadia K.", disabled=True),)


def test_a_closed_account_can_be_made_again(desk: Desk) -> None:
    """With another role and another PIN; the old PIN stays without effect."""
    log_in(desk, "camille")
    disable_person(desk, "nadia")
    create_person(desk, Account("nadia", "Nadia K.", Role.RESPONSIBLE), "5555")
    with pytest.raises(PinWrong):
        desk.vault.unlock("nadia", PINS["nadia"])
    desk.vault.unlock("nadia", "5555")
    assert desk.vault.user == Account("nadia", "Nadia K.", Role.RESPONSIBLE)


def test_closing_that_was_cut_short_does_not_open(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Marked as closed but with the slot still in the file: refused, and made again it opens with the new PIN only."""

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    log_in(desk, "camille")
    monkeypatch.setattr(ShopSlots, "remove", cut)
    with pytest.raises(KeyboardInterrupt):
        disable_person(desk, "nadia")
    monkeypatch.undo()
    with pytest.raises(AccountDisabled):
        log_in(desk, "nadia")
    create_person(desk, PEOPLE[1], "5555")
    with pytest.raises(PinWrong):
        log_in(desk, "nadia")
    desk.vault.unlock("nadia", "5555")


def test_one_responsible_person_stays(desk: Desk) -> None:
    """The last one cannot be closed; with a second one, the first can."""
    log_in(desk, "camille")
    with pytest.raises(LastResponsible):
        disable_person(desk, "camille")
    create_person(desk, Account("lea", "Léa M.", Role.RESPONSIBLE), "1111")
    disable_person(desk, "camille")
    desk.vault.unlock("lea", "1111")


def test_a_role_written_into_the_file_opens_nothing(desk: Desk) -> None:
    """The role is in the key of the slot: whoever holds the device secret and writes another one has no use of it."""
    opened = read_slots(desk.home.keyslots, desk.home.device_secret)
    raised = tuple(msgspec.structs.replace(slot, role="responsible") for slot in opened.file.slots)
    write_slots(desk.home.keyslots, msgspec.structs.replace(opened.file, slots=raised), opened.binding)
    log_in(desk, "camille")
    with pytest.raises(PinWrong):
        log_in(desk, "nadia")


@pytest.mark.parametrize("name", ["", "A", "1a", "a/b", "é", "a" * 33, "a\n"])
def test_an_id_is_plain(desk: Desk, name: str) -> None:
    """Small ASCII letters and figures: an id stands in file names, labels and journals."""
    log_in(desk, "camille")
    with pytest.raises(AccountIdInvalid):
        create_person(desk, Account(name, "X"), "1111")


@pytest.mark.parametrize(("first", "second"), [("camille", "nadia"), ("nadia", "camille")])
def test_two_people_agree_on_one_act_once(desk: Desk, first: str, second: str) -> None:
    """What they agreed to is that act on that subject, one time."""
    log_in(desk, first)
    approval = agree(desk, Act.ERASE, "2026-0001", second, PINS[second])
    assert (approval.first, approval.second) == (first, second)
    for act, subject, reason in ((Act.EXPORT, "2026-0001", "act"), (Act.ERASE, "2026-0002", "subject")):
        with pytest.raises(ApprovalInvalid) as caught:
            approval.use(desk, act, subject)
        assert caught.value.facts == {"reason": reason}
    approval.use(desk, Act.ERASE, "2026-0001")
    with pytest.raises(ApprovalInvalid) as caught:
        approval.use(desk, Act.ERASE, "2026-0001")
    assert caught.value.facts == {"reason": "used"}
    assert desk.vault.user is not None
    assert desk.vault.user.id == first


def test_an_agreement_ends_with_its_first_person(desk: Desk) -> None:
    """After a change of user or a lock it is worth nothing."""
    log_in(desk, "camille")
    approval = agree(desk, Act.EXPORT, "dossiers", "nadia", PINS["nadia"])
    log_in(desk, "nadia")
    with pytest.raises(ApprovalInvalid) as caught:
        approval.use(desk, Act.EXPORT, "dossiers")
    assert caught.value.facts == {"reason": "user"}
    desk.vault.lock()
    with pytest.raises(Locked):
        approval.use(desk, Act.EXPORT, "dossiers")


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [("camille", "camille", "same"), ("camille", "tech", "technician"), ("nadia", "thomas", "responsible")],
)
def test_not_every_two_are_two(desk: Desk, first: str, second: str, reason: str) -> None:
    """The same person, a technician, two without the responsible: refused before a PIN is spent."""
    log_in(desk, first)
    with pytest.raises(SecondPersonInvalid) as caught:
        agree(desk, Act.ERASE, "x", second, PINS[second])
    assert caught.value.facts == {"reason": reason}
    assert desk.vault.standing(second).wrong == 0


def test_the_second_person_types_a_right_pin_that_counts(desk: Desk) -> None:
    """A wrong one is a try like any other; a technician or nobody begins nothing."""
    with pytest.raises(Locked):
        agree(desk, Act.ERASE, "x", "nadia", PINS["nadia"])
    log_in(desk, "tech")
    with pytest.raises(RoleRefused):
        agree(desk, Act.ERASE, "x", "nadia", PINS["nadia"])
    log_in(desk, "camille")
    with pytest.raises(PinWrong):
        agree(desk, Act.ERASE, "x", "nadia", "0000")
    assert desk.vault.standing("nadia").wrong == 1
