"""The laws of pricing over a hundred thousand plain random quotes; the seed is printed with a failure.

Rules: `COMPTOIR_SWEEP_SEED` gives other quotes; without it every run sees the same, a fifth of them unless the whole is
asked for.
The searches of test_pricing_laws find edges; these sweeps give the volume. Cases count quotes that were priced.
"""

import os
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from random import Random

from terminal.domain.lines import QuoteInput
from terminal.domain.lpp import LensType, select_lens
from terminal.domain.prescription import Correction
from terminal.domain.pricing import EquipmentRules, price_quote
from tests.unit.terminal.domain import random_quotes
from tests.volume import volume

SEED = int(os.environ.get("COMPTOIR_SWEEP_SEED", "20261122"))
WHOLE_SWEEP = {"shares": 40_000, "monotone": 20_000, "order": 15_000, "notations": 25_000, "class_a": 12_000}
SHARES, MONOTONE, ORDER, NOTATIONS, CLASS_A = (volume(cases // 5, cases) for cases in WHOLE_SWEEP.values())
RULES = (EquipmentRules(), EquipmentRules(mixed_ceiling=True))


def quotes(count: int, law: str) -> Iterator[tuple[QuoteInput, EquipmentRules, Random]]:
    """Quotes of this law's own series, with the rules and the generator."""
    print(f"COMPTOIR_SWEEP_SEED={SEED}")  # noqa: T201 - pytest shows it with a failure
    random = Random(f"{SEED}-{law}")
    for _ in range(count):
        yield random_quotes.quote(random), random.choice(RULES), random


def test_the_sweeps_are_a_hundred_thousand_cases() -> None:
    """The volume that the laws are promised over."""
    assert sum(WHOLE_SWEEP.values()) >= 100_000


def test_shares_add_up_over_a_sweep() -> None:
    """The price is AMO + AMC + reste a charge on each line and in total, and none is negative."""
    for asked, rules, _ in quotes(SHARES, "shares"):
        quote = price_quote(asked, random_quotes.SERVICE, rules)
        for line in quote.lines:
            assert line.price == line.amo + line.amc + line.reste_a_charge
            assert min(line.amo, line.amc, line.reste_a_charge) >= 0
        total = quote.total
        assert total.price == total.amo + total.amc + total.reste_a_charge == sum(line.price for line in asked.lines)


def test_a_higher_price_never_lowers_the_reste_a_charge_over_a_sweep() -> None:
    """Raising one price, within its ceiling, never makes the holder pay less in total."""
    for asked, rules, random in quotes(MONOTONE, "monotone"):
        index = random.randrange(len(asked.lines))
        line = asked.lines[index]
        ceiling = line.plv or line.lpp.plv
        most = 20_000 if ceiling is None else max(0, ceiling * line.quantity - line.price)
        dearer = replace(line, price=line.price + random_quotes.price(random, most))
        raised = replace(asked, lines=(*asked.lines[:index], dearer, *asked.lines[index + 1 :]))
        before, after = (price_quote(one, random_quotes.SERVICE, rules).total for one in (asked, raised))
        assert after.reste_a_charge >= before.reste_a_charge, (asked, index)


def test_the_order_of_a_pair_changes_no_total_over_a_sweep() -> None:
    """The lines in any order, and the eyes exchanged, cost the same to everyone."""
    other = {"right": "left", "left": "right", None: None}
    for asked, rules, random in quotes(ORDER, "order"):
        total = price_quote(asked, random_quotes.SERVICE, rules).total
        shuffled = tuple(random.sample(asked.lines, len(asked.lines)))
        swapped = tuple(replace(line, eye=other[line.eye]) for line in shuffled)  # type: ignore[arg-type]  # a map of eyes
        assert price_quote(replace(asked, lines=shuffled), random_quotes.SERVICE, rules).total == total
        assert price_quote(replace(asked, lines=swapped), random_quotes.SERVICE, rules).total == total


def test_class_a_leaves_nothing_to_pay_over_a_sweep() -> None:
    """Class A frame and lenses under a contrat responsable, at any lawful price: a reste a charge of zero."""
    random = Random(f"{SEED}-class-a")
    for _ in range(CLASS_A):
        contract = random_quotes.responsable(random, real_cost=random.random() < 0.5)
        quote = price_quote(random_quotes.quote(random, contract, "A"), random_quotes.SERVICE, random.choice(RULES))
        assert quote.total.reste_a_charge == 0


def test_both_notations_give_one_code_over_a_sweep() -> None:
    """Sphere and cylinder, or their transposition, name the same lens, within 20 D and a cylinder of 8 D."""
    random = Random(f"{SEED}-notations")
    kinds: tuple[LensType, ...] = ("unifocal", "multifocal", "progressive")
    tables = {
        (kind, of): [lens for lens in random_quotes.LENSES[of] if lens.lens_type == kind]
        for kind in kinds
        for of in "AB"
    }
    for _ in range(NOTATIONS):
        (kind, item_class), lenses = random.choice(list(tables.items()))
        sphere, cylinder = 25 * random.randint(-80, 80), 25 * random.randint(-32, 32)
        one = select_lens(lenses, kind, item_class, Correction(sphere, cylinder))  # type: ignore[arg-type]  # A or B
        other = select_lens(lenses, kind, item_class, Correction(sphere + cylinder, -cylinder))  # type: ignore[arg-type]  # A or B
        assert one is other


def test_many_quotes_need_no_more_memory_than_ten() -> None:
    """Nothing is kept from one quote to the next: the peak of thousands is that of ten, small change aside."""

    def peak(count: int) -> int:
        tracemalloc.start()
        for asked, rules, _ in quotes(count, "memory"):
            price_quote(asked, random_quotes.SERVICE, rules)
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak(10)
    few, many = peak(10), peak(volume(2_000, 10_000))
    assert many <= few + 64 * 1024
