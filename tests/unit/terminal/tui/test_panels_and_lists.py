"""Who pays what, the work list, the row of keys, the message row."""

from dataclasses import replace
from datetime import timedelta

import pytest

from terminal.tui.card_slot import CardSlot
from terminal.tui.claim_form import EYES
from terminal.tui.key_bar import KeyLabel, key_bar, merged
from terminal.tui.notice import Notice, notice_lines
from terminal.tui.spans import Role, Room, plain
from terminal.tui.state import CounterState, Snapshot
from terminal.tui.who_pays import who_pays_lines
from terminal.tui.work_lines import amount_text, remark, short_number, to_handle, work_lines
from terminal.workflow.types import Draft, DraftLine, WorkItem
from tests.tui.scenes import ITEMS, MARIE, NOW, OFFLINE, ONLINE, TODAY, TOTALS, SceneCounter


def state_of(items: tuple[WorkItem, ...] = ITEMS) -> CounterState:
    """A counter whose list is these items."""
    return CounterState(CardSlot(), Snapshot(ONLINE, items, TOTALS, NOW, TODAY))


def quote_lines(price: int, *, offline: bool = False, width: int = 31) -> list[str]:
    """The panel for a class B frame at `price`."""
    draft = Draft(MARIE, TODAY, 60, (DraftLine("frame", None, "2264861", price),), "99100001", "base")
    return [plain(line) for line in who_pays_lines(SceneCounter().quote(draft), offline=offline, width=width)]


def test_nothing_is_promised_before_a_quote() -> None:
    """A dash, never 0,00."""
    lines = [plain(line) for line in who_pays_lines(None, offline=False, width=31)]
    assert [line.split()[-1] for line in lines if line.strip()] == ["—"] * 4
    assert not any("0,00" in line for line in lines)


def test_the_complementary_part_is_an_estimate() -> None:
    """In words, and what confirms it."""
    lines = quote_lines(12000)
    assert lines[0].split() == ["Total", "120,00", "€"]
    assert "▲ Part mutuelle ESTIMÉE" in lines
    assert any("retour du réseau" in line for line in quote_lines(12000, offline=True))
    assert all(len(line) <= 24 for line in quote_lines(99999, width=24))


def test_what_is_uncertain_in_a_quote_is_said_once() -> None:
    """Under the amounts, wrapped to the panel."""
    lenses = tuple(DraftLine("lens", eye, "2263287", 3250, plv=3250, plv_reason="tarif") for eye in EYES)
    draft = Draft(MARIE, TODAY, 60, lenses, "99100001", "base")
    lines = [plain(line) for line in who_pays_lines(SceneCounter().quote(draft), offline=False, width=24)]
    assert lines.count("▲ Prix limite saisi par") == 1
    assert all(len(line) <= 24 for line in lines)


def test_nothing_to_pay_is_green_and_something_is_not() -> None:
    """Colour follows the amount, and the amount is there."""
    draft = Draft(MARIE, TODAY, 60, (DraftLine("frame", None, "2222124", 3000),), "99100001", "base")
    free = who_pays_lines(SceneCounter().quote(draft), offline=False, width=31)
    assert free[5][-1].role is Role.GOOD
    draft = replace(draft, lines=(DraftLine("frame", None, "2264861", 30000),))
    assert who_pays_lines(SceneCounter().quote(draft), offline=False, width=31)[5][-1].role is Role.STRONG


@pytest.mark.parametrize("width", [76, 96, 156])
def test_every_row_keeps_its_width_and_its_age(width: int) -> None:
    """Age at the right edge, never cut."""
    lines = [plain(line) for line in work_lines(state_of(), Room(width, 20))]
    assert {len(line) for line in lines} == {width}
    assert [line.split("\u00a0")[-1] for line in lines] == ["j", "j", "h", "s", "min", "min", "min"]
    assert "Modifiable" in lines[3]
    assert "(F6)" in lines[3]


def test_the_selected_row_is_always_in_view() -> None:
    """The list scrolls under the selection."""
    many = tuple(replace(ITEMS[0], claim_id=str(n), number=f"2026-{n:04}") for n in range(40))
    lines = work_lines(state_of(many), Room(96, 10), selected=25)
    assert len(lines) == 10
    assert [index for index, line in enumerate(lines) if line[-1].role is Role.SELECTED] == [9]
    assert "0025" in plain(lines[9])


def test_a_claim_without_its_proof_is_amber_and_says_why() -> None:
    """Though it was acknowledged: another symbol and colour, and which of the two it is."""
    fine = replace(ITEMS[-1], state="acknowledged", correctable=False, reason=None)
    codes = "proof_missing", "proof_elsewhere"
    items = (fine, *(replace(fine, unproved=True, reason=code) for code in codes))
    lines = work_lines(state_of(items), Room(156, 5))
    assert [(line[0].text[0], line[0].role) for line in lines] == [
        ("●", Role.GOOD), ("▲", Role.WARN), ("▲", Role.WARN),
    ]  # fmt: skip
    assert "n'a pas encore prouvé" in plain(lines[1])
    assert "autre copie" in plain(lines[2])
    assert to_handle(items) == 0


def test_names_in_the_list_follow_the_mask() -> None:
    """Initials, and no name left."""
    state = state_of()
    state.masked = True
    text = "\n".join(plain(line) for line in work_lines(state, Room(96, 20)))
    assert "D. M." in text
    assert "DUPONT" not in text


def test_a_claim_without_dossier_shows_no_amount() -> None:
    """Recovered or erased: a dash, and an unknown state is shown as such."""
    bare = replace(ITEMS[2], name="", number="a1b2c3d4e5f6")
    assert amount_text(bare) == "—"
    assert short_number(bare.number) == "4e5f6"
    assert len(plain(work_lines(state_of((bare,)), Room(76, 5))[0])) == 76
    assert to_handle(ITEMS) == 3


def test_a_row_says_what_comes_next() -> None:
    """The reason when there is one, else the next step, which depends on the line."""
    snapshot = Snapshot(OFFLINE, ITEMS, TOTALS, NOW, TODAY)
    waiting = replace(ITEMS[4], not_before=NOW - timedelta(1))
    assert remark(waiting, snapshot, short=False) == "Partira dès la connexion"
    assert remark(waiting, replace(snapshot, status=ONLINE), short=False) == "Part toute seule"
    assert remark(replace(waiting, reason="insurer_unreachable"), snapshot, short=False) == "L'organisme ne répond pas."
    assert remark(replace(waiting, state="paid", reason="code_of_tomorrow"), snapshot, short=True) == "code_of_tomorrow"


def test_an_empty_list_says_so() -> None:
    """And nothing at all before the first facts."""
    assert "Aucune demande" in plain(work_lines(state_of(()), Room(76, 5))[0])
    assert work_lines(CounterState(), Room(76, 5)) == []


KEYS = (
    KeyLabel("F10", "ENREGISTRER"),
    KeyLabel("Entrée", "Suivant"),
    KeyLabel("Échap", "Abandon"),
    KeyLabel("F8", "Masquer"),
)


@pytest.mark.parametrize("width", range(20, 120, 7))
def test_a_key_label_is_never_cut(width: int) -> None:
    """Whole entries or none, the first ones first."""
    line = plain(key_bar(KEYS, width))
    assert len(line) == width
    entries = [f"{entry.key} {entry.label}" for entry in KEYS]
    shown = " ".join(line.split())
    assert any(shown == " ".join(entries[:count]) for count in range(1, 5))


def test_a_narrow_row_shortens_labels_then_leaves_out_what_goes_without_saying() -> None:
    """In this order; the key of the help page stays to the last."""
    keys = (
        KeyLabel("F7", "Annuler la demande", "Annuler"),
        KeyLabel("Entrée", "Suivant", plain=True),
        KeyLabel("F8", "Masquer"),
        KeyLabel("F1", "Aide"),
    )
    rows = [" ".join(plain(key_bar(keys, width)).split()) for width in (80, 45, 40, 25, 12)]
    assert rows == [
        "F7 Annuler la demande Entrée Suivant F8 Masquer F1 Aide",
        "F7 Annuler Entrée Suivant F8 Masquer F1 Aide",
        "F7 Annuler la demande F8 Masquer F1 Aide",
        "F7 Annuler F1 Aide",
        "F1 Aide",
    ]


def test_a_key_is_named_once() -> None:
    """The screen's own word for it counts."""
    own = (KeyLabel("F1", "Autre aide"),)
    assert merged(own, (KeyLabel("F1", "Aide"), KeyLabel("F8", "Masquer"))) == (*own, KeyLabel("F8", "Masquer"))


def test_the_message_row_is_two_lines_and_no_more() -> None:
    """A symbol, what is the case, what to do; where there is no room it names the page that has the rest."""
    notice = Notice("Il manque la date.", "Tapez 1211.", Role.WARN)
    assert [plain(line) for line in notice_lines(notice, 40)] == [" ▲ Il manque la date.", "   Tapez 1211."]
    assert plain(notice_lines(notice, 12)[0]) == " ▲ Il ma… F1"
    assert plain(notice_lines(notice, 2)[0]) == "… "
    assert notice_lines(None, 40) == ((), ())
    assert Notice.of("card_mute").todo.startswith("Retirez-la")
