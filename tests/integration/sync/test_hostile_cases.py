"""Each hostile insurer over real TLS: nothing is lost or moved, nobody else notices, and the queue says why."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sync.adversary.cases import CASES, Case
from sync.adversary.insurer import SimulatedInsurer
from sync.adversary.server import HostileServer, hostile_server
from sync.client import channel
from sync.client.insurer import InsurerClient
from sync.errors import SyncError
from sync.insurers import InsurerRecord
from sync.queue import Row
from terminal.i18n import error_text, sentences
from terminal.tui.card_slot import CardSlot
from terminal.tui.spans import plain
from terminal.tui.state import CounterState, Snapshot
from terminal.tui.work_lines import work_line
from terminal.workflow.followed import WorkItem
from tests.integration.sync.test_hostile_insurer import insurer_key
from tests.integration.sync.world import Insurer, Terminal
from tests.tui.scenes import ONLINE, TOTALS
from tests.unit.sync.receiver.visitor import AMC

OTHER = "99999989"
PATIENCE = 1.5
UNKNOWN_CODES = {f"error.{code}.{part}" for code in ("unknown", "bad_weather") for part in ("what", "todo")}
"""Codes of no contract are shown as they are, under the general sentence."""


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Insurer]:
    """Another insurer, honest and up."""
    made = Insurer.make(tmp_path_factory.mktemp("other") / "insurer", OTHER).start()
    yield made
    made.close()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, insurer: Insurer, other: Insurer) -> Iterator[Terminal]:
    """A terminal that meets one hostile insurer after the other, and is healed after each."""
    terminal = Terminal.make(tmp_path_factory.mktemp("shop") / "home")
    terminal.enrol(insurer)
    terminal.enrol(other)
    yield terminal
    terminal.home.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole exchange may take a second and a half, so that slow cases end."""
    monkeypatch.setattr(channel, "ANSWER_SECONDS", PATIENCE)


def put_in_its_place(terminal: Terminal, server: HostileServer) -> InsurerRecord:
    """Let the terminal reach the hostile server instead; the true record."""
    record = terminal.home.insurers.get(AMC)
    terminal.home.insurers.add(replace(record, endpoint=server.endpoint, authority_pem=server.authority_pem))
    return record


def reported(terminal: Terminal, case: Case) -> str | None:
    """What a pass says of the hostile insurer, or what taking its events says."""
    report = terminal.drain()
    assert report.errors.get(OTHER) is None
    if case.asked != "events":
        return report.errors.get(AMC)
    with InsurerClient(terminal.home.insurers.get(AMC), terminal.home.tls_key, terminal.home.signer) as client:
        try:
            terminal.home.inbox.fetch(AMC, client, terminal.home.signer.kid)
        except SyncError as error:
            return error.code
    return None


ANSWERS = [
    name
    for name, case in CASES.items()
    if case.asked == "push" and case.state == "sending" and case.code != "conflict_unproved"
]
"""Cases that answer a push; the others are met by a terminal that never left anything, because they are asked more."""


@pytest.mark.parametrize("name", ANSWERS)
def test_a_hostile_answer_moves_nothing(shop: Terminal, insurer: Insurer, name: str) -> None:
    """The claim keeps its bytes and its state says no more than is proved; the other insurer's claim arrives.

    The reason is in the queue under a code that has a French sentence, and the true insurer gets the same bytes after.
    """
    shop.confirmed = {AMC, OTHER}
    meets(shop, insurer, name)


@pytest.mark.parametrize("name", [name for name in CASES if name not in ANSWERS])
def test_a_hostile_line_state_or_event_moves_nothing(
    terminal: Terminal, insurer: Insurer, other: Insurer, name: str
) -> None:
    """The same of a certificate, of a story about the chain, and of events."""
    terminal.enrol(insurer)
    terminal.enrol(other)
    meets(terminal, insurer, name)


def meets(shop: Terminal, insurer: Insurer, name: str) -> None:
    """One claim for a hostile insurer and one for the other; then the true insurer is back."""
    case, home = CASES[name], shop.home
    liar = SimulatedInsurer(AMC, home.signer.public, insurer_key(insurer))
    liar.say()
    with hostile_server(case.shown) as server:
        truth = put_in_its_place(shop, server)
        server.reply = Case("").reply(liar, server)
        if case.asked == "events":
            take_one_event(shop, liar)
        server.reply = case.reply(liar, server)
        (claim_id,), (beside,) = shop.register(AMC), shop.register(OTHER)
        before = home.outbox.get(claim_id)
        answered_code = reported(shop, case)
    row = home.outbox.get(claim_id)
    assert answered_code == case.code
    assert home.outbox.get(beside).state == "acknowledged"
    assert (row.state, row.envelope, row.digest) == (case.state, before.envelope, before.digest)
    assert row.state == "acknowledged" or row.receipt is None
    assert case.asked != "push" or case.code in (row.last_error, row.reason)
    assert case.asked != "push" or error_text(case.code)[0] in on_screen(row)
    assert {f"error.{case.code}.what", f"error.{case.code}.todo"} <= sentences().keys() | UNKNOWN_CODES
    if case.asked != "events":  # there the insurer itself acknowledged the claim: nothing is left to heal
        heals(shop, truth, claim_id)


def on_screen(row: Row) -> str:
    """The claim's line in the list of the counter, on a wide screen."""
    place = (row.reason or row.last_error, row.created_at, row.not_before)
    item = WorkItem(row.claim_id, "2026-0001", "", AMC, 0, row.state, *place, correctable=False)
    snapshot = Snapshot(ONLINE, (item,), TOTALS, row.created_at, row.created_at.date())
    return plain(work_line(item, CounterState(CardSlot(), snapshot, ""), snapshot, 240))


def take_one_event(shop: Terminal, liar: SimulatedInsurer) -> None:
    """The terminal has heard one event more, and two more are there."""
    with shop.client(AMC) as client:
        shop.home.inbox.fetch(AMC, client, shop.home.signer.kid)
    for _ in range(2):
        liar.say()


def heals(terminal: Terminal, truth: InsurerRecord, claim_id: str) -> None:
    """The true insurer is back, a person agrees where one was asked for: the same bytes arrive."""
    package = terminal.home.outbox.get(claim_id).package
    terminal.home.insurers.add(truth)
    terminal.confirmed.clear()
    terminal.home.outbox.hurry()
    terminal.drain_later()
    terminal.home.outbox.chains.allow()
    terminal.home.outbox.hurry()
    report = terminal.drain_later()
    row = terminal.home.outbox.get(claim_id)
    assert (row.state, report.errors) == ("acknowledged", {})
    assert package in (None, row.package)
