"""What holds for every quote, whatever the lines, the contract and the rate."""

from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from terminal.catalogue import load_catalogue
from terminal.domain.identifiers import LppCode
from terminal.domain.lpp import LppItem
from terminal.domain.money import Cents, share, spread
from terminal.domain.pricing import EquipmentRules, LineInput, QuoteInput, price_quote
from terminal.domain.rights import AMO_RATES, FRAME_CAP, LEVELS, Contract, Grid, bounds

TODAY = date(2024, 6, 1)
CATALOGUE = load_catalogue()


def item(code: str) -> LppItem:
    """A code of the catalogue."""
    return CATALOGUE.item(LppCode.parse(code))


FRAMES = {"A": item("2222124"), "B": item("2264861")}
LENSES_B = [item("2264803"), item("2263494"), item("2205321")]
LENSES_A = [item("2263287"), item("2249229"), item("2201814")]
CONTACT_LENSES, PRISM, ADAPTATION = item("2251545"), item("2247905"), item("2226435")
REASON = "tariff of the shop"

prices = st.one_of(st.integers(0, 3_000), st.integers(0, 60_000), st.sampled_from([1, 4, 5, 6, 9_999, 10_000, 10_001]))
amounts = st.integers(0, 50_000)
grids = st.builds(
    lambda frame, lens: Grid(frame, dict(zip(LEVELS, lens, strict=True))), amounts, st.tuples(amounts, amounts, amounts)
)
responsables = st.one_of(
    st.builds(lambda ani: Contract("responsable", real_cost=True, ani=ani), st.booleans()),
    st.builds(lambda grid, ani: Contract("responsable", grid, ani=ani), grids, st.booleans()),
)
contracts = st.one_of(st.sampled_from([Contract("none"), Contract("ticket_moderateur"), Contract("c2s")]), responsables)
rules = st.builds(EquipmentRules, mixed_ceiling=st.booleans())
rates = st.sampled_from(AMO_RATES)


@st.composite
def frames(draw: st.DrawFn, classes: str = "AB") -> LineInput:
    """A frame of one of these classes at a lawful price."""
    kind = draw(st.sampled_from(classes))
    return LineInput("frame", None, FRAMES[kind], draw(st.integers(0, 3_000) if kind == "A" else prices))


@st.composite
def lenses(draw: st.DrawFn, eye: Any, classes: str = "AB") -> LineInput:
    """A lens of one of these classes; a class A one with its ceiling typed, so that every ceiling is met."""
    if draw(st.sampled_from(classes)) == "B":
        return LineInput("lens", eye, draw(st.sampled_from(LENSES_B)), draw(prices))
    plv = draw(st.integers(1, 30_000))
    return LineInput(
        "lens", eye, draw(st.sampled_from(LENSES_A)), draw(st.integers(0, plv)), plv=plv, plv_reason=REASON
    )


@st.composite
def others(draw: st.DrawFn) -> LineInput:
    """Contact lenses, a prism, or an adaptation with its tariff typed."""
    kind = draw(st.sampled_from([CONTACT_LENSES, PRISM, ADAPTATION]))
    if kind is not ADAPTATION:
        return LineInput(kind.item, None, kind, draw(prices), draw(st.integers(1, 2)))
    return LineInput("supplement", None, kind, draw(st.integers(0, 1_000)), plv=1_000, base=300, plv_reason=REASON)


@st.composite
def equipments(draw: st.DrawFn) -> tuple[LineInput, ...]:
    """One to five lines in any order: at most a frame, a lens for each eye, two others."""
    chosen = [
        *draw(st.lists(frames(), max_size=1)),
        *draw(st.lists(lenses("right"), max_size=1)),
        *draw(st.lists(lenses("left"), max_size=1)),
        *draw(st.lists(others(), max_size=1)),
    ]
    assume(chosen)
    return tuple(draw(st.permutations(chosen)))


class_b_equipments = st.one_of(
    st.tuples(frames("B"), lenses("right", "B"), lenses("left", "B")),
    st.tuples(lenses("right", "B"), lenses("left", "B")),
    st.tuples(frames("B"), lenses("left", "B")),
)


def quotes_of(contract: st.SearchStrategy[Contract], lines: Any) -> st.SearchStrategy[QuoteInput]:
    """Quotes of these lines under these contracts, for an adult, at any rate."""
    return st.builds(QuoteInput, st.just(date(2024, 5, 14)), st.just(date(1984, 5, 17)), rates, contract, lines)


quotes = quotes_of(contracts, equipments())


@given(quotes, rules)
@settings(max_examples=500, deadline=None)
def test_shares_add_up_and_none_is_negative(asked: QuoteInput, chosen: EquipmentRules) -> None:
    """On every line and in total price = AMO + AMC + reste a charge, and nobody pays less than nothing."""
    quote = price_quote(asked, TODAY, chosen)
    for line, source in zip(quote.lines, asked.lines, strict=True):
        assert line.price == source.price == line.amo + line.amc + line.reste_a_charge
        assert min(line.amo, line.amc, line.reste_a_charge) >= 0
        assert line.amo <= line.base
    total = quote.total
    assert total.price == total.amo + total.amc + total.reste_a_charge == sum(line.price for line in asked.lines)
    for name in ("amo", "amc", "reste_a_charge"):
        assert getattr(total, name) == sum(getattr(line, name) for line in quote.lines)


@given(quotes, rules, st.data())
@settings(max_examples=500, deadline=None)
def test_a_higher_price_never_lowers_the_reste_a_charge(
    asked: QuoteInput, chosen: EquipmentRules, data: st.DataObject
) -> None:
    """Raising the price of one line, within its ceiling, never makes the holder pay less in total."""
    index = data.draw(st.integers(0, len(asked.lines) - 1))
    line = asked.lines[index]
    ceiling = line.plv or line.lpp.plv
    more = data.draw(st.integers(0, 20_000 if ceiling is None else ceiling - line.price))
    dearer = replace(line, price=line.price + more)
    raised = replace(asked, lines=(*asked.lines[:index], dearer, *asked.lines[index + 1 :]))
    before, after = price_quote(asked, TODAY, chosen).total, price_quote(raised, TODAY, chosen).total
    assert after.reste_a_charge >= before.reste_a_charge


@given(quotes, rules, st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_the_order_of_lines_changes_nothing(asked: QuoteInput, chosen: EquipmentRules, random: Any) -> None:
    """Each line keeps its shares to the cent wherever it is written."""
    order = list(range(len(asked.lines)))
    random.shuffle(order)
    shuffled = price_quote(replace(asked, lines=tuple(asked.lines[index] for index in order)), TODAY, chosen)
    straight = price_quote(asked, TODAY, chosen)
    assert shuffled.total == straight.total
    assert shuffled.lines == tuple(straight.lines[index] for index in order)


@given(quotes, rules)
@settings(max_examples=300, deadline=None)
def test_swapping_the_eyes_changes_no_total(asked: QuoteInput, chosen: EquipmentRules) -> None:
    """A pair costs the same to everyone whichever eye each lens is for."""
    other = {"right": "left", "left": "right", None: None}
    swapped = tuple(replace(line, eye=other[line.eye]) for line in asked.lines)  # type: ignore[arg-type]  # a map of eyes
    assert price_quote(replace(asked, lines=swapped), TODAY, chosen).total == price_quote(asked, TODAY, chosen).total


@given(quotes_of(st.one_of(responsables, st.just(Contract("c2s"))), equipments()), rules)
@settings(max_examples=300, deadline=None)
def test_class_a_glasses_leave_nothing_to_pay(asked: QuoteInput, chosen: EquipmentRules) -> None:
    """Under a contrat responsable or the C2S, class A frame and lenses leave a reste a charge of zero."""
    for line, source in zip(price_quote(asked, TODAY, chosen).lines, asked.lines, strict=True):
        if source.lpp.item_class == "A" and source.item in ("frame", "lens"):
            assert line.reste_a_charge == 0


@given(quotes_of(responsables, class_b_equipments))
@settings(max_examples=500, deadline=None)
def test_a_class_b_equipment_stays_within_the_law(asked: QuoteInput) -> None:
    """What is covered of a class B equipment reaches the floor if prices allow, and passes neither ceiling nor cap."""
    quote = price_quote(asked, TODAY)
    covered = {line.item: 0 for line in asked.lines}
    for line in quote.lines:
        covered[line.item] += line.amo + line.amc
    levels = [line.lpp.level for line in asked.lines if line.lpp.level is not None]
    law = bounds(levels[0], levels[-1])
    assert covered.get("frame", 0) <= FRAME_CAP
    assert sum(covered.values()) <= law.ceiling
    if len(asked.lines) == 3:
        payable = sum(min(line.price, FRAME_CAP) if line.item == "frame" else line.price for line in asked.lines)
        assert sum(covered.values()) >= min(law.ani_floor if asked.contract.ani else law.floor, payable)


@given(quotes)
@settings(max_examples=200, deadline=None)
def test_the_amo_share_depends_on_the_line_alone(asked: QuoteInput) -> None:
    """No contract, neighbour or bound changes what the AMO pays of a line."""
    together = price_quote(asked, TODAY)
    for line, source in zip(together.lines, asked.lines, strict=True):
        alone = price_quote(replace(asked, contract=Contract("none"), lines=(source,)), TODAY)
        assert alone.lines[0].amo == line.amo


@given(st.integers(0, 10_000_000), st.integers(0, 100))
@example(49, 1)
@example(50, 1)
@example(975, 90)
@example(1425, 90)
def test_share_is_half_up(base: int, rate: int) -> None:
    """A share is within half a cent of the exact one, a half going up."""
    twice_the_error = 2 * (share(Cents(base), rate) * 100 - base * rate)
    assert -100 < twice_the_error <= 100


@given(st.integers(0, 1_000), st.lists(st.integers(0, 300), max_size=5))
def test_spread_is_even_and_within_capacities(amount: int, capacities: list[int]) -> None:
    """Everything that fits is placed, no capacity is exceeded, and only a full one gets less, a cent aside."""
    room = [Cents(capacity) for capacity in capacities]
    taken = spread(Cents(amount), room)
    assert sum(taken) == min(amount, sum(capacities))
    assert all(0 <= part <= most for part, most in zip(taken, room, strict=True))
    assert all(part == most or part >= max(taken) - 1 for part, most in zip(taken, room, strict=True))
