"""Proofs that travel (c2sp.org/tlog-proof@v1): index, inclusion path and signed checkpoint in one text.

Rules: a proof holds when the log signed the checkpoint, the path leads from the entry to its root, enough witnesses
cosigned, and *every* signature line is of a key the policy names: the specification lets a reader skip unknown lines,
here they are refused, so that no bit of a proof can change unseen. For the same reason there is no `extra` line, and
no extension line in the checkpoint.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sync.crypto.tlog.checkpoint import Checkpoint, checkpoint_in, number_in
from sync.crypto.tlog.merkle import leaf_hash, verify_inclusion
from sync.crypto.tlog.notes import LOG_KEY, WITNESS_KEY, Note, NoteKey, from_base64, read_note, to_base64
from sync.errors import ContractError, ProofInvalid, SignatureInvalid, WitnessesMissing

_HEAD: Final = "c2sp.org/tlog-proof@v1\n"
_INDEX: Final = re.compile(r"index ([0-9]+)")
MAX_PATH: Final = 63


@dataclass(frozen=True)
class Quorum:
    """At least `needed` of these witnesses must have cosigned."""

    witnesses: tuple[NoteKey, ...] = ()
    needed: int = 0


@dataclass(frozen=True)
class Policy:
    """Whose signatures count: the log's key, and witnesses by one or more quorums that must all be reached."""

    log: NoteKey
    quorums: tuple[Quorum, ...] = ()

    def __post_init__(self) -> None:
        wrong = [key for quorum in self.quorums for key in quorum.witnesses if key.kind != WITNESS_KEY]
        if self.log.kind != LOG_KEY or wrong:
            raise ContractError("a log and a witness sign with keys of two kinds")

    def require(self, cosigned: frozenset[NoteKey]) -> None:
        """Return when these witnesses reach every quorum; else WitnessesMissing."""
        for quorum in self.quorums:
            found = len(cosigned.intersection(quorum.witnesses))
            if found < quorum.needed:
                raise WitnessesMissing("fewer witnesses than the policy wants", found=found, needed=quorum.needed)


@dataclass(frozen=True)
class Proof:
    """The entry at `index` is in the tree of the signed note `checkpoint`, by way of `path`."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: str

    @property
    def text(self) -> str:
        """The proof as it travels and is kept."""
        return (
            f"{_HEAD}index {self.index}\n"
            + "".join(f"{to_base64(step)}\n" for step in self.path)
            + f"\n{self.checkpoint}"
        )


def read_proof(text: str) -> Proof:
    """The parts of a proof, nothing verified; ContractError when it is none."""
    head, blank, checkpoint = text.removeprefix(_HEAD).partition("\n\n")
    index, *path = head.split("\n")
    numbered = _INDEX.fullmatch(index)
    if not text.startswith(_HEAD) or not blank or numbered is None or len(path) > MAX_PATH:
        raise ContractError("not a proof")
    return Proof(number_in(numbered[1]), tuple(from_base64(step) for step in path), checkpoint)


def verify_proof(entry: bytes, text: str, policy: Policy) -> Checkpoint:
    """The checkpoint that a proof (text) shows to hold `entry`, cosigned as the policy wants.

    ProofInvalid as `verify_logged`. WitnessesMissing: all is right as far as it goes, but too few witnesses cosigned.
    """
    checkpoint, cosigned = verify_logged(entry, text, policy)
    policy.require(cosigned)
    return checkpoint


def verify_logged(entry: bytes, text: str, policy: Policy) -> tuple[Checkpoint, frozenset[NoteKey]]:
    """The checkpoint that a proof (text) shows to hold `entry`, signed by the log, and who cosigned it.

    ProofInvalid: a part is not of its form, does not verify, or is signed by a key the policy does not name.
    """
    try:
        proof = read_proof(text)
        checkpoint, cosigned = _opened(proof.checkpoint, policy)
        verify_inclusion(leaf_hash(entry), proof.index, checkpoint.size, checkpoint.root, proof.path)
    except (ContractError, SignatureInvalid) as error:
        raise ProofInvalid(str(error)) from error
    return checkpoint, cosigned


def verify_quorums(checkpoint: str, policy: Policy) -> None:
    """Return when a signed checkpoint is cosigned as the policy wants; else WitnessesMissing, SignatureInvalid."""
    policy.require(_opened(checkpoint, policy)[1])


@lru_cache(maxsize=16)
def _opened(signed: str, policy: Policy) -> tuple[Checkpoint, frozenset[NoteKey]]:
    """A checkpoint and who cosigned it; the proofs of a batch share one, and its signatures are verified once."""
    note = read_note(signed)
    checkpoint = checkpoint_in(note.text)
    if checkpoint.origin != policy.log.name:
        raise SignatureInvalid("the checkpoint is another log's")
    if checkpoint.extensions:
        raise SignatureInvalid("the checkpoint says more than origin, size and root")
    return checkpoint, _signers(note, policy)


def _signers(note: Note, policy: Policy) -> frozenset[NoteKey]:
    """The witnesses that cosigned, the log having signed and nobody else; every line verifies."""
    known = dict.fromkeys((policy.log, *(key for quorum in policy.quorums for key in quorum.witnesses)))
    signers = frozenset(key for key in known if note.signed_by(key))
    if policy.log not in signers or len(signers) != len(note.signatures):
        raise SignatureInvalid("the checkpoint is not signed by the log, or by a key that is not of the policy")
    return signers - {policy.log}
