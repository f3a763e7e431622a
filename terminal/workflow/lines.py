"""The lines of a claim on their way: from JSON or a dossier to a draft, from a draft to the pricing.

Rules: one place for each step, so that screens, command line and re-pricing build the same lines; a code that the
catalogue refuses is refused with its line, from 1.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from terminal.domain.errors import DomainError
from terminal.domain.identifiers import LppCode
from terminal.domain.lines import LineInput
from terminal.workflow.types import DraftLine, Eye, Item

if TYPE_CHECKING:
    from terminal.catalogue import Catalogue


class LineFacts(Protocol):
    """What a line says wherever it stands; see `DraftLine`."""

    @property
    def item(self) -> Item:
        """What is sold."""

    @property
    def eye(self) -> Eye | None:
        """For which eye."""

    @property
    def lpp_code(self) -> str:
        """Its code, as written."""

    @property
    def price(self) -> int:
        """Cents for the line."""

    @property
    def quantity(self) -> int:
        """Units."""

    @property
    def plv(self) -> int | None:
        """Typed ceiling of one unit."""

    @property
    def plv_reason(self) -> str | None:
        """Why it was typed."""

    @property
    def base(self) -> int | None:
        """Typed base of one unit."""


def draft_lines(lines: Iterable[LineFacts]) -> tuple[DraftLine, ...]:
    """The same lines as a draft has them."""
    return tuple(
        DraftLine(line.item, line.eye, line.lpp_code, line.price, line.quantity, line.plv, line.plv_reason, line.base)
        for line in lines
    )


def line_inputs(lines: Iterable[LineFacts], in_force: "Catalogue") -> tuple[LineInput, ...]:
    """The lines as the pricing wants them, their codes looked up in `in_force`.

    Raises LppCodeInvalid, LppCodeUnknown, LppCodeClosed or LppCodeUnmapped with the line.
    """
    return tuple(_line_input(number, line, in_force) for number, line in enumerate(lines, start=1))


def _line_input(number: int, line: LineFacts, in_force: "Catalogue") -> LineInput:
    try:
        item = in_force.item(LppCode.parse(line.lpp_code))
    except DomainError as error:
        error.facts["line"] = number
        raise
    return LineInput(line.item, line.eye, item, line.price, line.quantity, line.plv, line.plv_reason, line.base)
