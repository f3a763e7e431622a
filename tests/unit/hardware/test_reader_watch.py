"""From pictures of the readers to events, and a watch that outlives the service."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import closing
from queue import SimpleQueue

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware import (
    CardInserted,
    CardKind,
    CardWithdrawn,
    ReaderAdded,
    ReaderEvent,
    ReaderGone,
    ReaderMissing,
    ServiceBack,
    ServiceDown,
    ServiceLost,
)
from hardware.emulator import EmulatedSource, load_profile
from hardware.monitor import Monitor, Presence, SlotState

ATR = load_profile("simple").atr
EMPTY = SlotState(present=False, counter=0)
STATES = st.builds(SlotState, st.booleans(), st.integers(0, 4), st.just(ATR))
PICTURES = st.lists(st.one_of(st.none(), st.dictionaries(st.sampled_from("ABC"), STATES)), max_size=8)


def replay(events: list[ReaderEvent], readers: dict[str, bool]) -> None:
    """Apply events to a model: reader name to whether a card is inside. A KeyError or assertion is a wrong event."""
    for event in events:
        match event:
            case ReaderAdded(reader):
                assert reader not in readers
                readers[reader] = False
            case ReaderGone(reader):
                assert readers.pop(reader) is False
            case CardInserted(reader, kind):
                assert readers[reader] is False
                assert kind is CardKind.VITALE_2
                readers[reader] = True
            case CardWithdrawn(reader):
                assert readers[reader] is True
                readers[reader] = False
            case _:
                assert isinstance(event, ServiceLost | ServiceBack)


@given(PICTURES)
def test_events_lead_from_picture_to_picture(pictures: list[dict[str, SlotState] | None]) -> None:
    """A listener that knows only the events always knows what is in which reader; a lost service has nothing."""
    presence, model = Presence(), dict[str, bool]()
    for picture in pictures:
        replay(presence.lost() if picture is None else presence.update(picture), model)
        assert model == {reader: state.present for reader, state in (picture or {}).items()}


@given(PICTURES)
def test_loss_and_return_alternate(pictures: list[dict[str, SlotState] | None]) -> None:
    """Each loss of the service is told once, and each return after a loss once."""
    presence = Presence()
    told = [event for p in pictures for event in (presence.lost() if p is None else presence.update(p))]
    service = [event for event in told if isinstance(event, ServiceLost | ServiceBack)]
    assert service == [ServiceLost() if index % 2 == 0 else ServiceBack() for index in range(len(service))]


def test_a_swap_between_two_looks_is_seen() -> None:
    """Two cards with one answer to reset are told apart by the event counter."""
    presence = Presence()
    presence.update({"A": SlotState(present=True, counter=1, atr=ATR)})
    assert presence.update({"A": SlotState(present=True, counter=3, atr=ATR)}) == [
        CardWithdrawn("A"),
        CardInserted("A", CardKind.VITALE_2),
    ]


def test_nothing_is_told_when_nothing_moved() -> None:
    """The same picture twice gives no event."""
    presence = Presence()
    presence.update({"A": SlotState(present=True, counter=1, atr=ATR)})
    assert presence.update({"A": SlotState(present=True, counter=1, atr=ATR)}) == []


class FlakyFeed:
    """A feed that follows a script: a picture, or an error to raise; at the end it waits to be cancelled."""

    def __init__(self, script: list[dict[str, SlotState] | type[Exception]], opened: list["FlakyFeed"]) -> None:
        self._script = script
        self._cancelled: SimpleQueue[None] = SimpleQueue()
        self.closed = 0
        opened.append(self)

    def wait(self) -> Mapping[str, SlotState]:
        """The next picture or error."""
        if not self._script:
            self._cancelled.get()
            return {}
        step = self._script.pop(0)
        if isinstance(step, type):
            raise step
        return step

    def cancel(self) -> None:
        """End the waiting."""
        self._cancelled.put(None)

    def close(self) -> None:
        """Count."""
        self.closed += 1


def test_a_watch_survives_the_loss_of_the_service() -> None:
    """After errors of any kind of the tree the feed is closed and opened again, and everything is told anew."""
    script: list[dict[str, SlotState] | type[Exception]] = [{"A": EMPTY}, ServiceDown, ReaderMissing, {"A": EMPTY}]
    opened: list[FlakyFeed] = []
    posted: SimpleQueue[ReaderEvent] = SimpleQueue()
    monitor = Monitor(lambda: FlakyFeed(script, opened), posted.put)
    seen = [posted.get(timeout=20) for _ in range(5)]
    monitor.stop()
    assert seen == [ReaderAdded("A"), ReaderGone("A"), ServiceLost(), ServiceBack(), ReaderAdded("A")]
    assert [feed.closed for feed in opened] == [1, 1, 1]


def test_a_watch_may_be_stopped_by_its_listener() -> None:
    """`stop` from within the callback ends the watch without waiting for itself."""
    source = EmulatedSource()
    watches = SimpleQueue[Monitor]()
    stopped: SimpleQueue[ReaderEvent] = SimpleQueue()

    def listen(event: ReaderEvent) -> None:
        watches.get().stop()
        stopped.put(event)

    watch = source.watch(listen)
    assert isinstance(watch, Monitor)
    watches.put(watch)
    assert stopped.get(timeout=20) == ReaderAdded(source.readers()[0])
    watch.stop()
    assert stopped.empty()


class Broken(logging.Handler):
    """A log that cannot be written to and says so by an exception, as one whose stream is closed may do."""

    def emit(self, record: logging.LogRecord) -> None:
        """Fail."""
        raise ValueError(f"I/O operation on closed file: {record.levelname}")


@pytest.mark.parametrize("failure", [ValueError, SystemExit, asyncio.CancelledError])
def test_a_watch_survives_its_listener_and_its_log(failure: type[BaseException]) -> None:
    """Whatever the listener raises while the log fails too, every event is posted, and the thread can be stopped."""
    log, handler = logging.getLogger("hardware.monitor"), Broken()
    script: list[dict[str, SlotState] | type[Exception]] = [{"A": EMPTY}, ServiceDown, {"A": EMPTY}]
    posted: SimpleQueue[ReaderEvent] = SimpleQueue()

    def listen(event: ReaderEvent) -> None:
        posted.put(event)
        raise failure

    log.addHandler(handler)
    level = log.level
    log.setLevel(logging.INFO)
    try:
        monitor = Monitor(lambda: FlakyFeed(script, []), listen)
        seen = [posted.get(timeout=20) for _ in range(5)]
        monitor.stop()
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
    assert seen == [ReaderAdded("A"), ReaderGone("A"), ServiceLost(), ServiceBack(), ReaderAdded("A")]


def test_readers_come_and_go() -> None:
    """A reader plugged in is told, and one unplugged with a card inside takes the card along."""
    source = EmulatedSource(readers=("A",))
    posted: SimpleQueue[ReaderEvent] = SimpleQueue()
    watch = source.watch(posted.put)
    assert posted.get(timeout=20) == ReaderAdded("A")
    source.plug("B")
    assert posted.get(timeout=20) == ReaderAdded("B")
    source.insert("cps", reader="B")
    assert posted.get(timeout=20) == CardInserted("B", CardKind.CPS)
    source.unplug("B")
    assert [posted.get(timeout=20) for _ in range(2)] == [CardWithdrawn("B"), ReaderGone("B")]
    watch.stop()
    assert source.readers() == ("A",)


def test_a_reader_unplugged_ends_its_session() -> None:
    """A session in a reader that is unplugged fails, and closing it is quiet."""
    source = EmulatedSource(readers=("A",))
    source.insert("simple")
    with closing(source.open("A")) as connection:
        source.unplug("A")
        with pytest.raises(Exception, match="the card left"):
            connection.transmit(bytes.fromhex("00A40000023F00"))
    with pytest.raises(ReaderMissing):
        source.insert("simple")
