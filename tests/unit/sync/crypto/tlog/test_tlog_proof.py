"""A proof holds wholly or not at all: forms, signers, quorums, and every single bit."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.crypto.tlog import (
    EMPTY_ROOT,
    NoteKey,
    NoteSigner,
    Policy,
    Quorum,
    checkpoint_in,
    leaf_hash,
    read_note,
    read_proof,
    verify_consistency,
    verify_inclusion,
    verify_proof,
)
from sync.crypto.tlog.notes import WITNESS_KEY
from sync.errors import ContractError, KeyInvalid, ProofInvalid, SignatureInvalid, WitnessesMissing
from tests.unit.sync.crypto.tlog.grown import MemoryLog, entry, log_of
from tests.unit.sync.crypto.tlog.signed import AT, LOG_NAME, SignedLog, witness


@pytest.fixture(scope="module")
def signed() -> SignedLog:
    """A log of 300 entries, two witnesses."""
    return SignedLog()


@pytest.fixture(scope="module")
def log() -> MemoryLog:
    """A log of 600 entries."""
    return log_of(600)


def flipped(text: str) -> Iterator[str]:
    """Every text that differs by one bit; those that are no UTF-8 any more cannot even arrive."""
    data = text.encode()
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            yield changed.decode()
        except UnicodeDecodeError:
            continue


def test_a_proof_holds(signed: SignedLog) -> None:
    """Log, path and two witnesses agree; the checkpoint comes back, and the text has one spelling."""
    text = signed.proof(299)
    found = verify_proof(entry(299), text, signed.policy(2))
    assert (found.origin, found.size, found.root) == (LOG_NAME, 300, signed.log.tree().root())
    assert read_proof(text).text == text


def test_every_flipped_bit_is_refused(signed: SignedLog) -> None:
    """No single bit of a proof (path, checkpoint, signature, cosignatures) changes unseen.

    Not even where fewer witnesses would do.
    """
    text, policy = signed.proof(7), signed.policy(1)
    verify_proof(entry(7), text, policy)
    tried, accepted = 0, []
    for changed in flipped(text):
        tried += 1
        try:
            verify_proof(entry(7), changed, policy)
        except ProofInvalid:
            continue
        accepted.append(changed)
    assert accepted == []
    assert tried > 6_000


def test_every_flipped_bit_of_the_entry_is_refused(signed: SignedLog) -> None:
    """A proof is about one envelope's digest."""
    text, policy = signed.proof(7), signed.policy(1)
    for bit in range(256):
        other = (int.from_bytes(entry(7), "big") ^ (1 << bit)).to_bytes(32, "big")
        with pytest.raises(ProofInvalid):
            verify_proof(other, text, policy)


def test_too_few_witnesses_are_named_as_such(signed: SignedLog) -> None:
    """What holds without enough witnesses is not called false: it may be completed later."""
    alone = SignedLog(signed.log, witnesses=(witness(1),))
    with pytest.raises(WitnessesMissing) as raised:
        verify_proof(entry(7), alone.proof(7), signed.policy(2))
    assert raised.value.facts == {"found": 1, "needed": 2}
    verify_proof(entry(7), alone.proof(7), signed.policy(1))


def test_every_quorum_must_be_reached(signed: SignedLog) -> None:
    """A shop's own choice of witnesses counts beside the insurer's."""
    first, third = witness(1).public, witness(3).public
    verify_proof(entry(7), signed.proof(7), signed.policy(2, Quorum((first, third), 1)))
    with pytest.raises(WitnessesMissing):
        verify_proof(entry(7), signed.proof(7), signed.policy(2, Quorum((first, third), 2)))


def test_a_line_of_an_unknown_key_is_refused(signed: SignedLog) -> None:
    """Lines nobody vouches for are no place to hide in."""
    crowd = SignedLog(signed.log, witnesses=(*signed.witnesses, witness(3)))
    with pytest.raises(ProofInvalid):
        verify_proof(entry(7), crowd.proof(7), signed.policy(1))


def test_a_repeated_line_is_refused(signed: SignedLog) -> None:
    """A witness counts once."""
    text = signed.proof(7)
    with pytest.raises(ProofInvalid):
        verify_proof(entry(7), text + text.splitlines(keepends=True)[-1], signed.policy(1))


def test_a_witness_may_cosign_again(signed: SignedLog) -> None:
    """The time is part of what a witness signs: another time is another signature, and none is refused."""
    text = checkpoint_in(read_note(signed.checkpoint()).text).text
    line = witness(1).line(text, AT + 60)
    assert line != witness(1).line(text, AT)
    assert read_note(f"{text}\n{line}").signed_by(witness(1).public)
    timeless = witness(1).line(text, 0)
    with pytest.raises(SignatureInvalid):
        read_note(f"{text}\n{timeless}").signed_by(witness(1).public)


def test_another_log_is_refused(signed: SignedLog) -> None:
    """A key speaks for the log whose name it has, and a log's key is no witness's."""
    other = NoteSigner("insurer.example/99999989/log", 1, b"\x11" * 32)
    with pytest.raises(ProofInvalid):
        verify_proof(entry(7), signed.proof(7), Policy(other.public))
    with pytest.raises(ContractError):
        Policy(signed.signer.public, (Quorum((other.public,), 1),))


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        witness(1).public.vkey + "=",
        witness(1).public.vkey.replace("w1", "w2"),
        witness(1).public.vkey.replace("witness", "wit ness"),
        NoteKey("name", 2, bytes(32)).vkey,  # type: ignore[arg-type]  # a kind of key that is not taken
    ],
)
def test_a_false_vkey_is_refused(vkey: str) -> None:
    """A key text is taken only when its id follows from it."""
    with pytest.raises(KeyInvalid):
        NoteKey.parse(vkey)


def test_a_vkey_comes_back() -> None:
    """A witness's key and its text are one."""
    assert NoteKey.parse(witness(1).public.vkey) == witness(1).public
    with pytest.raises(KeyInvalid):
        NoteSigner("two words", WITNESS_KEY, bytes(32))


@given(sizes=st.tuples(st.integers(0, 600), st.integers(0, 600)), data=st.data())
@settings(max_examples=200, deadline=None)
def test_paths_made_here_verify_and_no_other(log: MemoryLog, sizes: tuple[int, int], data: st.DataObject) -> None:
    """Any index of any size has a path that verifies, for that index and size only; any two sizes are consistent."""
    old, size = sorted(sizes)
    tree, root = log.tree(size), log.tree(size).root()
    path = tree.consistency(old)
    verify_consistency(old, log.tree(old).root(), size, root, path)
    if 0 < old < size:
        with pytest.raises(ProofInvalid):
            verify_consistency(old, root, size, root, path)
        with pytest.raises(ProofInvalid):
            verify_consistency(old, log.tree(old).root(), size, root, path[:-1])
    if size:
        index, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size - 1))
        verify_inclusion(leaf_hash(entry(index)), index, size, root, tree.inclusion(index))
        if other != index:
            with pytest.raises(ProofInvalid):
                verify_inclusion(leaf_hash(entry(index)), other, size, root, tree.inclusion(index))


def test_the_empty_tree_proves_nothing() -> None:
    """There is no first size to begin with but the empty one, and nothing is in it."""
    with pytest.raises(ProofInvalid):
        verify_inclusion(leaf_hash(entry(0)), 0, 0, EMPTY_ROOT, ())
    with pytest.raises(ProofInvalid):
        verify_consistency(0, bytes(32), 1, leaf_hash(entry(0)), ())
    with pytest.raises(ProofInvalid):
        verify_consistency(2, EMPTY_ROOT, 1, EMPTY_ROOT, ())
    verify_consistency(0, EMPTY_ROOT, 1, leaf_hash(entry(0)), ())
