"""A signed log in memory: its key, witnesses, and proofs from it."""

from dataclasses import dataclass, field

from sync.crypto.tlog import Checkpoint, NoteSigner, Policy, Proof, Quorum
from sync.crypto.tlog.notes import LOG_KEY, WITNESS_KEY
from tests.unit.sync.crypto.tlog.grown import MemoryLog, log_of

LOG_NAME = "insurer.example/99999997/log"
AT = 1_795_300_000


def witness(number: int) -> NoteSigner:
    """The witness with this number, always the same key."""
    return NoteSigner(f"witness.example/w{number}", WITNESS_KEY, bytes((number,)) * 32)


@dataclass
class SignedLog:
    """A log of the vectors' entries and who signs for it."""

    log: MemoryLog = field(default_factory=lambda: log_of(300))
    signer: NoteSigner = field(default_factory=lambda: NoteSigner(LOG_NAME, LOG_KEY, b"\x11" * 32))
    witnesses: tuple[NoteSigner, ...] = (witness(1), witness(2))

    def checkpoint(self, size: int | None = None) -> str:
        """The signed note of the first `size` entries, cosigned by all witnesses."""
        tree = self.log.tree(size)
        text = Checkpoint(self.signer.public.name, tree.size, tree.root()).text
        lines = (self.signer.line(text), *(one.line(text, AT) for one in self.witnesses))
        return f"{text}\n{''.join(lines)}"

    def proof(self, index: int, size: int | None = None) -> str:
        """The proof of one entry."""
        return Proof(index, self.log.tree(size).inclusion(index), self.checkpoint(size)).text

    def policy(self, needed: int, *also: Quorum) -> Policy:
        """So many of these witnesses."""
        return Policy(self.signer.public, (Quorum(tuple(one.public for one in self.witnesses), needed), *also))
