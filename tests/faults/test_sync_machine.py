"""Queue, engine and insurers as one machine: the promises hold after each step, and planted faults show.

10,000 steps by default; COMPTOIR_STEPS for another number, COMPTOIR_SEED for another beginning.
"""

import os
import sys

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.faults.line.machine import LineMachine
from tests.faults.line.planted import FAULTS, planted

SEED = int(os.environ.get("COMPTOIR_SEED", "20261122"))
STEPS = int(os.environ.get("COMPTOIR_STEPS", "10000"))
LONG, FIND = 100, 100
"""Steps of one run of the machine; runs that a planted fault has to show in."""
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


def test_the_promises_hold_after_every_step(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever line, insurers, clock and kills do: P1 to P5 after each step, and in the end everything arrives."""
    before, round_ = LineMachine.steps, 0
    while LineMachine.steps - before < STEPS:
        machine = seed(SEED + round_)(LineMachine)
        run_state_machine_as_test(machine, settings=runs(20, LONG, Phase.generate, Phase.shrink))
        round_ += 1
    with capsys.disabled():
        sys.stdout.write(f"\nsync machine: {LineMachine.steps - before} steps, seeds {SEED} to {SEED + round_ - 1}\n")
    assert LineMachine.steps - before >= STEPS


@pytest.mark.parametrize("fault", FAULTS)
def test_each_planted_fault_is_found(fault: str) -> None:
    """The same machine over a sync with one fault breaks a promise, by an assertion of its own."""
    with planted(fault), pytest.raises(AssertionError):
        run_state_machine_as_test(seed(SEED)(LineMachine), settings=runs(FIND, LONG // 3, Phase.generate))
