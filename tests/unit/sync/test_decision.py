"""What to do next about one insurer, led through stories without a queue, a line or a clock."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sync.backoff import BASE_SECONDS, CEILING_SECONDS
from sync.decision import (
    Acknowledged,
    Answered,
    Aside,
    AskForProofs,
    Began,
    Block,
    Confirm,
    Confirmed,
    Conflict,
    Contest,
    Contested,
    Decision,
    Emptied,
    Event,
    Failed,
    Judged,
    Keep,
    Line,
    Malformed,
    Postpone,
    Push,
    Reject,
    Rejected,
    Report,
    StopChain,
    Trouble,
    decide,
    hurried,
)
from sync.queue.asides import UNPROVED

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OPEN = Line(confirmed=True)
FORK = Conflict("fork")
DOWN = Failed("insurer_unreachable", None, ("a", "b"), 0)


def after(line: Line, event: Event, seed: int = 1) -> Decision:
    """What is decided at NOW."""
    return decide(line, event, NOW, random.Random(seed))


def test_the_chain_is_asked_for_before_the_first_number() -> None:
    """An unconfirmed line asks; one that goes on sends; one that does not stops, and so does one that is stopped."""
    assert after(Line(), Began()).actions == (Confirm(settling=False),)
    assert after(Line(), Confirmed(goes_on=True)) == Decision(OPEN, (Push(100),))
    assert after(Line(), Confirmed(goes_on=False)).actions == (StopChain("chain_ahead"), Report("chain_ahead"))
    assert after(OPEN, Began("fork")).actions == (Report("fork"),)
    assert after(OPEN, Began("fork", allowed=True)).actions == (Confirm(settling=True),)


def test_a_line_that_failed_is_left_alone_until_its_time() -> None:
    """Nothing is done before; then it is asked again with less at once; a success forgets it all."""
    line = after(OPEN, DOWN).line
    assert line.shut_until is not None
    assert (line.failures, line.confirmed) == (1, False)
    assert decide(line, Began(), NOW, random.Random(1)).actions == ()
    assert decide(line, Began(), line.shut_until, random.Random(1)).actions == (Confirm(settling=False),)
    assert after(replace(line, confirmed=True), Confirmed(goes_on=True)).actions == (Push(50),)
    assert after(line, Answered((Judged("a", 1, Acknowledged()),))).line.failures == 0


def test_a_shut_line_does_not_outlast_a_clock_that_jumped() -> None:
    """A clock set back by years leaves no insurer alone for years; an ordinary wait, a day included, is kept."""
    line = replace(OPEN, shut_until=NOW + timedelta(days=1))
    assert line.is_shut(NOW)
    assert not line.is_shut(NOW - timedelta(days=400))


def test_failures_are_spread_and_bounded() -> None:
    """A thousand terminals that fail alike wait differently, and none beyond what was asked and the ceiling."""
    waits = set()
    for seed in range(1000):
        until = after(OPEN, replace(DOWN, retry_after=60.0), seed).line.shut_until
        assert until is not None
        waits.add((until - NOW).total_seconds())
    assert len(waits) > 900
    assert min(waits) >= 60
    assert max(waits) <= 60 + CEILING_SECONDS


def test_each_claim_goes_by_its_own_verdict() -> None:
    """Receipts and refusals are kept, one claim is set aside, and the rest of the queue goes on."""
    judged = (
        Judged("a", 0, Acknowledged()),
        Judged("b", 0, Rejected("package_invalid", "jws")),
        Judged("c", 3, Aside("too_large")),
    )
    actions = after(OPEN, Answered(judged)).actions
    assert Keep(("a",)) in actions
    assert Reject("b", "package_invalid", "jws") in actions
    assert [one.ids for one in actions if isinstance(one, Postpone)] == [("c",)]
    assert actions[-1] == Push(100)


def test_trouble_ends_the_visit_for_its_time() -> None:
    """What verified beside it is kept; nothing more is sent; a conflict said at the same time waits too."""
    judged = (Judged("a", 0, Trouble("receipt_invalid")), Judged("b", 0, Acknowledged()), Judged("c", 0, FORK))
    done = after(OPEN, Answered(judged))
    assert Keep(("b",)) in done.actions
    assert Report("receipt_invalid") in done.actions
    assert [one.ids for one in done.actions if isinstance(one, Postpone)] == [("c",), ("a",)]
    assert not any(isinstance(one, Push | Block | Contest) for one in done.actions)
    assert done.line.is_shut(NOW)


def test_a_conflict_is_asked_about_before_anything_is_made_of_it() -> None:
    """What verified beside it is kept; then the signed word: it stops the claim, or the claim waits for its time."""
    said = Judged("a", 2, FORK)
    asked = after(OPEN, Answered((said, Judged("b", 0, Acknowledged()))))
    assert asked.actions == (Keep(("b",)), Contest((said,)))
    proved = after(asked.line, Contested((said,), proved=True))
    assert proved.actions == (Block("a", "fork"), Report("fork"))
    waits, reported = after(asked.line, Contested((said,), proved=False)).actions
    assert isinstance(waits, Postpone)
    assert (waits.ids, waits.code, reported) == (("a",), UNPROVED, Report(UNPROVED))
    assert waits.until > NOW
    unheard = after(asked.line, Failed("insurer_unreachable", None, ("a",), 2))
    assert unheard.line.is_shut(NOW)
    assert not any(isinstance(one, Block) for one in unheard.actions)


def test_a_request_refused_for_its_form_is_sent_one_by_one() -> None:
    """Each alone, in order; the one that is refused alone is set aside; then the queue goes on."""
    first = after(OPEN, Malformed("request_invalid", {"a": 0, "b": 0}))
    assert first.actions == (Push(1, "a"),)
    second = after(first.line, Answered((Judged("a", 0, Acknowledged()),)))
    assert second.actions == (Keep(("a",)), Push(1, "b"))
    third = after(second.line, Malformed("request_invalid", {"b": 0}))
    assert isinstance(third.actions[0], Postpone)
    assert third.actions[1:] == (Report("request_invalid"), Push(100))


def test_when_nothing_waits_missing_proofs_are_asked_for() -> None:
    """And that is all."""
    assert after(OPEN, Emptied()) == Decision(OPEN, (AskForProofs(),))


def test_a_network_that_came_back_hurries_only_who_was_not_reached() -> None:
    """After hours of failures the next try is within seconds, drawn; an insurer that asked for time gets it."""
    unreached = decide(Line(failures=30), Failed("insurer_unreachable", None, (), 30), NOW, random.Random(1)).line
    busy = decide(Line(failures=30), Failed("insurer_unreachable", 600.0, (), 30), NOW, random.Random(1)).line
    refused = decide(Line(failures=30), Failed("unavailable", None, (), 30), NOW, random.Random(1)).line
    hurried_lines = {hurried(unreached, NOW, random.Random(number)) for number in range(20)}
    waits = {line.shut_until - NOW for line in hurried_lines if line.shut_until is not None}
    assert len(waits) == 20
    assert max(waits) <= timedelta(seconds=BASE_SECONDS)
    assert {line.failures for line in hurried_lines} == {31}
    assert hurried(busy, NOW, random.Random(1)) == busy
    assert hurried(refused, NOW, random.Random(1)) == refused
    assert hurried(Line(), NOW, random.Random(1)) == Line()
