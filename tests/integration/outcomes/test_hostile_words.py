"""Words of an insurer that do not fit: nothing moves, each is named, the others are done; nothing is applied twice."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from sync.contract.outcomes import Agreement, LineOutcome, Outcome, PaidClaim, Payment
from sync.daemon import drain_now
from sync.receiver.announcing import announce
from sync.receiver.databases import open_ledger
from sync.receiver.folder import open_intake
from terminal.cli.demo_insurers import DemoInsurer
from terminal.vault.acts import Act
from terminal.vault.erasure import Erasures
from terminal.vault.outcomes import Heard
from terminal.workflow.access import log_in
from terminal.workflow.erase import erase_due
from terminal.workflow.hear import take_in
from terminal.workflow.ids import claim_id as new_id
from tests.integration.outcomes.insurer_side import decide, hear, pay, state
from tests.shop_fixture import PIN, USER, OpenShop, Shop

DAY = date(2026, 11, 20)
AGREEMENT = Agreement(number="A-1", date=DAY, valid_until=DAY)
LINES = (
    LineOutcome(line=0, amc=2460),
    LineOutcome(line=1, amc=2665),
    LineOutcome(line=2, amc=2665),
)


def outcome(claim_id: str, **changed: Any) -> Outcome:
    """All that was asked for, some members changed."""
    whole = Outcome(
        schema="comptoir/outcome/v1",
        outcome_id=new_id(datetime.now().astimezone(), bytes(10)),
        insurer="99000001",
        claim_id=claim_id,
        decided_on=DAY,
        verdict="accepted",
        lines=LINES,
    )
    return msgspec.structs.replace(whole, **changed)


def say(insurer: DemoInsurer, device: str, *said: Outcome | Payment) -> None:
    """Put these words into the terminal's events, whatever the decisions are."""
    material = open_intake(insurer.folder)
    with open_ledger(insurer.folder) as ledger:

        def write(connection: Any) -> None:
            for number, one in enumerate(said):
                named = new_id(datetime.now().astimezone() + timedelta(seconds=number), bytes(10))
                key = "outcome_id" if isinstance(one, Outcome) else "payment_id"
                announce(connection, material, device, msgspec.structs.replace(one, **{key: named}))

        ledger.write(write)


def sent(shop: Shop) -> str:
    """A claim that its insurer has."""
    claim_id = shop.counter.submit(shop.draft()).claim_id
    drain_now(shop.desk.home)
    return claim_id


Words = Callable[[str], Outcome]


MISFITS: tuple[Words, ...] = (
    lambda claim_id: outcome(claim_id, lines=LINES[:2]),
    lambda claim_id: outcome(claim_id, lines=(msgspec.structs.replace(LINES[0], amc=2461), *LINES[1:])),
    lambda claim_id: outcome(claim_id, agreement=AGREEMENT),
    lambda claim_id: outcome(claim_id, verdict="partial", reasons=("other",)),
    lambda claim_id: outcome(claim_id, lines=(msgspec.structs.replace(LINES[0], amc=0), *LINES[1:])),
)
"""Fewer lines; more than was asked; an agreement for a claim; partial of all; accepted for less."""


def test_words_that_cannot_be_about_the_claim_move_nothing(shop: Shop, insurers: Any) -> None:
    """Each is named as a mismatch and told on the claim's page; the right word after them counts."""
    claim_id, device = sent(shop), shop.desk.home.signer.kid
    say(insurers[0], device, *(words(claim_id) for words in MISFITS))
    hear(shop)
    assert state(shop, claim_id) == "acknowledged"
    assert shop.counter.follow_up(claim_id).odd == ("mismatch",) * len(MISFITS)
    say(insurers[0], device, outcome(claim_id))
    hear(shop)
    assert state(shop, claim_id) == "accepted"
    outcomes = [one.outcome for one in shop.desk.vault.journal.entries() if one.what == Act.OUTCOME_RECEIVED]
    assert outcomes == ["mismatch"] * len(MISFITS) + ["done"]


def test_replayed_disordered_and_foreign_words_are_harmless(shop: Shop, insurers: Any) -> None:
    """Payment before decision, decision twice, an unknown claim, a cancellation nobody asked for: one way through."""
    claim_id, device = sent(shop), shop.desk.home.signer.kid
    paid = Payment(
        schema="comptoir/payment/v1",
        payment_id=claim_id,
        insurer="99000001",
        reference="V-1",
        paid_on=DAY,
        claims=(PaidClaim(claim_id=claim_id, amount=7790),),
    )
    stranger = new_id(datetime.now().astimezone(), b"0123456789")
    cancelled = outcome(claim_id, verdict="cancelled", lines=())
    said = (paid, cancelled, outcome(stranger), outcome(claim_id), outcome(claim_id))
    say(insurers[0], device, *said)
    hear(shop)
    hear(shop)
    findings = [row.finding for row in sorted(Heard(shop.desk.home.store).all(), key=lambda row: row.seq)]
    assert findings == ["applied", "contradiction", "unknown_claim", "applied", "repeated"]
    assert state(shop, claim_id) == "paid"
    assert shop.counter.follow_up(claim_id).item.paid == 7790


def test_an_act_that_fails_halfway_is_done_whole_the_next_time(
    shop: Shop, insurers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """State, words, place and journal are one transaction: a failure leaves nothing, and nothing is done twice."""
    claim_id = sent(shop)
    decide(insurers[0], claim_id, "--accept")
    drain_now(shop.desk.home)
    keep = Heard.add
    with monkeypatch.context() as broken:
        broken.setattr(Heard, "add", lambda *_: (_ for _ in ()).throw(RuntimeError("power")))
        with pytest.raises(RuntimeError):
            take_in(shop.desk)
    assert (state(shop, claim_id), Heard(shop.desk.home.store).all()) == ("acknowledged", ())
    assert Heard.add is keep
    assert [take_in(shop.desk), take_in(shop.desk)] == [1, 0]
    assert state(shop, claim_id) == "accepted"


def test_another_terminal_hears_nothing_of_it(open_shop: OpenShop, insurers: Any) -> None:
    """Two terminals of one shop: each hears of its own claims alone."""
    one, other = open_shop(name="one"), open_shop(name="other")
    claim_id = sent(one)
    decide(insurers[0], claim_id, "--accept")
    hear(other)
    hear(one)
    assert (state(one, claim_id), Heard(other.desk.home.store).all()) == ("accepted", ())


def test_what_was_said_goes_with_the_dossier_ninety_days_after_payment(shop: Shop, insurers: Any) -> None:
    """A paid claim is settled: after its retention, dossier, words and event are gone, and a certificate says so."""
    claim_id = sent(shop)
    decide(insurers[0], claim_id, "--accept")
    hear(shop)
    assert erase_due(shop.desk).dossiers == 0
    pay(insurers[0], claim_id)
    hear(shop)
    store = shop.desk.home.store
    erase_due(shop.desk)
    with store.write() as connection:
        days = shop.desk.config.retention_days * 86_400_000
        connection.exec_driver_sql("UPDATE settlement SET seen_at = seen_at - ?", (days,))
    assert erase_due(shop.desk).dossiers == 1
    with store.read() as connection:
        words = connection.exec_driver_sql("SELECT length(sealed) FROM heard").scalars().all()
        events = connection.exec_driver_sql("SELECT length(signed) FROM event").scalars().all()
    assert (words, events) == ([0, 0], [0, 0])
    assert len(Erasures(store).certificates()) == 1
    assert state(shop, claim_id) == "paid"
    shop.desk.vault.lock()
    log_in(shop.desk, USER, PIN)
    hear(shop)
