"""An agreement holds a quote to what was agreed, to the cent, until its last day."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.domain.agreement import AgreedLine, Agreement, AgreementExpired, under_agreement
from terminal.domain.pricing import QuoteInput, price_quote
from terminal.domain.rights import Contract, Grid
from terminal.workflow.lines import line_inputs
from terminal.workflow.models import FRAME_A, LENS_A
from terminal.workflow.types import DraftLine
from tests.tui.scene_hands import CATALOGUE
from tests.tui.scenes import TODAY

LINES = (
    DraftLine("frame", None, FRAME_A, 3000),
    DraftLine("lens", "right", LENS_A, 3250),
    DraftLine("lens", "left", LENS_A, 3250),
)
GRID = Grid(frame=10000, lens={"simple": 8000, "complexe": 13000, "tres_complexe": 16000})
ASKED = QuoteInput(
    TODAY, date(1984, 5, 3), 60, Contract(kind="responsable", grid=GRID, real_cost=False), line_inputs(LINES, CATALOGUE)
)
QUOTE = price_quote(ASKED, TODAY)


def agreement(*amounts: int, until: date = TODAY) -> Agreement:
    """An agreement with these amounts for frame, right and left lens, as many as there are."""
    lines = tuple(AgreedLine(line.item, line.eye, amc) for line, amc in zip(QUOTE.lines, amounts, strict=False))
    return Agreement("7731", TODAY - timedelta(days=9), until, lines)


@given(st.lists(st.integers(0, 10_000), max_size=3))
def test_no_line_is_paid_above_what_was_agreed_and_every_cent_stays(amounts: list[int]) -> None:
    """AMC is the lower of quote and agreement, what was not agreed is nothing, and price = AMO + AMC + reste."""
    held = under_agreement(QUOTE, agreement(*amounts), TODAY)
    agreed = [*amounts, 0, 0, 0][:3]
    assert [line.amc for line in held.lines] == [
        min(line.amc, one) for line, one in zip(QUOTE.lines, agreed, strict=True)
    ]
    assert all(line.price == line.amo + line.amc + line.reste_a_charge for line in held.lines)
    assert [line.amo for line in held.lines] == [line.amo for line in QUOTE.lines]
    assert (held.total.price, held.total.amo) == (QUOTE.total.price, QUOTE.total.amo)
    over = QUOTE.total.amc - held.total.amc
    told = [warning.facts["over"] for warning in held.warnings if warning.code == "agreement_exceeded"]
    assert told == ([over] if over else [])
    assert under_agreement(held, agreement(*amounts), TODAY).lines == held.lines, "held once or twice is the same"


def test_the_last_day_counts_and_the_next_does_not() -> None:
    """Good on its last day; refused the day after, with that day."""
    whole = agreement(10_000, 10_000, 10_000)
    assert under_agreement(QUOTE, whole, TODAY).lines == QUOTE.lines
    with pytest.raises(AgreementExpired) as refused:
        under_agreement(QUOTE, whole, TODAY + timedelta(days=1))
    assert refused.value.facts == {"until": TODAY.isoformat()}
