"""An operator in the middle: what an honest one carries, and how each lie of another one is noticed and named.

Where a lie shows: at the terminal as the error of the insurer (queue, `sync --once`, service log) and as the state of
the claim; at the insurer as the problem in its log and as the number that its signed state calls missing.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from sync.client import Peers
from sync.crypto.certificates import der_of
from sync.daemon import fetch_events
from sync.engine import DrainReport
from sync.receiver.ways import field_of
from tests.integration.sync.between import RelayProcess, make_relay, through, wait_for_log
from tests.integration.sync.world import Insurer, Terminal
from tests.shop_fixture import run_command

ONE, OTHER = "99999971", "99999972"


@pytest.fixture(scope="module")
def insurers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Insurer]]:
    """Two insurers that are up."""
    folder = tmp_path_factory.mktemp("relayed")
    with ExitStack() as stack:
        made = {amc: Insurer.make(folder / amc, amc) for amc in (ONE, OTHER)}
        for insurer in made.values():
            stack.callback(insurer.close)
            insurer.start()
        yield made


@pytest.fixture(scope="module")
def relay(insurers: dict[str, Insurer], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    """A relay between them and their terminals; it lies when told to."""
    made = make_relay(tmp_path_factory.mktemp("between") / "relay", *insurers.values()).start(liar=True)
    yield made
    made.stop()


@pytest.fixture
def honest(relay: RelayProcess) -> Iterator[RelayProcess]:
    """The relay, which tells no lie when the test begins and when it ends."""
    relay.lie("")
    yield relay
    relay.lie("")


@pytest.fixture
def terminal(make_terminal: Callable[[], Terminal], insurers: dict[str, Insurer], honest: RelayProcess) -> Terminal:
    """A terminal that reaches both insurers through the relay alone."""
    made = make_terminal()
    for insurer in insurers.values():
        with through(honest, insurer):
            record = made.enrol(insurer)
        assert record.endpoint == honest.origin
    return made


def again(terminal: Terminal) -> DrainReport:
    """One more pass, for which nothing waits; the insurer's chain counts as confirmed, so that pushes come first."""
    terminal.home.outbox.hurry()
    terminal.confirmed.add(ONE)
    return terminal.drain()


def problems(insurer: Insurer) -> list[str]:
    """The problems that an insurer's log names, oldest first."""
    lines = [json.loads(line) for line in insurer.folder.with_suffix(".log").read_text("utf-8").splitlines()]
    return [str(line["problem"]) for line in lines if "problem" in line]


def received(insurer: Insurer, terminal: Terminal) -> dict[str, str]:
    """The claims of a terminal that an insurer opened: the digest of what was signed, by id."""
    return {
        claim["claim_id"]: claim["signed_sha256"]
        for claim in insurer.claims()
        if claim["device"] == terminal.home.signer.kid
    }


def fetched(terminal: Terminal) -> dict[str, str]:
    """What became of asking for events."""
    with Peers(terminal.home.insurers.get, terminal.home.tls_key, terminal.home.signer) as peers:
        return fetch_events(terminal.home, peers)


def ask_for_document(insurer: Insurer, claim_id: str) -> None:
    """An event for the terminal that sent this claim."""
    about = ("--claim", claim_id, "--document", "early_renewal", "--ground", "essai", "--deadline", "2026-12-31")
    run_command("request-document", "--dir", str(insurer.folder), *about)


def test_an_honest_relay_carries_everything_between_many(
    terminal: Terminal, insurers: dict[str, Insurer], relay: RelayProcess
) -> None:
    """Single claims, batches, proofs, states and events of two insurers go through one door; nothing stays behind."""
    for count in (1, 3):
        terminal.register(ONE, count)
        terminal.register(OTHER, count)
        report = terminal.drain()
        assert (report.acknowledged, report.proved, report.errors) == (2 * count, 2 * count, {})
    assert received(insurers[ONE], terminal) | received(insurers[OTHER], terminal) == terminal.signed
    ask_for_document(insurers[ONE], next(iter(received(insurers[ONE], terminal))))
    assert fetched(terminal) == {}
    assert (terminal.home.inbox.cursor(ONE), terminal.home.inbox.cursor(OTHER)) == (1, 0)
    assert relay.held() == []
    assert {one["insurer"] for one in relay.events() if one["event"] == "carried"} == {ONE, OTHER}


def test_an_insurer_that_is_down_costs_the_others_nothing(
    terminal: Terminal, insurers: dict[str, Insurer], relay: RelayProcess
) -> None:
    """The relay holds the ciphertext as evidence and says unavailable; the terminal sends the same bytes again."""
    insurers[ONE].stop()
    (waiting,) = terminal.register(ONE)
    terminal.register(OTHER)
    report = terminal.drain()
    assert (report.acknowledged, report.errors) == (1, {ONE: "unavailable"})
    assert again(terminal).errors == {ONE: "unavailable"}
    assert [(one["insurer"], one["claim_id"]) for one in relay.held()] == [(ONE, waiting)]
    insurers[ONE].start()
    assert again(terminal).acknowledged == 1
    assert relay.held() == []


LIES: dict[str, tuple[str, str | None]] = {
    "alter_request": ("signature_invalid", "signature_invalid"),
    "alter_answer": ("receipt_invalid", None),
    "drop": ("unavailable", None),
    "duplicate": ("signature_invalid", "signature_invalid"),
    "withhold": ("unavailable", None),
    "forge_receipt": ("receipt_invalid", None),
    "forge_request": ("signature_invalid", "signature_invalid"),
}
"""For each lie about one claim: what the terminal calls it, and what the insurer's log does."""


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_about_a_claim_is_named_and_heals(
    terminal: Terminal, insurers: dict[str, Insurer], honest: RelayProcess, lie: str
) -> None:
    """No state moves, the claim says why, and once the relay is honest the same bytes settle, once."""
    terminal.register(ONE)
    terminal.drain()
    before = len(problems(insurers[ONE]))
    honest.lie(lie)
    (claim_id,) = terminal.register(ONE)
    report = terminal.drain()
    at_terminal, at_insurer = LIES[lie]
    row = terminal.home.outbox.get(claim_id)
    assert report.errors == {ONE: at_terminal}
    assert (row.state, row.receipt, row.last_error, report.acknowledged) == ("sending", None, at_terminal, 0)
    assert set(problems(insurers[ONE])[before:]) == ({at_insurer} if at_insurer else set())
    honest.lie("")
    report = again(terminal)
    arrived = lie in ("alter_answer", "duplicate", "withhold")
    assert (report.acknowledged, report.duplicates, report.errors) == (1, int(arrived), {})
    assert received(insurers[ONE], terminal) == terminal.signed
    assert terminal.home.outbox.get(claim_id).package == row.package


def test_a_dropped_claim_is_named_by_both_sides(
    terminal: Terminal, insurers: dict[str, Insurer], honest: RelayProcess
) -> None:
    """A later claim shows the insurer that a number is missing: its signed state says which."""
    terminal.register(ONE)
    terminal.drain()
    (dropped,) = terminal.register(ONE)
    terminal.package(dropped)
    honest.lie("drop")
    terminal.drain()
    honest.lie("")
    (later,) = terminal.register(ONE)
    with terminal.client(ONE) as client:
        (result,) = client.push([terminal.package(later)])
        assert result.receipt is not None
        state = client.state()
    row = terminal.home.outbox.get(dropped)
    assert state.missing == (row.seq,) == (2,)
    assert (row.state, row.last_error) == ("sending", "unavailable")


def test_a_receipt_of_another_claim_forges_nothing(
    terminal: Terminal, insurers: dict[str, Insurer], honest: RelayProcess
) -> None:
    """Drop and answer with a true receipt of an earlier claim: receipt_invalid, and the claim is still to be sent."""
    terminal.register(ONE)
    terminal.drain()
    honest.lie("drop_and_forge")
    (claim_id,) = terminal.register(ONE)
    assert terminal.drain().errors == {ONE: "receipt_invalid"}
    assert terminal.home.outbox.get(claim_id).state == "sending"
    assert claim_id not in received(insurers[ONE], terminal)


def test_another_order_is_refused_or_says_nothing(
    terminal: Terminal, insurers: dict[str, Insurer], honest: RelayProcess
) -> None:
    """A batch in another order breaks its signature; results in another order settle nothing."""
    honest.lie("reorder")
    terminal.register(ONE, 2)
    assert terminal.drain().errors == {ONE: "signature_invalid"}
    assert problems(insurers[ONE])[-1] == "signature_invalid"
    honest.lie("reorder_answers")
    report = again(terminal)
    assert (report.errors, report.acknowledged) == ({ONE: "receipt_invalid"}, 0)
    assert terminal.states() == ["sending", "sending"]


def test_a_claim_that_comes_late_finds_its_place(
    terminal: Terminal, insurers: dict[str, Insurer], honest: RelayProcess
) -> None:
    """Two requests in another order: between them the state names the gap, after them the chain is whole."""
    first, second = terminal.register(ONE, 2)
    packages = [terminal.package(first), terminal.package(second)]
    with terminal.client(ONE) as client:
        client.push([packages[1]])
        assert (client.state().seq, client.state().missing) == (0, (1,))
        client.push([packages[0]])
        assert (client.state().seq, client.state().missing) == (2, ())


@pytest.fixture
def two_events(terminal: Terminal, insurers: dict[str, Insurer]) -> Terminal:
    """A terminal for which two events wait."""
    (claim_id,) = terminal.register(ONE)
    terminal.drain()
    for _ in range(2):
        ask_for_document(insurers[ONE], claim_id)
    return terminal


@pytest.mark.parametrize(
    ("lie", "code", "taken"),
    [
        ("reorder_answers", "event_invalid", 0),
        ("withhold_first_event", "event_invalid", 0),
        ("withhold_events", "events_withheld", 0),
        ("duplicate", "signature_invalid", 0),
    ],
)
def test_events_are_taken_in_their_order_or_not_at_all(
    two_events: Terminal, honest: RelayProcess, lie: str, code: str, taken: int
) -> None:
    """Events exchanged, or kept back from the front or from the end, are noticed; an honest relay then brings them."""
    honest.lie(lie)
    assert fetched(two_events) == {ONE: code} | ({OTHER: code} if lie == "duplicate" else {})
    assert two_events.home.inbox.cursor(ONE) == taken
    honest.lie("")
    assert fetched(two_events) == {}
    assert two_events.home.inbox.cursor(ONE) == 2


def test_an_old_state_does_not_hide_new_events(two_events: Terminal, honest: RelayProcess) -> None:
    """A relay that keeps events back and repeats the state of before is found out: a state answers one question."""
    honest.lie("old_news")
    assert fetched(two_events) == {ONE: "signature_invalid"}
    honest.lie("")
    assert fetched(two_events) == {}
    assert two_events.home.inbox.cursor(ONE) == 2


def test_a_relay_asks_nothing_in_the_name_of_a_terminal(
    terminal: Terminal, insurers: dict[str, Insurer], honest: RelayProcess
) -> None:
    """A signed question of a terminal does not become another question."""
    terminal.register(ONE)
    terminal.drain()
    honest.lie("impersonate")
    assert fetched(terminal) == {ONE: "signature_invalid", OTHER: "signature_invalid"}
    assert problems(insurers[ONE])[-1] == "signature_invalid"


def test_a_certificate_field_from_anybody_else_is_nothing(
    terminal: Terminal, insurers: dict[str, Insurer], make_terminal: Callable[[], Terminal]
) -> None:
    """Straight at the insurer, whoever names another's certificate is itself; at the relay, the field is dropped."""
    other = make_terminal()
    other.enrol(insurers[ONE])
    named = field_of(der_of(terminal.home.insurers.get(ONE).certificate_pem.encode()))
    for one in (other, terminal):
        with one.client(ONE) as client:
            client._channel._http.headers["client-cert"] = named if one is other else field_of(b"nobody")
            state = client.state()
        assert state.device == one.home.signer.kid


def test_what_the_relay_writes_about_itself(terminal: Terminal, relay: RelayProcess) -> None:
    """Its log names insurers, operations, counts and statuses; no claim, no terminal, no shop."""
    ids = terminal.register(ONE, 2)
    terminal.drain()
    wait_for_log(relay, "carried")
    kept: set[str] = set()
    for one in relay.events():
        kept |= set(one)
    known = {"at", "level", "event", "what", "insurer", "packages", "status", "problem", "port", "held", "forgotten"}
    assert kept <= known
    text = relay.log.read_text("utf-8")
    assert [word for word in (*ids, terminal.home.signer.kid, "759999991") if word in text] == []
