"""Plain random quotes for sweeps: faster than a search, so that the laws are seen over many thousand of them.

Rules: everything comes from the seeded generator; one in three prices lies on or beside an edge of the law.
"""

from datetime import date
from random import Random

from terminal.catalogue import load_catalogue
from terminal.domain.identifiers import LppCode
from terminal.domain.lines import Eye, LineInput, QuoteInput
from terminal.domain.lpp import LppItem
from terminal.domain.rights import AMO_RATES, LEVELS, Contract, Grid

SERVICE, BORN = date(2024, 5, 14), date(1984, 5, 17)
EDGES = (0, 1, 4, 5, 6, 899, 900, 901, 4_999, 5_000, 9_999, 10_000, 10_001, 12_500, 15_000, 20_000, 42_000, 80_001)
REASON = "tariff of the shop"
CATALOGUE = load_catalogue()


def _item(code: str) -> LppItem:
    return CATALOGUE.item(LppCode.parse(code))


FRAMES = {"A": _item("2222124"), "B": _item("2264861")}
LENSES = {kind: [lens for lens in CATALOGUE.lenses() if lens.item_class == kind] for kind in "AB"}
CONTACT, PRISM = _item("2251545"), _item("2247905")


def quote(random: Random, contract: Contract | None = None, classes: str = "AB") -> QuoteInput:
    """One equipment of these classes in any order, under any contract unless one is given."""
    lines = [frame(random, classes), lens(random, "right", classes), lens(random, "left", classes)]
    chosen = random.sample(lines, random.randint(1, 3))
    if classes == "AB" and random.random() < 0.2:
        chosen.append(other(random))
    return QuoteInput(SERVICE, BORN, random.choice(AMO_RATES), contract or any_contract(random), tuple(chosen))


def any_contract(random: Random) -> Contract:
    """None, ticket moderateur, C2S, or a contrat responsable at real cost or with a grid, collective or not."""
    kind = random.randrange(6)
    if kind < 3:
        return Contract(("none", "ticket_moderateur", "c2s")[kind])
    return responsable(random, real_cost=kind == 3)


def responsable(random: Random, *, real_cost: bool = False) -> Contract:
    """A contrat responsable, one in two with the floors of a collective one."""
    ani = random.random() < 0.5
    if real_cost:
        return Contract("responsable", real_cost=True, ani=ani)
    guarantees = {level: price(random, 50_000) for level in LEVELS}
    return Contract("responsable", Grid(price(random, 20_000), guarantees), ani=ani)


def price(random: Random, most: int) -> int:
    """A price up to `most`, one in three at an edge."""
    if random.random() < 1 / 3:
        return min(most, random.choice(EDGES))
    return random.randint(0, most)


def frame(random: Random, classes: str = "AB") -> LineInput:
    """A frame at a lawful price."""
    kind = random.choice(classes)
    return LineInput("frame", None, FRAMES[kind], price(random, 3_000 if kind == "A" else 60_000))


def lens(random: Random, eye: Eye, classes: str = "AB") -> LineInput:
    """Any of the 182 lenses; a class A one with its ceiling typed."""
    kind = random.choice(classes)
    item = random.choice(LENSES[kind])
    if kind == "B":
        return LineInput("lens", eye, item, price(random, 60_000))
    plv = item.plv or random.randint(1, 30_000)
    typed = {} if item.plv else {"plv": plv, "plv_reason": REASON}
    return LineInput("lens", eye, item, price(random, plv), **typed)  # type: ignore[arg-type]  # typed by the shop


def other(random: Random) -> LineInput:
    """Contact lenses or a prism, one or two."""
    item = random.choice([CONTACT, PRISM])
    return LineInput(item.item, None, item, price(random, 30_000), random.randint(1, 2))
