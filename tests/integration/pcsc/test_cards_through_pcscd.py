"""Cards behind the real PC/SC service: every profile, every fault, two slots, and two cards exchanged."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from hardware import (
    CardAbsent,
    CardInserted,
    CardInvalid,
    CardKind,
    CardMute,
    CardNotReadable,
    CardRemoved,
    CardSwapped,
    CardUnknown,
    CountsDiffer,
    HardwareError,
    ReaderBusy,
    read_vitale,
)
from hardware.emulator import VirtualReader, load_profile, make_card
from hardware.emulator.card import AtrOnlyCard, Reply, VirtualCard
from hardware.pcsc.session import Session
from hardware.watchdog import Patience, Roster
from tests.pcscd_fixture import Bench, Pcscd, bench_of

pytestmark = pytest.mark.pcsc
PROFILES = ("simple", "famille", "latin1", "corse", "centenaire", "muette")
MANY = 250
"""More sessions than the service allows at once (200)."""

MARK = bytes.fromhex("00CA0000")

HOLD_CARD = """
import sys
from smartcard import scard
_, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
_, card, _ = scard.SCardConnect(context, sys.argv[1], scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_T0)
print(scard.SCardBeginTransaction(card) if sys.argv[2] == "transaction" else 0, flush=True)
sys.stdin.read()
"""
CHATTER = """
import select, sys
from smartcard import scard
_, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
_, card, protocol = scard.SCardConnect(context, sys.argv[1], scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_T0)
results = {scard.SCardTransmit(card, protocol, [0x00, 0xCA, 0, 0])[0]}
print("talking", flush=True)
while not select.select([sys.stdin], [], [], 0)[0]:
    results.add(scard.SCardTransmit(card, protocol, [0x00, 0xCA, 0, 0])[0])
print(results, flush=True)
"""


def test_the_six_profiles_are_read(impatient_virtual_bench: Bench) -> None:
    """Five cards give their people letter for letter, one after the other; the mute one is CardMute."""
    outcomes: dict[str, object] = {}
    for name in PROFILES:
        assert impatient_virtual_bench.insert(name).kind is CardKind.VITALE_2
        try:
            outcomes[name] = impatient_virtual_bench.read().people
        except HardwareError as error:
            outcomes[name] = error.code
    assert outcomes == {name: load_profile(name).holders for name in PROFILES} | {"muette": "card_mute"}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("pulled:1", CardRemoved),
        ("pulled:6", CardRemoved),
        ("pulled:9", CardRemoved),
        ("mute:5", CardMute),
        ("wrong_status", CardInvalid),
        ("truncated", CardInvalid),
        ("counts_differ", CountsDiffer),
        ("garbage", CardInvalid),
    ],
)
def test_each_fault_ends_in_its_error(fault: str, error: type[HardwareError], impatient_virtual_bench: Bench) -> None:
    """A faulty card gives no record, its error, and a reader that reads the next card."""
    impatient_virtual_bench.insert("famille", fault=fault)
    with pytest.raises(error):
        impatient_virtual_bench.read()
    impatient_virtual_bench.insert("simple")
    assert impatient_virtual_bench.read().people == load_profile("simple").holders


def test_cards_of_other_kinds_are_refused(virtual_bench: Bench) -> None:
    """A Vitale 1 is not readable; a CPS and a parking card are not Vitale cards; the watch tells their kinds."""
    assert virtual_bench.insert("vitale1").kind is CardKind.VITALE_1
    with pytest.raises(CardNotReadable):
        virtual_bench.read()
    assert virtual_bench.insert("cps").kind is CardKind.CPS
    with pytest.raises(CardUnknown):
        virtual_bench.read()
    assert virtual_bench.insert(AtrOnlyCard(bytes.fromhex("3F6525002B09699000"))).kind is CardKind.UNKNOWN
    with pytest.raises(CardUnknown):
        virtual_bench.read()


def test_two_slots_have_two_cards(virtual_bench: Bench, pcscd: Pcscd) -> None:
    """A card in the second slot neither hides nor becomes the one in the first, and a mute one does not block it."""
    other = VirtualReader("cps")
    virtual_bench.insert("simple")
    with bench_of(virtual_bench.source, other, other.reader) as second:
        assert second.insert("cps") == CardInserted("Virtual PCD 00 01", CardKind.CPS)
        assert virtual_bench.read().people == load_profile("simple").holders
        second.insert("muette")
        with closing(second.open()) as connection:
            asked = threading.Thread(target=_expect_mute, args=(connection,))
            asked.start()
            assert virtual_bench.read().people == load_profile("simple").holders
            asked.join()


def _expect_mute(connection: object) -> None:
    with pytest.raises(CardMute):
        read_vitale(connection)  # type: ignore[arg-type]  # passed through a thread's arguments


@contextmanager
def _another_program_with(what: str, reader: str) -> Iterator[None]:
    command = [sys.executable, "-c", HOLD_CARD, reader, what]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdin
        assert other.stdout.readline() == "0\n"
        try:
            yield
        finally:
            other.stdin.close()
            other.wait()


def test_another_programs_transaction_does_not_block_us(impatient_virtual_bench: Bench) -> None:
    """While another program holds the card we say busy, again and again; when it lets go the card is read."""
    impatient_virtual_bench.insert("simple")
    with _another_program_with("transaction", impatient_virtual_bench.reader):
        for _ in range(3):
            with pytest.raises(ReaderBusy):
                impatient_virtual_bench.open()
    assert impatient_virtual_bench.read().people == load_profile("simple").holders


def test_a_card_that_another_program_shares_is_read(virtual_bench: Bench) -> None:
    """A program that keeps a shared connection, as many do, does not keep us from reading."""
    virtual_bench.insert("simple")
    with _another_program_with("connection", virtual_bench.reader):
        assert virtual_bench.read().people == load_profile("simple").holders


class Heard:
    """A card that remembers what it was sent."""

    def __init__(self, card: VirtualCard) -> None:
        self.atr = card.atr
        self.commands: list[bytes] = []
        self._card = card

    def reset(self) -> None:
        """See VirtualCard."""
        self._card.reset()

    def respond(self, apdu: bytes) -> Reply:
        """See VirtualCard."""
        self.commands.append(apdu)
        return self._card.respond(apdu)


def test_no_other_program_speaks_within_our_session(virtual_bench: Bench) -> None:
    """A program that talks to the card all the time is held off while we read, and not disturbed by our leaving."""
    card = Heard(make_card("simple"))
    virtual_bench.insert(card)
    command = [sys.executable, "-c", CHATTER, virtual_bench.reader]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "talking\n"
        sessions = [_heard_while_reading(virtual_bench, card) for _ in range(10)]
        assert other.communicate("enough\n")[0] == "{0}\n"
    assert card.commands.count(MARK) >= 1
    assert [MARK in session for session in sessions] == [False] * 10


def _heard_while_reading(bench: Bench, card: Heard) -> list[bytes]:
    """From our first command to our last, what the card heard."""
    start = len(card.commands)
    assert bench.read().people == load_profile("simple").holders
    heard = card.commands[start:]
    ours = [position for position, command in enumerate(heard) if command != MARK]
    return heard[ours[0] : ours[-1] + 1]


def test_a_moved_event_counter_is_a_swap(virtual_bench: Bench) -> None:
    """When the reader has counted a movement since the session began, the card is not confirmed."""
    virtual_bench.insert("simple")
    with closing(Session(virtual_bench.reader, Roster(Patience()))) as session:
        session.begin()
        session.confirm()
        session._held.counter -= 2
        with pytest.raises(CardSwapped) as caught:
            session.confirm()
    assert caught.value.facts == {"reason": "event_counter"}


def test_every_session_is_released(virtual_bench: Bench) -> None:
    """More sessions than the service allows at once, refused and read ones, leave nothing behind."""
    before = threading.active_count()
    for _ in range(MANY):
        with pytest.raises(CardAbsent):
            virtual_bench.open()
    virtual_bench.insert("simple")
    people = {virtual_bench.read().people for _ in range(MANY)}
    assert people == {load_profile("simple").holders}
    assert threading.active_count() == before + 1, "one thread more: the virtual card's"
