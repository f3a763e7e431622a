"""The power goes at any moment of a day at the real counter: every promise made by then holds at the next start.

Needs strace, which watches the recorded process and is installed by `make setup`.
"""

import shutil
import sys

import pytest

from tests.faults.power.medium import number_of_states
from tests.faults.power.planted import FAULTS
from tests.faults.power.recording import Recording
from tests.faults.power.run import SEED, Prepared, first_broken, judge, prepare, record

CLAIMS, SHUFFLES, STATES = 19, 5, 20_000
FEW_CLAIMS, FEW_SHUFFLES = 5, 2

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """A terminal before its day."""
    return prepare(tmp_path_factory.mktemp("prepared"))


@pytest.fixture(scope="module")
def recordings(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """One unharmed day, and a shorter one for each fault."""
    days = [("", CLAIMS), *((fault, FEW_CLAIMS) for fault in FAULTS)]
    recorded = record(prepared, tmp_path_factory.mktemp("recorded"), days)
    return dict(zip(("", *FAULTS), recorded, strict=True))


@pytest.mark.parametrize("twelfth", range(12))
def test_no_power_cut_breaks_a_promise(
    prepared: Prepared, recordings: dict[str, Recording], twelfth: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every state after a twelfth of the day's writes, dropped, torn and shuffled ones included: P1 to P4 hold."""
    operations = recordings[""].operations
    part = range(len(operations) * twelfth // 12, len(operations) * (twelfth + 1) // 12)
    verdict = judge(recordings[""], prepared, shuffles=SHUFFLES, part=part)
    with capsys.disabled():
        sys.stdout.write(f"\npower cuts in part {twelfth + 1} of 12: {verdict}; seed {SEED}\n")
    assert verdict.examples == []
    assert verdict.states == sum(number_of_states(operations[place], SHUFFLES) for place in part)


def test_the_day_has_as_many_states_as_promised(recordings: dict[str, Recording]) -> None:
    """The twelve parts above together are at least 20,000 states."""
    assert sum(number_of_states(operation, SHUFFLES) for operation in recordings[""].operations) >= STATES


@pytest.mark.parametrize("fault", FAULTS)
def test_each_planted_fault_is_caught(prepared: Prepared, recordings: dict[str, Recording], fault: str) -> None:
    """The same judge on a day with one fault planted: it finds a broken promise."""
    verdict = first_broken(recordings[fault], prepared, shuffles=FEW_SHUFFLES)
    assert verdict.broken, f"not found in {verdict.states} states: the test above would not see it either"
