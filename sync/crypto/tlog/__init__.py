"""A transparency log: Merkle tree (RFC 6962), tiles, signed notes, checkpoints and proofs (C2SP).

Rules: SHA-256 only; every text has one spelling and any other is refused, so a flipped bit never reads as the same
thing; nothing here knows files, clocks or the network. Sources: RFC 6962 §2.1, RFC 9162 §2.1.3 and §2.1.4,
c2sp.org/signed-note, tlog-checkpoint, tlog-cosignature, tlog-tiles, tlog-proof.
"""

from sync.crypto.tlog.checkpoint import Checkpoint, checkpoint_in
from sync.crypto.tlog.merkle import EMPTY_ROOT, leaf_hash, verify_consistency, verify_inclusion
from sync.crypto.tlog.notes import Note, NoteKey, NoteSigner, read_note
from sync.crypto.tlog.proof import Policy, Proof, Quorum, read_proof, verify_logged, verify_proof, verify_quorums
from sync.crypto.tlog.tiles import Tile, entries_in, grow, read_tile_path
from sync.crypto.tlog.tree import Tree

__all__ = [
    "EMPTY_ROOT",
    "Checkpoint",
    "Note",
    "NoteKey",
    "NoteSigner",
    "Policy",
    "Proof",
    "Quorum",
    "Tile",
    "Tree",
    "checkpoint_in",
    "entries_in",
    "grow",
    "leaf_hash",
    "read_note",
    "read_proof",
    "read_tile_path",
    "verify_consistency",
    "verify_inclusion",
    "verify_logged",
    "verify_proof",
    "verify_quorums",
]
