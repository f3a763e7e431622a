"""The self-check as lines that fit on one photograph: what failed first, then what to watch, then what is well.

Rules: pure; each finding that is not well says what to do; those that are well share lines, so that a technician sees
the whole terminal at once.
"""

from collections.abc import Iterator
from textwrap import wrap

from terminal.i18n import PARIS, text
from terminal.tui.spans import BLANK, Line, Role, Span
from terminal.workflow.office import Examination, ShownFinding

_SIGNS = {"fail": ("■", Role.BAD), "warn": ("▲", Role.WARN)}
_INDENT = 4


def doctor_lines(found: Examination, width: int) -> list[Line]:
    """The page in `width` columns."""
    counts = {verdict: sum(one.verdict == verdict for one in found.findings) for verdict in ("fail", "warn", "pass")}
    at = found.at.astimezone(PARIS).strftime("%d/%m/%Y %H:%M")
    summary = Role.BAD if counts["fail"] else Role.WARN if counts["warn"] else Role.GOOD
    lines: list[Line] = [
        (Span(text("doctor.which", version=found.version, device=found.device, at=at)),),
        (Span(text("doctor.counts", fail=counts["fail"], warn=counts["warn"], good=counts["pass"]), summary),),
        BLANK,
    ]
    for verdict in ("fail", "warn"):
        for one in found.findings:
            if one.verdict == verdict:
                lines += _wrong(one, width)
    return [*lines, *_well(found, width)]


def _wrong(one: ShownFinding, width: int) -> Iterator[Line]:
    sign, role = _SIGNS[one.verdict]
    said = f"{one.label} : {one.detail}" if one.detail else one.label
    first, *rest = wrap(f"{sign} {said}", width, subsequent_indent="  ") or [sign]
    yield (Span(first, role),)
    yield from ((Span(part, role),) for part in rest)
    yield from ((Span(" " * _INDENT + part),) for part in wrap(one.todo, max(20, width - _INDENT)))


def _well(found: Examination, width: int) -> Iterator[Line]:
    """What is well, as a running text; the counted ones with their figures."""
    well = [f"{one.label} {one.detail}".strip() for one in found.findings if one.verdict == "pass"]
    if well:
        yield BLANK
        yield from ((Span(part, Role.GOOD if not place else Role.TEXT),) for place, part in _running(well, width))


def _running(well: list[str], width: int) -> Iterator[tuple[int, str]]:
    yield 0, text("doctor.well")
    joined = " · ".join(said.replace(" ", "\u00a0") for said in well)
    for place, part in enumerate(wrap(joined, width, break_on_hyphens=False), start=1):
        yield place, part.replace("\u00a0", " ")
