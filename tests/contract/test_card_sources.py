"""The contract of CardSource and CardConnection, run on emulated readers and on real PC/SC with a virtual reader."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from hardware import (
    CardAbsent,
    CardInserted,
    CardKind,
    CardMute,
    CardRemoved,
    CardSwapped,
    CardTooSlow,
    CardWithdrawn,
    HardwareError,
    ReaderAdded,
    ReaderBusy,
    ReaderMissing,
)
from hardware.emulator import EmulatedSource, load_profile
from tests.pcscd_fixture import PATIENCE, Bench, bench_of, watching

SELECT_ROOT = bytes.fromhex("00A40000023F00")
READ_FIRST_BLOCK = bytes.fromhex("00B0820000")
SELECT_VITALE = bytes.fromhex("00A404000BD250000002564954414C45")
KINDS = ["emulated", pytest.param("pcsc", marks=pytest.mark.pcsc)]


def _emulated(timeout: float, session: float = 60.0) -> Iterator[Bench]:
    source = EmulatedSource(timeout=timeout, session=session)
    with bench_of(source, source, source.readers()[0]) as bench:
        yield bench


@pytest.fixture
def emulated_bench() -> Iterator[Bench]:
    """An emulated reader."""
    yield from _emulated(3.0)


@pytest.fixture
def impatient_emulated_bench() -> Iterator[Bench]:
    """An emulated reader with a watchdog of one second."""
    yield from _emulated(1.0)


@pytest.fixture
def hurried_emulated_bench() -> Iterator[Bench]:
    """An emulated reader with a second for a whole session."""
    yield from _emulated(1.0, 1.0)


@pytest.fixture(params=KINDS)
def bench(request: pytest.FixtureRequest) -> Bench:
    """One implementation after the other."""
    found = request.getfixturevalue({"emulated": "emulated_bench", "pcsc": "virtual_bench"}[request.param])
    assert isinstance(found, Bench)
    return found


@pytest.fixture(params=KINDS)
def impatient_bench(request: pytest.FixtureRequest) -> Bench:
    """The same, with a short watchdog."""
    names = {"emulated": "impatient_emulated_bench", "pcsc": "impatient_virtual_bench"}
    found = request.getfixturevalue(names[request.param])
    assert isinstance(found, Bench)
    return found


@pytest.fixture(params=KINDS)
def hurried_bench(request: pytest.FixtureRequest) -> Bench:
    """The same, with a second for each answer and for the whole session."""
    names = {"emulated": "hurried_emulated_bench", "pcsc": "hurried_virtual_bench"}
    found = request.getfixturevalue(names[request.param])
    assert isinstance(found, Bench)
    return found


def _session_threads() -> int:
    return sum(thread.name == "card-session" for thread in threading.enumerate())


def test_readers_are_named_and_sorted(bench: Bench) -> None:
    """The readers come sorted, two slots at least, and the bench's is one of them."""
    readers = bench.source.readers()
    assert bench.reader in readers
    assert len(readers) >= 2
    assert list(readers) == sorted(readers)


def test_the_answer_to_reset_is_the_cards(bench: Bench) -> None:
    """A session tells the card's whole answer to reset."""
    bench.insert("corse")
    with closing(bench.open()) as connection:
        assert connection.atr == load_profile("corse").atr


def test_an_answer_is_data_and_status_word(bench: Bench) -> None:
    """What comes back from a command is the card's data followed by its two status bytes, nothing else."""
    bench.insert("latin1")
    with closing(bench.open()) as connection:
        assert connection.transmit(SELECT_ROOT) == b"\x90\x00"
        answer = connection.transmit(READ_FIRST_BLOCK)
    assert len(answer) == 96 + 2
    assert answer[0] == 0x65
    assert answer[-2:] == b"\x90\x00"


def test_procedure_bytes_reach_the_caller(bench: Bench) -> None:
    """6Cxx is not handled below the driver: the caller sees it."""
    bench.insert("simple")
    with closing(bench.open()) as connection:
        connection.transmit(SELECT_ROOT)
        assert connection.transmit(READ_FIRST_BLOCK) == b"\x6c\x80"


def test_what_one_session_selected_disturbs_no_other(bench: Bench) -> None:
    """A session that was left deep in the card, or in the middle of a file, changes nothing for the next."""
    bench.insert("simple")
    for left in (SELECT_VITALE, READ_FIRST_BLOCK):
        with closing(bench.open()) as connection:
            connection.transmit(left)
        assert bench.read().people == load_profile("simple").holders


def test_an_empty_reader_says_so(bench: Bench) -> None:
    """Opening without a card is CardAbsent."""
    with pytest.raises(CardAbsent):
        bench.open()


def test_an_unknown_reader_says_so(bench: Bench) -> None:
    """Opening a reader that is not there is ReaderMissing, an error of the environment."""
    with pytest.raises(ReaderMissing) as caught:
        bench.source.open("No such reader 00 00")
    assert caught.value.environment


def test_one_session_at_a_time(bench: Bench) -> None:
    """A second session on the reader is refused, and possible after the first is closed."""
    bench.insert("simple")
    with closing(bench.open()), pytest.raises(ReaderBusy):
        bench.open()
    with closing(bench.open()) as connection:
        assert connection.transmit(SELECT_ROOT) == b"\x90\x00"


def test_closing_twice_is_allowed_and_ends_the_thread(bench: Bench) -> None:
    """A closed session leaves no thread behind."""
    bench.insert("simple")
    before = _session_threads()
    connection = bench.open()
    assert _session_threads() == before + 1
    connection.close()
    connection.close()
    assert _session_threads() == before


def test_a_card_that_stays_is_confirmed(bench: Bench) -> None:
    """`confirm` is silent while the card has not moved."""
    bench.insert("simple")
    with closing(bench.open()) as connection:
        connection.transmit(SELECT_ROOT)
        connection.confirm()


def test_a_card_pulled_during_a_command_ends_the_session(bench: Bench) -> None:
    """A card that leaves instead of answering is CardRemoved, and so is every later call of the session."""
    bench.insert("simple", fault="pulled:2")
    with closing(bench.open()) as connection:
        connection.transmit(SELECT_ROOT)
        for _ in range(2):
            with pytest.raises(CardRemoved):
                connection.transmit(READ_FIRST_BLOCK)
        with pytest.raises(CardRemoved):
            connection.confirm()


def test_a_card_taken_out_between_commands_is_noticed(bench: Bench) -> None:
    """`confirm` tells of a card that is gone."""
    bench.insert("simple")
    with closing(bench.open()) as connection:
        connection.transmit(SELECT_ROOT)
        bench.remove()
        with pytest.raises(CardRemoved):
            connection.confirm()


def test_a_new_card_never_answers_an_old_session(bench: Bench) -> None:
    """After an exchange of cards the session fails, by a command or by `confirm`, and goes on failing."""
    bench.insert("simple")
    with closing(bench.open()) as connection:
        connection.transmit(SELECT_ROOT)
        bench.insert("famille")
        for _ in range(3):
            with pytest.raises((CardRemoved, CardSwapped)):
                connection.transmit(READ_FIRST_BLOCK)
        with pytest.raises((CardRemoved, CardSwapped)):
            connection.confirm()
    assert [person.given_name for person in bench.read().people][1:] == ["ELODIE", "LOUISON"]


def test_an_exchange_between_commands_is_noticed(bench: Bench) -> None:
    """`confirm` alone tells of another card with the same answer to reset."""
    bench.insert("simple")
    with closing(bench.open()) as connection:
        connection.transmit(SELECT_ROOT)
        bench.insert("muette")
        with pytest.raises((CardRemoved, CardSwapped)):
            connection.confirm()


def test_a_mute_card_ends_in_an_error(impatient_bench: Bench) -> None:
    """A card that accepts a command and never answers is CardMute, and the session stays closed to later commands."""
    impatient_bench.insert("simple", fault="mute:2")
    with closing(impatient_bench.open()) as connection:
        connection.transmit(SELECT_ROOT)
        with pytest.raises(CardMute):
            connection.transmit(READ_FIRST_BLOCK)
        with pytest.raises(CardMute):
            connection.transmit(SELECT_ROOT)


def test_a_mute_card_is_not_asked_again(impatient_bench: Bench) -> None:
    """While a mute card still owes an answer, a new session is refused and starts no thread."""
    impatient_bench.insert("muette")
    with pytest.raises(CardMute):
        impatient_bench.read()
    waiting = _session_threads()
    for _ in range(3):
        with pytest.raises(CardMute):
            impatient_bench.open()
    assert _session_threads() == waiting


def test_after_a_mute_card_the_next_one_is_read(impatient_bench: Bench) -> None:
    """Taking a mute card out frees the reader and its thread."""
    before = _session_threads()
    impatient_bench.insert("muette")
    with pytest.raises(CardMute):
        impatient_bench.read()
    impatient_bench.insert("simple")
    assert impatient_bench.read().people == load_profile("simple").holders
    assert _session_threads() == before


def test_a_slow_card_is_no_mute_card(impatient_bench: Bench) -> None:
    """A card at the pace of a real one is read whole: the watchdog counts each answer, not the session."""
    impatient_bench.insert("famille", fault="slow")
    assert impatient_bench.read().people == load_profile("famille").holders


def test_a_card_that_answers_just_in_time_is_given_up(hurried_bench: Bench) -> None:
    """Every answer in time and the whole reading too long: CardTooSlow, and the next card is read."""
    before = _session_threads()
    hurried_bench.insert("famille", fault="slow:0.0008")
    with pytest.raises(CardTooSlow):
        hurried_bench.read()
    hurried_bench.insert("simple")
    assert hurried_bench.read().people == load_profile("simple").holders
    assert _session_threads() == before


def test_a_card_exchanged_at_a_command_ends_the_session(bench: Bench) -> None:
    """The fault `swapped`: another holder's card of one answer to reset is there, never in the same session."""
    bench.insert("simple", fault="swapped:2")
    with closing(bench.open()) as connection:
        connection.transmit(SELECT_ROOT)
        for _ in range(2):
            with pytest.raises((CardRemoved, CardSwapped)):
                connection.transmit(READ_FIRST_BLOCK)


def test_the_watch_begins_with_what_is_there(bench: Bench) -> None:
    """A new watch first tells of the readers and of the card inside."""
    bench.insert("cps")
    with watching(bench.source) as events:
        seen = events.until(CardInserted(bench.reader, CardKind.CPS))
    assert ReaderAdded(bench.reader) in seen


def test_a_card_that_leaves_by_itself_is_told(bench: Bench) -> None:
    """A card pulled in the middle of a session is withdrawn in the watch too."""
    bench.insert("simple", fault="pulled:1")
    with closing(bench.open()) as connection, pytest.raises(HardwareError):
        connection.transmit(SELECT_ROOT)
    with watching(bench.source) as events:
        events.until(ReaderAdded(bench.reader))
        bench.remove()
        assert bench.insert("simple") == CardInserted(bench.reader, CardKind.VITALE_2)
        events.until(CardInserted(bench.reader, CardKind.VITALE_2))


def test_a_stopped_watch_is_silent(bench: Bench) -> None:
    """After `stop` no event is posted and the thread is gone, while another watch goes on."""
    with watching(bench.source) as events:
        events.until(ReaderAdded(bench.reader))
    events.rest()
    bench.insert("simple")
    assert events.rest() == []
    assert [thread.name for thread in threading.enumerate()].count("reader-watch") == 1


def test_a_failing_listener_does_not_end_the_watch(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """An exception of the listener is logged by its type, and the next event comes."""
    came, left = threading.Event(), threading.Event()

    def listen(event: object) -> None:
        if isinstance(event, CardInserted):
            came.set()
        if isinstance(event, CardWithdrawn):
            left.set()
        raise ValueError("VERDIERE")

    watch = bench.source.watch(listen)
    bench.insert("simple")
    assert came.wait(PATIENCE)
    bench.remove()
    assert left.wait(PATIENCE)
    watch.stop()
    assert "ValueError" in caplog.text
    assert "VERDIERE" not in caplog.text
