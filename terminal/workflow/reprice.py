"""The same claim priced again, years later, with the very tables that it names.

Rules: a claim records the digests of the catalogue and of the profile that were applied; with these, its lines and its
dates, the pricing gives its recorded amounts for ever, whatever was imported since. A table that is not kept any more
is an error, never replaced by another.
"""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from terminal.catalogue import Shelf
from terminal.domain.agreement import AgreedLine, Agreement, under_agreement
from terminal.domain.pricing import DEFAULT_RULES, EquipmentRules, Quote, QuoteInput, price_quote
from terminal.domain.rights import Contract
from terminal.vault import Dossier
from terminal.workflow.lines import draft_lines, line_inputs
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
    rules: EquipmentRules = DEFAULT_RULES


@dataclass(frozen=True, slots=True)
class Repriced:
    """What the recorded tables give now, and whether that is what the claim recorded, line by line and in total."""

    quote: Quote
    same: bool


def reprice_dossier(dossier: Dossier, home: Path) -> Repriced:
    """A claim of this terminal priced again. Raises what `reprice` raises; ProfileUnknown without digests."""
    quote = requote(dossier, home)
    lines = [(line.price, line.amo, line.amc) for line in quote.lines]
    total = (quote.total.price, quote.total.amo, quote.total.amc, quote.total.reste_a_charge)
    same_lines = lines == [(line.price, line.amo, line.amc) for line in dossier.lines]
    return Repriced(quote, same_lines and total == (dossier.price, dossier.amo, dossier.amc, dossier.reste_a_charge))


def requote(dossier: Dossier, home: Path) -> Quote:
    """Who paid what of a claim of this terminal, by its own tables and within the agreement it had."""
    quote = reprice(recorded_in(dossier), home)
    kept = dossier.agreement
    if kept is None:
        return quote
    lines = tuple(AgreedLine(line.item, line.eye, line.agreed or 0) for line in dossier.lines)
    agreement = Agreement(kept.number, kept.given, kept.until, lines, kept.request)
    return under_agreement(quote, agreement, dossier.service_date)


def recorded_in(dossier: Dossier) -> Recorded:
    """What a dossier records for this; a claim is only made with a birth date."""
    assert dossier.birth_date is not None
    return Recorded(
        service_date=dossier.service_date,
        birth_date=dossier.birth_date,
        amo_rate=dossier.amo_rate,
        contract_id=dossier.contract_id,
        lines=draft_lines(dossier.lines),
        catalogue=dossier.catalogue,
        profile=dossier.profile,
        rules=EquipmentRules(mixed_ceiling=dossier.mixed_ceiling),
    )


def reprice(recorded: Recorded, home: Path) -> Quote:
    """Who paid what, by the recorded tables. Raises CatalogueUnknown, ProfileUnknown or ContractUnknown."""
    contract = contract_of(KeptProfiles(home).by_digest(recorded.profile), recorded.contract_id)
    return reprice_under(recorded, contract, Shelf(home))


def reprice_under(recorded: Recorded, contract: Contract, shelf: Shelf) -> Quote:
    """Who paid what under a contract that is already known."""
    in_force = shelf.by_digest(recorded.catalogue).in_force(recorded.service_date)
    lines = line_inputs(recorded.lines, in_force)
    asked = QuoteInput(recorded.service_date, recorded.birth_date, recorded.amo_rate, contract, lines)
    return price_quote(asked, recorded.service_date, recorded.rules)
