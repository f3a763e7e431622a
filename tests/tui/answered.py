"""Claims that insurers have answered: refused, partial, agreed, expired, paid."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from terminal.domain.lines import Eye
from terminal.domain.lpp import ItemKind
from terminal.workflow.followed import FollowLine, FollowUp, PaidPart, WorkItem
from tests.tui.scenes import CLAIRE, NOW, SceneCounter, item_of


def _decided(number: str, state: str, **said: Any) -> WorkItem:
    """A claim that an insurer has answered."""
    names = {"0391": "LEROY Paul", "0384": "GARCIA Eva", "0377": "MARTIN Jeanne"}
    base = item_of("0412", names[number], state, 22260, CLAIRE)
    return replace(base, claim_id=number, number=f"2026-{number}", reason=None, **said)


def _lines(*agreed: int | None, reasons: tuple[str, ...] = ()) -> tuple[FollowLine, ...]:
    """A frame and two lenses: what was agreed of 60.00, 81.30 and 81.30."""
    asked = (6000, 8130, 8130)
    things: tuple[tuple[ItemKind, Eye | None], ...] = (("frame", None), ("lens", "right"), ("lens", "left"))
    return tuple(
        FollowLine(item, eye, "2242457", wanted, amount, () if amount == wanted else reasons)
        for (item, eye), wanted, amount in zip(things, asked, agreed, strict=True)
    )


DAY = date(2026, 11, 19)
REFUSED = _decided("0391", "refused", agreed=0)
PARTIAL = _decided("0384", "partial", agreed=18000)
AGREED = _decided("0377", "accepted", agreed=22260, kind="preauthorisation", until=date(2027, 1, 20))
ANSWERED = (
    replace(REFUSED, reason="rights_closed"),
    replace(PARTIAL, reason="ceiling_reached"),
    AGREED,
    replace(AGREED, claim_id="0378", number="2026-0378", until=date(2026, 11, 1)),
    item_of("0430", "ROUX Inès", "acknowledged", 12000, CLAIRE),
    replace(item_of("0431", "BERNARD Alice", "paid", 9500, CLAIRE), agreed=9500, paid=9500),
)
RECEIVED = NOW - timedelta(days=2, hours=-1)
FOLLOWED = {
    "0391": FollowUp(
        ANSWERED[0], DAY, ("rights_closed",), _lines(0, 0, 0), None, expired=False, paid=(), received_at=RECEIVED,
        acts=("correct", "change_insurer", "abandon"),
    ),
    "0384": FollowUp(
        ANSWERED[1], DAY, (), _lines(1740, 8130, 8130, reasons=("ceiling_reached",)), None, expired=False, paid=(),
        received_at=RECEIVED, acts=("request_cancellation",), odd=("contradiction",),
    ),
    "0377": FollowUp(
        AGREED, DAY, (), _lines(6000, 8130, 8130), "7731", expired=False, paid=(), received_at=RECEIVED,
        acts=("deliver", "abandon"),
    ),
    "0378": FollowUp(
        ANSWERED[3], DAY, (), _lines(6000, 8130, 8130), "7702", expired=True, paid=(), received_at=RECEIVED,
        acts=("ask_again", "without_agreement", "abandon"),
    ),
    "0431": FollowUp(
        ANSWERED[5], DAY, (), _lines(6000, 8130, 8130), None, expired=False,
        paid=(PaidPart(date(2026, 11, 20), "VIR-2026-118", 9500),), received_at=RECEIVED, acts=(),
    ),
}  # fmt: skip


def answered() -> SceneCounter:
    """A counter whose claims came back."""
    return SceneCounter(items=ANSWERED, followed=dict(FOLLOWED))
