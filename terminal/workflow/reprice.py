"""The same claim priced again, years later, with the very tables that it names.

Rules: a claim records the digests of the catalogue and of the profile that were applied; with these, its lines and its
dates, the pricing gives its recorded amounts for ever, whatever was imported since. A table that is not kept any more
is an error, never replaced by another.
"""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from terminal.catalogue import Shelf
from terminal.domain.identifiers import LppCode
from terminal.domain.pricing import LineInput, Quote, QuoteInput, price_quote
from terminal.domain.rights import Contract
from terminal.workflow.profiles import KeptProfiles
from terminal.workflow.recipients import contract_of
from terminal.workflow.types import DraftLine


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a claim or a dossier records: its lines as drafted, its dates and rate, and the digests of its tables."""

    service_date: date
    birth_date: date = field(repr=False)
    amo_rate: int
    contract_id: str
    lines: tuple[DraftLine, ...]
    catalogue: str
    profile: str


def reprice(recorded: Recorded, home: Path) -> Quote:
    """Who paid what, by the recorded tables. Raises CatalogueUnknown, ProfileUnknown or ContractUnknown."""
    contract = contract_of(KeptProfiles(home).by_digest(recorded.profile), recorded.contract_id)
    return reprice_under(recorded, contract, Shelf(home))


def reprice_under(recorded: Recorded, contract: Contract, shelf: Shelf) -> Quote:
    """Who paid what under a contract that is already known."""
    in_force = shelf.by_digest(recorded.catalogue).in_force(recorded.service_date)
    lines = tuple(
        LineInput(
            line.item,
            line.eye,
            in_force.item(LppCode.parse(line.lpp_code)),
            line.price,
            line.quantity,
            line.plv,
            line.plv_reason,
            line.base,
        )
        for line in recorded.lines
    )
    asked = QuoteInput(recorded.service_date, recorded.birth_date, recorded.amo_rate, contract, lines)
    return price_quote(asked, recorded.service_date)
