"""Queue, engine and insurers as one machine: the promises hold after each step, and planted faults show.

10,000 steps by default; COMPTOIR_STEPS for another number, COMPTOIR_SEED for another beginning.
"""

import os
import sys
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.faults.line.machine import AMCS, LineMachine
from tests.faults.line.planted import FAULTS, planted

SEED = int(os.environ.get("COMPTOIR_SEED", "20261122"))
STEPS = int(os.environ.get("COMPTOIR_STEPS", "10000"))
LONG, FIND = 100, 100
"""Steps of one run of the machine; runs that a planted fault has to show in."""
PARTS = 5
"""The steps are taken in so many tests, that none may take minutes on a busy machine."""
CHECKS = list(HealthCheck)


def runs(count: int, steps: int, *phases: Phase) -> settings:
    """So many runs of so many steps, none remembered from another day."""
    return settings(
        max_examples=count,
        stateful_step_count=steps,
        phases=phases,
        database=None,
        deadline=None,
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=CHECKS,
    )


@pytest.mark.parametrize("part", range(PARTS))
def test_the_promises_hold_after_every_step(capsys: pytest.CaptureFixture[str], part: int) -> None:
    """Whatever line, insurers, clock and kills do: P1 to P5 after each step, and in the end everything arrives."""
    before, first = LineMachine.steps, SEED + 1000 * part
    last = first
    while LineMachine.steps - before < STEPS / PARTS:
        machine = seed(last)(LineMachine)
        run_state_machine_as_test(machine, settings=runs(5, LONG, Phase.generate, Phase.shrink))
        last += 1
    with capsys.disabled():
        sys.stdout.write(f"\nsync machine: {LineMachine.steps - before} steps, seeds {first} to {last - 1}\n")
    assert LineMachine.steps - before >= STEPS / PARTS


def test_a_number_of_a_refused_claim_is_not_given_again() -> None:
    """Refused, then a state that lies, then a settlement: the next claim leaves with the next number."""
    machine = LineMachine()
    machine.drain(dies=0, modes=("refuses", "honest"), wait=0)
    machine.register(grace=timedelta(0), insurer=AMCS[0], ticks=[1])
    machine.listen(count=0, dies=1, insurer=AMCS[0], mode="honest")
    machine.drain(dies=0, modes=("state_ahead", "honest"), wait=0)
    machine.promises()
    machine.teardown()


@pytest.mark.parametrize("fault", FAULTS)
def test_each_planted_fault_is_found(fault: str) -> None:
    """The same machine over a sync with one fault breaks a promise, by an assertion of its own."""
    with planted(fault), pytest.raises(AssertionError):
        run_state_machine_as_test(seed(SEED)(LineMachine), settings=runs(FIND, LONG // 3, Phase.generate))
