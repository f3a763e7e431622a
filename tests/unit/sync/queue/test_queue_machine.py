"""A whole life of the queue against a model: registered, corrected, sent, postponed, settled, restarted, half lost."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sync.crypto import SigningKey
from tests.unit.sync.queue.conftest import Desk
from tests.unit.sync.queue.envelopes import INSURER, LATER, NOW, OTHER_INSURER, claim_id, entry

INSURERS = (INSURER, OTHER_INSURER)
SIGNER = SigningKey.generate()


class QueueMachine(RuleBasedStateMachine):
    """The model is a dictionary of states and the packages that left; the queue must agree after every step."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="queue-"))
        self.desk = Desk(self.folder, SIGNER).open()
        self.model: dict[str, str] = {}
        self.left: dict[str, bytes] = {}
        self.numbers: dict[str, int] = dict.fromkeys(INSURERS, 0)
        self.last = 0

    def chosen(self, data: st.DataObject, *states: str) -> str:
        """A claim in one of these states."""
        return data.draw(st.sampled_from([one for one, state in self.model.items() if state in states]))

    def any_in(self, *states: str) -> bool:
        """Whether there is one."""
        return any(state in states for state in self.model.values())

    @rule()
    def register(self) -> None:
        """A claim for one of the insurers, by turns."""
        self.last += 1
        self.desk.outbox.enqueue(entry(self.last, INSURERS[self.last % 2]))
        self.model[claim_id(self.last)] = "queued"

    @precondition(lambda self: self.any_in("queued"))
    @rule(data=st.data())
    def correct(self, data: st.DataObject) -> None:
        """A new claim in the place of one that waits."""
        old = self.chosen(data, "queued")
        self.last += 1
        self.desk.outbox.replace(old, entry(self.last, INSURERS[self.last % 2]), SIGNER)
        self.model |= {old: "superseded", claim_id(self.last): "queued"}

    @precondition(lambda self: self.any_in("queued", "blocked"))
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        """A claim that did not leave."""
        old = self.chosen(data, "queued", "blocked")
        if old not in self.left:
            self.desk.outbox.void(old, "cancelled", SIGNER, NOW)
            self.model[old] = "cancelled"

    @rule(insurer=st.sampled_from(INSURERS), limit=st.integers(1, 3))
    def leave(self, insurer: str, limit: int) -> None:
        """What is due leaves: new claims get the next numbers, the others their own bytes."""
        due = [row.claim_id for row in self.desk.outbox.due(insurer, LATER, limit)]
        for one, package in zip(due, self.desk.outbox.dispatch(insurer, due, SIGNER, LATER), strict=True):
            assert self.left.setdefault(one, package) == package
            if self.model[one] == "queued":
                self.numbers[insurer] += 1
                assert self.desk.outbox.get(one).seq == self.numbers[insurer]
            self.model[one] = "sending"

    @precondition(lambda self: self.any_in("sending"))
    @rule(data=st.data(), answer=st.sampled_from(["acknowledged", "rejected", "blocked", "sending"]))
    def answer(self, data: st.DataObject, answer: str) -> None:
        """The insurer signs, refuses, puzzles, or does not answer."""
        one, outbox = self.chosen(data, "sending"), self.desk.outbox
        if answer == "acknowledged":
            outbox.settle(one, "receipt.of.insurer", LATER)
        elif answer == "rejected":
            outbox.refuse(one, "envelope_invalid", "refusal.of.insurer")
        elif answer == "blocked":
            outbox.block(one, "fork", NOW)
        else:
            outbox.postpone([one], LATER, "insurer_unreachable")
        self.model[one] = answer

    @precondition(lambda self: self.any_in("blocked"))
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        """A person decides that it may go on."""
        one = self.chosen(data, "blocked")
        self.desk.outbox.release(one, LATER)
        self.model[one] = "sending" if one in self.left else "queued"

    @rule()
    def restart(self) -> None:
        """Nothing is put right, because nothing was wrong."""
        assert self.desk.reopen().reconcile().recovered == ()

    @rule()
    def lose_counterfoil(self) -> None:
        """It is written again from the store."""
        self.desk.lose_counterfoil().reconcile()

    @rule()
    def lose_store(self) -> None:
        """What left is sent again; what waited asks for a person; what was withdrawn stays away."""
        self.desk.lose_store().reconcile()
        gone = [one for one, state in self.model.items() if state in ("cancelled", "superseded")]
        for one in gone:
            del self.model[one]
        self.model = {one: "sending" if one in self.left else "blocked" for one in self.model}

    @invariant()
    def agrees(self) -> None:
        """States and packages are the model's, and the checks find nothing."""
        rows = self.desk.outbox.rows()
        assert {row.claim_id: row.state for row in rows} == self.model
        assert {row.claim_id: row.package for row in rows if row.package} == {
            one: package for one, package in self.left.items() if one in self.model
        }
        assert all(line.ok for line in self.desk.outbox.check(SIGNER.public))

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.desk.close()
        shutil.rmtree(self.folder)


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.settings = settings(
    max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
