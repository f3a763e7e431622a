"""A QR code in cells: what is drawn is the code, with its margin, or nothing."""

import pytest
import segno

from terminal.domain.ticket import TicketCode
from terminal.tui.qr_lines import qr_lines, qr_modules
from terminal.tui.spans import Line, Role, Room, plain

TEXT = TicketCode("019f0000-0000-7000-8000-000000000434", "5a" * 32).text()
HALVES = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}


def from_halves(lines: list[Line]) -> list[list[int]]:
    """The modules that half blocks show."""
    return [[HALVES[sign][half] for sign in plain(line)] for line in lines for half in (0, 1)]


def from_blanks(lines: list[Line]) -> list[list[int]]:
    """The modules that blank cells on two grounds show."""
    return [[int(span.role is Role.CODE_DARK) for span in line for _ in range(len(span.text) // 2)] for line in lines]


def test_half_blocks_show_every_module() -> None:
    """33 modules a side and a margin of two, in 37 columns and 19 rows: it fits on 80×24."""
    lines = qr_lines(TEXT, Room(37, 19), half_blocks=True)
    assert [len(plain(line)) for line in lines] == [37] * 19
    assert {span.role for line in lines for span in line} == {Role.CODE}
    expected = [list(row) for row in segno.make_qr(TEXT, error="m").matrix_iter(border=2)]
    assert from_halves(lines) == [*expected, [0] * 37]


def test_blank_cells_show_every_module() -> None:
    """Where the font has no half blocks: two cells a module."""
    lines = qr_lines(TEXT, Room(74, 37), half_blocks=False)
    assert {sign for line in lines for sign in plain(line)} == {" "}
    assert from_blanks(lines) == [[int(module) for module in row] for row in qr_modules(TEXT)]


@pytest.mark.parametrize(("room", "half_blocks"), [(Room(36, 19), True), (Room(37, 18), True), (Room(74, 36), False)])
def test_a_code_that_does_not_fit_is_not_drawn(room: Room, half_blocks: bool) -> None:
    """Half a code helps nobody."""
    assert qr_lines(TEXT, room, half_blocks=half_blocks) == []
