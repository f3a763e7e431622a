"""A transparency log (section 16 of the contract's page) with two witnesses: checkpoints, proofs, and what is none.

Written from RFC 6962 and the formats of C2SP, with nothing of the product.
"""

import base64
import hashlib
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.vectors.contract.drawn_keys import Record, digest, drawn

LOG, WITNESS = 1, 4
COSIGNED_AT: Final = 1795348800


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


class Noted:
    """A key of a note, drawn from its name."""

    def __init__(self, name: str, kind: int) -> None:
        self.name, self.kind, self.seed = name, kind, drawn(name)
        self._key = Ed25519PrivateKey.from_private_bytes(self.seed)
        told = bytes([kind]) + self._key.public_key().public_bytes_raw()
        self.id = hashlib.sha256(name.encode() + b"\n" + told).digest()[:4]
        self.vkey = f"{name}+{self.id.hex()}+{_base64(told)}"

    def line(self, body: str) -> str:
        """The signature line over the body of a checkpoint."""
        if self.kind == LOG:
            return f"— {self.name} {_base64(self.id + self._key.sign(body.encode()))}\n"
        signature = self._key.sign(f"cosignature/v1\ntime {COSIGNED_AT}\n{body}".encode())
        return f"— {self.name} {_base64(self.id + COSIGNED_AT.to_bytes(8, 'big') + signature)}\n"

    def told(self) -> Record:
        """As the vectors show it."""
        return {"name": self.name, "vkey": self.vkey, "private_seed_hex": self.seed.hex()}


OWN, STRANGER = Noted("insurer.example/log", LOG), Noted("stranger.example", WITNESS)
WITNESSES: Final = [Noted(f"{name}.witness.example", WITNESS) for name in ("first", "second")]


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split(count: int) -> int:
    return 1 << (count - 1).bit_length() - 1


def _root(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    half = _split(len(leaves))
    return _node(_root(leaves[:half]), _root(leaves[half:]))


def _path(leaves: list[bytes], place: int) -> list[bytes]:
    if len(leaves) == 1:
        return []
    half = _split(len(leaves))
    if place < half:
        return [*_path(leaves[:half], place), _root(leaves[half:])]
    return [*_path(leaves[half:], place - half), _root(leaves[:half])]


def _continued(leaves: list[bytes], old: int, *, whole: bool = True) -> list[bytes]:
    """RFC 6962, 2.1.2: the path from the first `old` leaves to all of them."""
    if old == len(leaves):
        return [] if whole else [_root(leaves)]
    half = _split(len(leaves))
    if old <= half:
        return [*_continued(leaves[:half], old, whole=whole), _root(leaves[half:])]
    return [*_continued(leaves[half:], old - half, whole=False), _root(leaves[:half])]


def _body(leaves: list[bytes]) -> str:
    return f"{OWN.name}\n{len(leaves)}\n{_base64(_root(leaves))}\n"


def _checkpoint(leaves: list[bytes], *signers: Noted) -> str:
    return _note(_body(leaves), *signers)


def _note(body: str, *signers: Noted) -> str:
    return body + "\n" + "".join(signer.line(body) for signer in signers)


def _proof(leaves: list[bytes], place: int, checkpoint: str) -> str:
    steps = "".join(f"{_base64(step)}\n" for step in _path(leaves, place))
    return f"c2sp.org/tlog-proof@v1\nindex {place}\n{steps}\n{checkpoint}"


def log_of(first: list[str]) -> Record:
    """A log that begins with these envelope digests, the quorum being one of two witnesses."""
    entries = [*first, *(digest(f"entry {number}".encode()) for number in range(len(first), 7))]
    leaves = [hashlib.sha256(b"\x00" + bytes.fromhex(entry)).digest() for entry in entries]
    other = [*leaves[:4], *reversed(leaves[4:])]
    checkpoint = _checkpoint(leaves, OWN, *WITNESSES)
    return {
        "log": OWN.told(),
        "witnesses": [witness.told() for witness in WITNESSES],
        "quorum": 1,
        "entries": entries,
        "checkpoint": checkpoint,
        "proofs": [
            {"index": place, "entry": entry, "proof": _proof(leaves, place, checkpoint)}
            for place, entry in enumerate(entries)
        ],
        "consistency": [
            {
                "old": old,
                "root_hex": _root(leaves[:old]).hex(),
                "path": [step.hex() for step in _continued(leaves, old)],
            }
            for old in range(1, len(leaves) + 1)
        ],
        "tampered": _tampered(entries, leaves),
        "later": [
            {"name": "smaller", "code": "log_shrunk", "checkpoint": _checkpoint(leaves[:5], OWN, *WITNESSES)},
            {
                "name": "another tree of this size",
                "code": "log_forked",
                "checkpoint": _checkpoint(other, OWN, *WITNESSES),
            },
        ],
        "tiles": {
            "tile/0/000.p/7": b"".join(leaves).hex(),
            "tile/entries/000.p/7": b"".join(b"\x00\x20" + bytes.fromhex(entry) for entry in entries).hex(),
        },
    }


def _tampered(entries: list[str], leaves: list[bytes]) -> list[Record]:
    """Proofs of the entry at 2 that do not count, each with its code."""
    body, signed = _body(leaves), _checkpoint(leaves, OWN, *WITNESSES)
    right = _proof(leaves, 2, signed)
    head, steps, rest = right.partition("\n\n")
    lines = head.split("\n")
    swapped = "\n".join([*lines[:2], lines[3], lines[2], *lines[4:]]) + steps + rest
    late = WITNESSES[0].line(body).replace(_base64(WITNESSES[0].id)[:4], _base64(b"\x00" * 4)[:4])
    cases = [
        ("no witness", "witnesses_missing", _proof(leaves, 2, _checkpoint(leaves, OWN))),
        ("no signature of the log", "proof_invalid", _proof(leaves, 2, _note(body, *WITNESSES))),
        ("a witness that the profile does not name", "proof_invalid", right + STRANGER.line(body)),
        ("a witness twice", "proof_invalid", right + WITNESSES[0].line(body)),
        ("a line with another key id", "proof_invalid", _proof(leaves, 2, _checkpoint(leaves, OWN) + late)),
        ("another place", "proof_invalid", right.replace("index 2\n", "index 3\n")),
        ("a place with a leading zero", "proof_invalid", right.replace("index 2\n", "index 02\n")),
        ("two steps in another order", "proof_invalid", swapped),
        ("a step left out", "proof_invalid", "\n".join([*lines[:2], *lines[3:]]) + steps + rest),
        ("a step too many", "proof_invalid", head + "\n" + _base64(leaves[0]) + steps + rest),
        ("an extra line", "proof_invalid", right.replace("index 2\n", "extra AAAA\nindex 2\n")),
        ("another size", "proof_invalid", right.replace("\n7\n", "\n8\n")),
        ("another origin", "proof_invalid", right.replace(f"\n\n{OWN.name}\n", "\n\nother.example/log\n")),
        ("an extension line", "proof_invalid", _proof(leaves, 2, _note(f"{body}more\n", OWN, *WITNESSES))),
        ("no line end", "proof_invalid", right[:-1]),
    ]
    return [{"name": name, "code": code, "entry": entries[2], "proof": proof} for name, code, proof in cases]
