"""The two status lines: what they say, what they never cut, and what is red."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.i18n import age_text, money_text
from terminal.tui.card_slot import CardSlot, Slot
from terminal.tui.spans import Role, plain
from terminal.tui.state import CounterState, Snapshot, initials
from terminal.tui.status_lines import ground_of, status_lines
from terminal.workflow.types import DataAge, Link, Sender, Status
from tests.tui.scenes import ITEMS, NOW, OFFLINE, ONLINE, TODAY, TOTALS


def state_of(status: Status, slot: Slot = Slot.EMPTY) -> CounterState:
    """A counter at the chosen moment."""
    snapshot = Snapshot(status, ITEMS, TOTALS, NOW, TODAY)
    return CounterState(CardSlot(reader="R", state=slot), snapshot, "Camille D.")


def test_online_is_said_of_the_last_acknowledgement() -> None:
    """With its time; a link without any acknowledgement is uncertain, whatever it says of itself."""
    first, second = (" ".join(plain(line).split()) for line in status_lines(state_of(ONLINE), 100))
    assert first == "● EN LIGNE · accusé 14:31 File d'envoi 3 · 412,60 € · plus ancienne 6 min ■ 2 REJETS"
    assert second == "Carte Vitale absente Horloge sûre Disque 71 % libre ▲ Clé du poste faible Camille D. 14:32"
    never = replace(ONLINE, last_receipt_at=None)
    assert "LIGNE INCERTAINE" in plain(status_lines(state_of(never), 100)[0])


def test_offline_is_amber_and_tells_since_when() -> None:
    """The whole band, in words too."""
    state = state_of(OFFLINE)
    lines = status_lines(state, 100)
    assert plain(lines[0]).split()[:5] == ["▲", "HORS", "LIGNE", "30", "min"]
    assert ground_of(state) is Role.ALARM
    assert {span.role for line in lines for span in line} <= {Role.ALARM, Role.ALARM_STRONG}


def test_proofs_that_are_due_are_amber() -> None:
    """Their number, in both widths; none of them says nothing."""
    assert "preuve" not in plain(status_lines(state_of(ONLINE), 160)[1])
    second = status_lines(state_of(replace(ONLINE, unproved=4)), 160)[1]
    assert ("▲ 4 sans preuve", Role.BAR_WARN) in [(span.text, span.role) for span in second]
    assert "▲ 4 sans" in plain(status_lines(state_of(replace(ONLINE, unproved=4)), 80)[1])


WAITING = st.builds(
    lambda waiting, cents, age, link, rejected: replace(
        ONLINE, waiting=waiting, waiting_cents=cents, oldest=NOW - age, link=link, rejected=rejected
    ),
    st.integers(1, 99_999),
    st.integers(0, 10**9),
    st.timedeltas(timedelta(), timedelta(days=400)),
    st.sampled_from(["online", "offline", "unknown"]),
    st.integers(0, 999),
)


@given(st.integers(80, 200), WAITING)
def test_number_amount_and_age_of_what_waits_are_never_cut(width: int, status: Status) -> None:
    """On 80 columns and more the words around them go first; both lines fit."""
    assert status.waiting_cents is not None
    assert status.oldest is not None
    lines = [plain(line) for line in status_lines(state_of(status), width)]
    assert f"{status.waiting} · {money_text(status.waiting_cents)} · " in lines[0]
    assert age_text(NOW - status.oldest) in lines[0]
    assert all(len(line) <= width for line in lines)


def test_the_amount_is_unknown_while_nobody_is_logged_in() -> None:
    """The count and the age stay."""
    line = plain(status_lines(state_of(replace(ONLINE, waiting_cents=None)), 100)[0])
    assert "File d'envoi 3 · plus ancienne" in line


def test_an_empty_queue_is_said() -> None:
    """Without figures."""
    line = plain(status_lines(state_of(replace(ONLINE, waiting=0, oldest=None, rejected=0)), 100)[0])
    assert "File d'envoi vide" in line
    assert "REJET" not in line


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"clock_trusted": False}, "HORLOGE NON SÛRE"),
        ({"disk_free_percent": 4}, "Disque 4 %"),
        ({"alarmed": 1}, "6\u00a0min"),
        ({"alarmed": 12}, "12 hors délai"),
    ],
)
def test_red_is_for_what_blocks(change: dict[str, object], words: str) -> None:
    """An untrusted clock, a full disk, a claim out of time; nothing else but rejections."""
    calm = replace(ONLINE, rejected=0)
    assert Role.BAR_BAD not in {span.role for line in status_lines(state_of(calm), 100) for span in line}
    state = state_of(replace(calm, **change))  # type: ignore[arg-type]  # the fields are named by the parameters
    red = [span.text for line in status_lines(state, 100) for span in line if span.role is Role.BAR_BAD]
    assert any(words in text for text in red)


@pytest.mark.parametrize("width", [80, 120])
def test_claims_that_wait_too_long_are_amber_then_red(width: int) -> None:
    """From five working days on their number is amber, from eight on red; of claims in time nothing is said."""
    assert "ouvrés" not in plain(status_lines(state_of(ONLINE), width)[1])
    for alarmed, role, words in ((0, Role.BAR_WARN, "▲ 3"), (2, Role.BAR_BAD, "■ 2 hors délai")):
        status = replace(ONLINE, rejected=0, warned=3, alarmed=alarmed)
        first, second = status_lines(state_of(status), width)
        assert role in [span.role for span in second if span.text.startswith(words)]
        assert role in [span.role for span in first if "6\u00a0min" in span.text]


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize("link", ["online", "offline", "unknown"])
@pytest.mark.parametrize(("sender", "words"), [("missing", "■ ENVOI ARRÊTÉ"), ("stuck", "■ ENVOI BLOQUÉ")])
def test_without_a_service_nothing_is_said_to_be_online(sender: Sender, words: str, link: Link, width: int) -> None:
    """Whatever the last word of the line was: that nobody sends, with what to do where there is room, on amber."""
    state = state_of(replace(ONLINE, sender=sender, link=link, rejected=0))
    first = plain(status_lines(state, width)[0])
    assert words in first
    assert "LIGNE" not in first
    assert "redémarrez le terminal" in first or width < 100
    assert "3 · 412,60" in first
    assert ground_of(state) is Role.ALARM


@pytest.mark.parametrize("width", [80, 100])
def test_a_service_that_is_about_to_come_is_waited_for(width: int) -> None:
    """On amber, and nobody is told to start the machine again."""
    state = state_of(replace(ONLINE, sender="starting", rejected=0))
    first = plain(status_lines(state, width)[0])
    assert "▲ ENVOI" in first
    assert "redémarrez" not in first
    assert ground_of(state) is Role.ALARM


@pytest.mark.parametrize("late", [True, False])
def test_reference_data_are_amber_when_they_are_late(*, late: bool) -> None:
    """Too old, in amber and in words; of an ordinary age, not a word here: the home screen tells it."""
    data = DataAge(NOW - timedelta(days=40 if late else 3), late=late, waiting=False)
    spans = status_lines(state_of(replace(ONLINE, data=data)), 120)[1]
    said = [span for span in spans if "Données" in span.text]
    assert [span.role for span in said] == ([Role.BAR_WARN] if late else [])


@pytest.mark.parametrize("slot", list(Slot))
@pytest.mark.parametrize("width", [80, 100])
def test_every_state_of_the_card_is_said(slot: Slot, width: int) -> None:
    """In words, within the width, beside the time."""
    line = plain(status_lines(state_of(ONLINE, slot), width)[1])
    assert line.rstrip().endswith("14:32")
    assert len(line) <= width


def test_before_the_first_facts_the_lines_say_so() -> None:
    """Nothing is invented."""
    assert "Lecture" in plain(status_lines(CounterState(), 80)[0])


def test_names_are_masked_to_initials() -> None:
    """F8 for a screen in view of customers."""
    assert initials("DUPONT-MOREAU Marie Élise") == "D. M. M. É."
    assert initials("") == ""
    assert CounterState(masked=True).shown_name("ROUX Inès") == "R. I."
    assert CounterState().shown_name("ROUX Inès") == "ROUX Inès"


@pytest.mark.parametrize("width", [80, 100])
def test_a_spent_reserve_is_said(width: int) -> None:
    """In red, because new claims are refused; nothing is said while it is there."""
    line = status_lines(state_of(replace(ONLINE, reserve_spent=True)), width)[1]
    assert {span.role for span in line if "Disque plein" in span.text} == {Role.BAR_BAD}
    assert "Disque plein" not in plain(status_lines(state_of(ONLINE), width)[1])


@pytest.mark.parametrize("width", [80, 100])
def test_a_damaged_store_is_said(width: int) -> None:
    """In red, as soon as the checks of the start know it."""
    line = status_lines(state_of(replace(ONLINE, damaged=True)), width)[1]
    assert {span.role for span in line if "Coffre abîmé" in span.text} == {Role.BAR_BAD}
    assert "abîmé" not in plain(status_lines(state_of(ONLINE), width)[1])


@pytest.mark.parametrize("width", [80, 100])
def test_stopped_chains_and_an_old_backup_are_said(width: int) -> None:
    """In red and amber, in the place of a clock that is right; a clock that is wrong stays."""
    status = replace(ONLINE, stopped="fork", backup_late=True)
    line = status_lines(state_of(status), width)[1]
    said = plain(line)
    assert "■ RÉCONCIL" in said or "RÉCONCILIATION" in said
    assert "▲ Sauvegarde" in said
    assert "Horloge sûre" not in said
    assert said.rstrip().endswith("14:32")
    assert {span.role for span in line if "RÉCONCIL" in span.text} == {Role.BAR_BAD}
    wrong = plain(status_lines(state_of(replace(status, clock_trusted=False)), width)[1])
    assert "HORLOGE" in wrong
