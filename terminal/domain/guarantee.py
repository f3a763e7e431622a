"""What AMO and AMC together cover of one line, before the bounds of the whole equipment.

Rules (SOURCE §6): the AMO pays its rate of min(base, price), half up, per line. Beyond it a contract
pays nothing (none), up to the base (ticket_moderateur), or: class A frame, lenses and appairage in full up to the PLV
(responsable), all of class A in full (c2s), class B frame and lenses up to the grid or at real cost (responsable).
Every other line, contact lenses and supplements included, is covered up to the base. A frame never has more than 100
euros from a contrat responsable.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from terminal.domain.errors import GridMissing
from terminal.domain.lines import LineInput, Rule, Tariff, Warning_
from terminal.domain.money import Cents, share
from terminal.domain.rights import FRAME_CAP, Contract

_IN_FULL_BY_LAW = ("frame", "lens")
_APPAIRAGE = "SV2"
_BOUNDED: tuple[Rule, ...] = ("grid", "real_cost")


@dataclass(frozen=True, slots=True)
class Cover:
    """Line `number` as AMO and AMC cover it: `amo`, and `covered` = AMO + AMC, in cents for the line.

    0 <= amo <= covered <= price. `promised`: the guarantee before cap and bounds; `capped`: it went beyond what the
    law allows for a frame.
    """

    number: int
    line: LineInput
    tariff: Tariff
    price: Cents
    amo: Cents
    covered: Cents
    rule: Rule
    promised: Cents
    capped: bool

    @property
    def amc(self) -> Cents:
        """The share of the complementary insurer."""
        return Cents(self.covered - self.amo)

    @property
    def open(self) -> Cents:
        """What the holder would pay."""
        return Cents(self.price - self.covered)


def cover(number: int, line: LineInput, tariff: Tariff, rate: int, contract: Contract) -> Cover:
    """The cover of one line. Raises GridMissing for class B under a contrat responsable without guarantees."""
    price = Cents(line.price)
    amo = share(Cents(min(tariff.base, price)), rate)
    rule = _rule(number, line, contract)
    promised = min(price, _promised(line, tariff, amo, rule, contract))
    capped = line.item == "frame" and rule in _BOUNDED and promised > FRAME_CAP
    covered = Cents(max(amo, FRAME_CAP if capped else promised))
    return Cover(number, line, tariff, price, amo, covered, rule, Cents(promised), capped)


def _rule(number: int, line: LineInput, contract: Contract) -> Rule:
    if contract.kind in ("none", "ticket_moderateur"):
        return "none" if contract.kind == "none" else "ticket_moderateur"
    if line.lpp.item_class == "A" and (contract.kind == "c2s" or _in_full(line)):
        return "class_a"
    if contract.kind == "c2s" or not _in_grid(line):
        return "ticket_moderateur"
    if contract.real_cost:
        return "real_cost"
    if contract.grid is None:
        raise GridMissing("class B needs the guarantees of the contract", line=number)
    return "grid"


def _in_full(line: LineInput) -> bool:
    """Class A that R871-2 3 lists as paid in full; the adaptation and the shell supplement are not in its list."""
    return line.item in _IN_FULL_BY_LAW or line.lpp.regroupement == _APPAIRAGE


def _in_grid(line: LineInput) -> bool:
    return line.lpp.item_class == "B" and line.item in _IN_FULL_BY_LAW


def _promised(line: LineInput, tariff: Tariff, amo: Cents, rule: Rule, contract: Contract) -> int:
    """Up to how much AMO and AMC go together, whatever the price of a class B line."""
    if rule == "none":
        return amo
    if rule == "ticket_moderateur":
        return tariff.base
    return _of_grid(line, contract) * line.quantity if rule == "grid" else line.price


def _of_grid(line: LineInput, contract: Contract) -> int:
    assert contract.grid is not None
    if line.item == "frame":
        return contract.grid.frame
    assert line.lpp.level is not None
    return contract.grid.lens[line.lpp.level]


def cover_warnings(cover: Cover, contract: Contract) -> Iterator[Warning_]:
    """Where the frame was capped, and where the contract may pay more than the grid can say."""
    if cover.capped:
        yield Warning_("frame_cap_applied", {"line": cover.number, "cap": FRAME_CAP})
    if cover.rule == "ticket_moderateur" and cover.open and _may_pay_more(cover.line, contract):
        yield Warning_("guarantee_unconfirmed", {"line": cover.number})
    if cover.line.lpp.regroupement is None:
        yield Warning_("regroupement_unknown", {"line": cover.number})


def _may_pay_more(line: LineInput, contract: Contract) -> bool:
    """A contrat responsable may go beyond the base of any line; the C2S only outside class B."""
    return contract.kind == "responsable" or (contract.kind == "c2s" and line.lpp.item_class != "B")
