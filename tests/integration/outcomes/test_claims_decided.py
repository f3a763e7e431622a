"""Claims go out and come back decided, corrected, cancelled and paid: the real counter and the real receiver."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from sync.daemon import drain_now
from sync.errors import ClaimNotCorrectable
from terminal.domain.agreement import AgreementExpired
from terminal.vault.acts import Act
from terminal.vault.outcomes import Heard
from terminal.workflow.counter import Counter
from terminal.workflow.verify import verify_home
from tests.integration.outcomes.insurer_side import cancellation_of, decide, hear, message, pay, state
from tests.shop_fixture import Shop


def sent(shop: Shop, **changed: Any) -> str:
    """A claim that its insurer has."""
    draft = shop.draft(**changed)
    claim_id = shop.counter.submit(draft).claim_id
    drain_now(shop.desk.home)
    assert state(shop, claim_id) == "acknowledged"
    return claim_id


def test_accepted_then_paid(shop: Shop, insurers: Any) -> None:
    """The state moves when somebody looks, not when the service fetches; the shop sees what was agreed and paid."""
    claim_id = sent(shop)
    decide(insurers[0], claim_id, "--accept")
    drain_now(shop.desk.home)
    assert state(shop, claim_id) == "acknowledged", "the service cannot read what came"
    (item,) = shop.counter.worklist()
    assert (item.state, item.agreed, item.amount, item.paid) == ("accepted", 7790, 7790, None)
    pay(insurers[0], claim_id)
    hear(shop)
    followed = shop.counter.follow_up(claim_id)
    assert (followed.item.state, followed.item.paid, followed.acts) == ("paid", 7790, ())
    assert [(one.reference, one.amount) for one in followed.paid] == [("VIR-2026-11", 7790)]
    noted = [(one.what, one.subject, one.outcome) for one in shop.desk.vault.journal.entries()]
    assert noted.count((Act.OUTCOME_RECEIVED, claim_id, "done")) == 2
    assert all(check.ok for check in verify_home(shop.desk))


def test_a_refusal_is_corrected_by_a_claim_that_names_it(shop: Shop, insurers: Any) -> None:
    """Reasons reach the work list; only then is there a correction, with `supersedes`, decided on its own."""
    claim_id = sent(shop)
    with pytest.raises(ClaimNotCorrectable):
        shop.counter.reopen(claim_id)
    with pytest.raises(ClaimNotCorrectable):
        shop.counter.submit(shop.draft(), claim_id)
    decide(insurers[0], claim_id, "--refuse", "--reason", "rights_closed")
    hear(shop)
    (item,) = shop.counter.worklist()
    assert (item.state, item.reason, item.agreed) == ("refused", "rights_closed", 0)
    assert shop.counter.status().rejected == 1
    assert shop.counter.follow_up(claim_id).acts == ("correct", "change_insurer", "abandon")
    draft, replaces = shop.counter.begin_act(claim_id, "correct")
    corrected = shop.counter.submit(draft, replaces).claim_id
    assert (state(shop, claim_id), state(shop, corrected)) == ("superseded", "queued")
    drain_now(shop.desk.home)
    told = message(insurers[0], corrected)
    assert (told["kind"], told["supersedes"]) == ("correction", claim_id)
    decide(insurers[0], corrected, "--line", "0:1000:ceiling_reached", "--line", "1:100:other", "--line", "2:2665")
    hear(shop)
    (item,) = shop.counter.worklist()
    assert (item.claim_id, item.state, item.reason, item.agreed) == (corrected, "partial", "ceiling_reached", 3765)
    lines = shop.counter.follow_up(corrected).lines
    assert [(line.agreed, line.reasons) for line in lines] == [
        (1000, ("ceiling_reached",)),
        (100, ("other",)),
        (2665, ()),
    ]
    assert shop.counter.status().rejected == 0
    assert all(check.ok for check in verify_home(shop.desk))


def test_a_refusal_can_be_put_aside(shop: Shop, insurers: Any) -> None:
    """It stays refused, leaves the list, and is not counted any more."""
    claim_id = sent(shop)
    decide(insurers[0], claim_id, "--refuse", "--reason", "too_late")
    hear(shop)
    shop.counter.abandon(claim_id)
    assert state(shop, claim_id) == "refused"
    assert (shop.counter.worklist(), shop.counter.status().rejected) == ((), 0)
    assert shop.counter.follow_up(claim_id).acts == ()


@pytest.mark.parametrize("first", [None, "--accept"])
def test_a_cancellation_is_asked_and_answered(shop: Shop, insurers: Any, first: str | None) -> None:
    """After sending it is a request: the claim waits, is cancelled on the signed answer, and not before."""
    claim_id = sent(shop)
    if first:
        decide(insurers[0], claim_id, first)
        hear(shop)
    shop.counter.request_cancellation(claim_id)
    assert state(shop, claim_id) == "cancellation_requested"
    drain_now(shop.desk.home)
    asked = cancellation_of(insurers[0], claim_id)
    assert message(insurers[0], asked)["lines"] == message(insurers[0], claim_id)["lines"]
    assert [item.claim_id for item in shop.counter.worklist()] == [claim_id], "the message is no claim"
    assert shop.counter.totals_today().registered == 1
    outcome = decide(insurers[0], asked, "--cancel")
    assert outcome["claim_id"] == claim_id
    hear(shop)
    assert state(shop, claim_id) == "cancelled"
    assert all(check.ok for check in verify_home(shop.desk))


def test_a_cancellation_can_be_declined(shop: Shop, insurers: Any) -> None:
    """The decision that stands comes back with the reason; what was on its way meanwhile does no harm."""
    claim_id = sent(shop)
    shop.counter.request_cancellation(claim_id)
    decide(insurers[0], claim_id, "--accept")
    hear(shop)
    assert state(shop, claim_id) == "accepted"
    asked = cancellation_of(insurers[0], claim_id)
    decide(insurers[0], asked, "--keep", "--reason", "other")
    hear(shop)
    followed = shop.counter.follow_up(claim_id)
    assert (followed.item.state, followed.reasons, followed.odd) == ("accepted", ("other",), ())
    rows = [row.finding for row in Heard(shop.desk.home.store).of([claim_id])]
    assert rows == ["applied", "repeated"]


def test_an_agreement_becomes_a_claim_on_delivery_day(shop: Shop, insurers: Any) -> None:
    """Asked, agreed with a number, delivered under it: held to the amounts, and used up when the insurer has it."""
    asked = shop.counter.submit(replace(shop.draft(), asks_agreement=True))
    assert asked.kind == "preauthorisation"
    assert shop.counter.totals_today().registered == 0
    drain_now(shop.desk.home)
    assert message(insurers[0], asked.claim_id)["kind"] == "preauthorisation"
    parts = ("--line", "0:1000:ceiling_reached", "--line", "1:2665", "--line", "2:2665")
    decide(insurers[0], asked.claim_id, *parts, "--pec", "7731", "--valid-until", "2099-01-20")
    hear(shop)
    followed = shop.counter.follow_up(asked.claim_id)
    assert (followed.item.state, followed.number, followed.acts) == ("partial", "7731", ("deliver", "abandon"))
    draft, replaces = shop.counter.begin_act(asked.claim_id, "deliver")
    assert replaces is None
    answer = shop.counter.quote(draft)
    assert (answer.quote.total.amc, answer.quote.total.reste_a_charge) == (6330, 1460)
    assert [warning.code for warning in answer.quote.warnings][-1] == "agreement_exceeded"
    delivered = shop.counter.submit(draft).claim_id
    assert shop.counter.follow_up(asked.claim_id).acts == (), "one delivery an agreement"
    drain_now(shop.desk.home)
    told = message(insurers[0], delivered)
    assert (told["kind"], told["pec"]["number"]) == ("claim", "7731")
    assert sum(line["amc"] for line in told["lines"]) == 6330
    shop.counter.worklist()
    assert state(shop, asked.claim_id) == "superseded"
    decide(insurers[0], delivered, "--accept")
    hear(shop)
    assert state(shop, delivered) == "accepted"
    assert all(check.ok for check in verify_home(shop.desk))


def test_an_expired_agreement_is_said_before_anybody_pays(shop: Shop, insurers: Any) -> None:
    """The quote refuses with the day; the same glasses can be asked for again, or claimed without it."""
    asked = shop.counter.submit(replace(shop.draft(), asks_agreement=True)).claim_id
    drain_now(shop.desk.home)
    decide(insurers[0], asked, "--accept", "--valid-until", (shop.counter.today()).isoformat())
    hear(shop)
    draft, _ = shop.counter.begin_act(asked, "deliver")
    assert draft.agreement is not None
    late = replace(draft.agreement, until=shop.counter.today() - timedelta(days=1))
    with pytest.raises(AgreementExpired):
        shop.counter.quote(replace(draft, agreement=late))
    with pytest.raises(AgreementExpired):
        shop.counter.submit(replace(draft, agreement=late))
    again, replaces = shop.counter.begin_act(asked, "ask_again")
    assert (again.asks_agreement, replaces) == (True, asked)
    without, replaces = shop.counter.begin_act(asked, "without_agreement")
    assert (without.asks_agreement, without.agreement, replaces) == (False, None, asked)
    shop.counter.submit(without, replaces)
    assert state(shop, asked) == "superseded"


def test_a_delivery_taken_back_leaves_the_agreement(shop: Shop, insurers: Any) -> None:
    """Cancelled or corrected in its grace period: the agreement can be used, and is used by the correction."""
    asked = shop.counter.submit(replace(shop.draft(), asks_agreement=True)).claim_id
    drain_now(shop.desk.home)
    decide(insurers[0], asked, "--accept", "--pec", "A-1")
    hear(shop)
    patient = msgspec.structs.replace(shop.desk.config, grace_seconds=600)
    counter = Counter(replace(shop.desk, config=patient))
    first = counter.submit(counter.begin_act(asked, "deliver")[0]).claim_id
    counter.cancel(first)
    assert "deliver" in counter.follow_up(asked).acts
    second = counter.submit(counter.begin_act(asked, "deliver")[0]).claim_id
    reopened = counter.reopen(second)
    assert reopened.agreement is not None
    assert reopened.agreement.number == "A-1"
    counter.submit(reopened, second)
    assert counter.follow_up(asked).acts == ()
    assert state(shop, asked) == "accepted"
