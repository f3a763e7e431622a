"""The main job through every room: card, quote, durable claim, push over TLS, verified receipt, opened claim."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from sync.contract.envelope import digest
from sync.errors import ClaimNotCorrectable, InsurerUnknown
from terminal.cli.demo_insurers import DemoInsurer
from terminal.cli.demo_service import drain
from terminal.domain.errors import DomainError
from terminal.workflow.submit import OfflineCeilingExceeded
from terminal.workflow.types import DraftLine
from tests.shop_fixture import OpenShop, Shop

Insurers = tuple[DemoInsurer, ...]


def opened(insurer: DemoInsurer, claim_id: str) -> dict[str, object]:
    """The claim as the insurer's opener reads it."""
    return next(claim for claim in insurer.claims() if claim["claim_id"] == claim_id)


def test_a_claim_goes_from_card_to_verified_receipt(shop: Shop, insurers: Insurers) -> None:
    """One class A claim: 17.10 AMO, 77.90 AMC, nothing to pay; acknowledged; opened as the very bytes signed here."""
    done = shop.counter.submit(shop.draft())
    assert (done.number[4:], done.reste_a_charge) == ("-0001", 0)
    assert shop.counter.status().waiting_cents == 7790
    report = drain(shop.home)
    assert (report.acknowledged, report.duplicates, report.errors) == (1, 0, {})
    row = shop.desk.home.outbox.get(done.claim_id)
    assert row.state == "acknowledged"
    read = opened(insurers[0], done.claim_id)
    known = shop.desk.vault.dossiers.get(done.claim_id)
    assert known is not None
    assert read["signed_sha256"] == known[1].signed_sha256
    assert row.digest == digest(row.envelope)


def test_each_profile_gets_its_code_level_and_no_more(shop: Shop, insurers: Insurers) -> None:
    """Individual codes to the one, regroupement codes and commitments to the other; a NIR or a name to neither."""
    ids = [shop.counter.submit(shop.draft(insurer=place)).claim_id for place in (0, 1)]
    drain(shop.home)
    messages = [opened(insurer, claim_id)["message"] for insurer, claim_id in zip(insurers, ids, strict=True)]
    codes = [[line["code"] for line in message["lines"]] for message in messages]  # type: ignore[index]  # parsed JSON
    assert codes == [["2222124", "2263287", "2263287"], ["M01", "V01", "V01"]]
    assert [len(message.get("evidence", [])) for message in messages] == [0, 3]  # type: ignore[attr-defined]  # parsed JSON
    for message in messages:
        assert "VERDIERE" not in str(message)
        assert "2840575999123" not in str(message)
    members = {message["member"]["value"] for message in messages}  # type: ignore[index]  # parsed JSON
    assert len(members) == 2, "two insurers share no pseudonym"


def test_a_typed_member_number_replaces_the_pseudonym(shop: Shop, insurers: Insurers) -> None:
    """The adherent number is sent when it is known."""
    done = shop.counter.submit(replace(shop.draft(), member="AB12345"))
    drain(shop.home)
    message = opened(insurers[0], done.claim_id)["message"]
    assert message["member"] == {"kind": "adherent", "value": "AB12345"}  # type: ignore[index]  # parsed JSON


def test_claims_wait_while_the_insurer_is_down_and_arrive_once(open_shop: OpenShop, insurers: Insurers) -> None:
    """Offline, claims are kept with the reason; when the line is back each arrives exactly once."""
    shop = open_shop()
    insurers[0].stop()
    try:
        ids = [shop.counter.submit(shop.draft()).claim_id for _ in range(3)]
        assert drain(shop.home).errors == {insurers[0].amc: "insurer_unreachable"}
        status = shop.counter.status()
        assert (status.waiting, status.waiting_cents, status.link) == (3, 3 * 7790, "offline")
    finally:
        insurers[0].start()
    assert drain(shop.home).acknowledged == 3
    read = [claim["claim_id"] for claim in insurers[0].claims() if claim["claim_id"] in ids]
    assert sorted(read) == sorted(ids)
    assert shop.counter.status().link == "online"


def test_offline_ceiling_of_the_profile_is_kept(open_shop: OpenShop, insurers: Insurers) -> None:
    """Above 400.00 of AMC share nothing is promised while the line is down; online it is."""
    shop = open_shop()
    insurers[0].stop()
    try:
        shop.counter.submit(shop.draft())
        drain(shop.home)
        lines = tuple(DraftLine("lens", eye, "2223394", 33_000, 1, 33_000, "tarif") for eye in ("right", "left"))
        dear = replace(shop.draft(), lines=(DraftLine("frame", None, "2222124", 3000), *lines))
        with pytest.raises(OfflineCeilingExceeded):
            shop.counter.submit(dear)
    finally:
        insurers[0].start()
    drain(shop.home)
    assert shop.counter.submit(dear).reste_a_charge == 0


def test_correction_in_the_grace_period_leaves_one_claim(open_shop: OpenShop, insurers: Insurers) -> None:
    """The corrected claim replaces the first in one act; only it reaches the insurer."""
    shop = open_shop(grace=3600)
    first = shop.counter.submit(shop.draft())
    draft = shop.counter.reopen(first.claim_id)
    assert draft == replace(shop.draft(draft.person), service_date=shop.counter.today())
    second = shop.counter.submit(replace(draft, member="AB12345"), replaces=first.claim_id)
    states = {row.claim_id: row.state for row in shop.desk.home.outbox.rows()}
    assert states == {first.claim_id: "superseded", second.claim_id: "queued"}
    assert [item.claim_id for item in shop.counter.worklist()] == [second.claim_id]
    assert drain(shop.home).pushed == 0, "the grace period holds it back"


def test_cancelling_is_for_what_has_not_left(open_shop: OpenShop) -> None:
    """In the grace period a claim can be cancelled, once; after it, neither cancelled nor reopened."""
    patient, hasty = open_shop(grace=3600), open_shop(grace=0, name="other")
    claim_id = patient.counter.submit(patient.draft()).claim_id
    patient.counter.cancel(claim_id)
    assert patient.desk.home.outbox.get(claim_id).state == "cancelled"
    gone = hasty.counter.submit(hasty.draft()).claim_id
    for act in (hasty.counter.cancel, hasty.counter.reopen):
        with pytest.raises(ClaimNotCorrectable):
            act(gone)


Change = Callable[[Shop], object]


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("price_above_plv", lambda _: {"lines": (DraftLine("frame", None, "2222124", 3001),)}),
        ("lpp_code_unknown", lambda _: {"lines": (DraftLine("frame", None, "2222130", 3000),)}),
        ("lpp_code_invalid", lambda _: {"lines": (DraftLine("frame", None, "2222125", 3000),)}),
        ("tariff_unknown", lambda _: {"lines": (DraftLine("lens", "right", "2223394", 3000),)}),
        ("service_date_future", lambda shop: {"service_date": shop.counter.today() + timedelta(days=1)}),
        ("prescription_expired", lambda shop: {"prescription_date": shop.counter.today() - timedelta(days=5000)}),
        ("prescription_future", lambda shop: {"prescription_date": shop.counter.today() + timedelta(days=1)}),
        ("amo_rate_invalid", lambda _: {"amo_rate": 65}),
        ("contract_unknown", lambda _: {"contract_id": "or"}),
    ],
)
def test_what_cannot_be_paid_is_refused_and_leaves_nothing(shop: Shop, code: str, change: Change) -> None:
    """A refusal has its code, and neither the queue nor the counterfoil has a trace of it."""
    with pytest.raises(DomainError) as refusal:
        shop.counter.submit(replace(shop.draft(), **change(shop)))  # type: ignore[arg-type]  # one field of the draft
    assert refusal.value.code == code
    assert shop.desk.home.outbox.rows() == []
    assert list(shop.desk.home.counterfoil.frames()) == []


def test_an_insurer_without_enrolment_is_refused(shop: Shop) -> None:
    """No claim is made for an insurer this terminal does not know."""
    with pytest.raises(InsurerUnknown):
        shop.counter.submit(replace(shop.draft(), insurer="12345678"))


def test_totals_and_worklist_tell_the_day(shop: Shop) -> None:
    """Registered, sent and waiting add up, in counts and cents."""
    for _ in range(2):
        shop.counter.submit(shop.draft())
    drain(shop.home)
    last = shop.counter.submit(shop.draft(shop.person("famille", 2)))
    totals = shop.counter.totals_today()
    assert (totals.registered, totals.sent, totals.waiting, totals.rejected) == (3, 2, 1, 0)
    assert (totals.sent_cents, totals.waiting_cents) == (2 * 7790, 7790)
    first = shop.counter.worklist()[0]
    assert (first.claim_id, first.state, first.amount) == (last.claim_id, "queued", 7790)


@pytest.mark.parametrize("profile", ["simple", "famille", "latin1", "corse", "centenaire"])
def test_every_invented_holder_can_be_served(shop: Shop, profile: str) -> None:
    """Each emulated card ends in an acknowledged claim."""
    person = shop.person(profile)
    draft = shop.draft(person)
    shop.counter.submit(draft)
    assert drain(shop.home).acknowledged == 1
