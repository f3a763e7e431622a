"""The witness: what it cosigns, what it refuses and under which status, and what it remembers."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sync.crypto.tlog import Checkpoint, NoteSigner, Tree, checkpoint_in, read_note
from sync.crypto.tlog.notes import LOG_KEY, to_base64
from sync.errors import ContractError, MediumFailed
from sync.receiver import witness as module
from sync.receiver.witness import Witness, origin_hash
from sync.receiver.witness_service import build_witness_app
from tests.unit.sync.crypto.tlog.grown import MemoryLog, entry, log_of
from tests.unit.sync.receiver.logged import request
from tests.unit.sync.receiver.visitor import Clock

ORIGIN = "insurer.example/99999997/log"
LOG = NoteSigner(ORIGIN, LOG_KEY, b"\x11" * 32)


@pytest.fixture(scope="module")
def log() -> MemoryLog:
    """A log of 300 entries."""
    return log_of(300)


@pytest.fixture
def witness(tmp_path: Path, clock: Clock) -> Witness:
    """A witness that follows this log and has seen nothing of it."""
    return Witness(tmp_path / "witness", "witness.example/w1", [LOG.public], clock)


def asked(old: int, tree: Tree, signer: NoteSigner = LOG, path: tuple[bytes, ...] | None = None) -> bytes:
    """A request with the checkpoint of a tree, and the path from `old` to it, or another path."""
    text = Checkpoint(signer.public.name, tree.size, tree.root()).text
    steps = tree.consistency(old) if path is None else path
    head = "\n".join([f"old {old}", *map(to_base64, steps)])
    return f"{head}\n\n{text}\n{signer.line(text)}".encode()


def other_log() -> MemoryLog:
    """A log that tells another story from its third entry on."""
    log = MemoryLog()
    log.add([entry(0), entry(1), *(entry(number + 1000) for number in range(298))])
    return log


def test_it_cosigns_what_grows(witness: Witness, log: MemoryLog) -> None:
    """From nothing to 100 to 300, and the same size again; each line verifies, and the last is remembered whole."""
    for old, size in ((0, 100), (100, 300), (300, 300)):
        verdict = witness.add_checkpoint(asked(old, log.tree(size)))
        text = Checkpoint(ORIGIN, size, log.tree(size).root()).text
        assert verdict.status == 200
        assert read_note(f"{text}\n{verdict.body}").signed_by(witness.key)
    remembered = read_note(witness.checkpoint(origin_hash(ORIGIN)) or "")
    assert remembered.signed_by(LOG.public)
    assert remembered.signed_by(witness.key)
    assert checkpoint_in(remembered.text).size == 300


def test_a_fork_is_refused_and_kept(
    witness: Witness, log: MemoryLog, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The same size with another root, and a larger tree that does not continue: 422, and both notes are evidence."""
    caplog.set_level("INFO")
    witness.add_checkpoint(asked(0, log.tree(100)))
    fork = other_log()
    for size in (100, 300):
        assert witness.add_checkpoint(asked(100, fork.tree(size), path=log.tree(size).consistency(100))).status == 422
        assert witness.add_checkpoint(asked(100, fork.tree(size))).status == 422
    place = tmp_path / "witness" / origin_hash(ORIGIN)
    kept = [checkpoint_in(read_note((place / name).read_text()).text) for name in ("checkpoint", "refused")]
    assert [(one.size, one.root) for one in kept] == [(100, log.tree(100).root()), (300, fork.tree(300).root())]
    assert all(read_note((place / name).read_text()).signed_by(LOG.public) for name in ("checkpoint", "refused"))
    assert [record.__dict__["facts"]["error"] for record in caplog.records] == ["log_forked"] * 4


def test_shrinking_is_refused(witness: Witness, log: MemoryLog, caplog: pytest.LogCaptureFixture) -> None:
    """A smaller tree gets no signature, the remembered size is answered, and the refusal has a name."""
    caplog.set_level("INFO")
    witness.add_checkpoint(asked(0, log.tree(300)))
    verdict = witness.add_checkpoint(asked(0, log.tree(100)))
    assert (verdict.status, verdict.body) == (409, "300\n")
    assert caplog.records[-1].__dict__["facts"]["error"] == "log_shrunk"
    assert checkpoint_in(read_note(witness.checkpoint(origin_hash(ORIGIN)) or "").text).size == 300


def test_another_old_size_is_told_the_remembered_one(witness: Witness, log: MemoryLog) -> None:
    """Who does not know where the witness is asks with any size and learns it."""
    witness.add_checkpoint(asked(0, log.tree(100)))
    verdict = witness.add_checkpoint(asked(50, log.tree(300)))
    assert (verdict.status, verdict.body) == (409, "100\n")


def test_strangers_are_refused(witness: Witness, log: MemoryLog) -> None:
    """An unknown origin is 404; a known one without its key's signature, or with a false one, is 403."""
    tree = log.tree(100)
    unknown = NoteSigner("insurer.example/99999989/log", LOG_KEY, b"\x12" * 32)
    impostor = NoteSigner(ORIGIN, LOG_KEY, b"\x12" * 32)
    request_ = asked(0, tree)
    spoiled = request_[:-10] + (b"A" if request_[-10:-9] != b"A" else b"B") + request_[-9:]
    assert [witness.add_checkpoint(one).status for one in (asked(0, tree, unknown), asked(0, tree, impostor))] == [
        404,
        403,
    ]
    assert witness.add_checkpoint(spoiled).status in (400, 403)
    assert witness.checkpoint(origin_hash(ORIGIN)) is None
    assert witness.checkpoint(origin_hash("another")) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"old 0\n\nnothing",
        b"old 01\n",
        b"old x\n\n",
        b"old 0\nAAAA",
        b"old 0\n" + b"A" * 43 + b"=\n" * 64,
        b"old 5\n",
        b"new 0\n",
    ],
)
def test_other_forms_are_refused(witness: Witness, log: MemoryLog, body: bytes) -> None:
    """What is no request is 400; so is an old size beyond the checkpoint's."""
    whole = body if b"\n\n" in body else body + b"\n" + asked(0, log.tree(3)).partition(b"\n\n")[2]
    assert witness.add_checkpoint(whole).status == 400


def test_it_remembers_across_a_restart(tmp_path: Path, clock: Clock, log: MemoryLog) -> None:
    """Key and memory are on the medium: a new process refuses what the former one would."""
    former = Witness(tmp_path / "w", "witness.example/w1", [LOG.public], clock)
    former.add_checkpoint(asked(0, log.tree(300)))
    again = Witness(tmp_path / "w", "witness.example/w1", [LOG.public], clock)
    assert again.key == former.key
    assert again.add_checkpoint(asked(0, log.tree(100))).status == 409


def test_no_signature_without_memory(witness: Witness, log: MemoryLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the checkpoint cannot be remembered durably, no cosignature leaves."""

    def failing(*_arguments: object) -> None:
        raise MediumFailed("as if")

    monkeypatch.setattr(module, "replace_file", failing)
    with pytest.raises(MediumFailed):
        witness.add_checkpoint(asked(0, log.tree(100)))


def test_races_never_roll_back(witness: Witness, log: MemoryLog) -> None:
    """Many sizes at once: exactly one wins from zero, and what is remembered is what was cosigned last."""
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(lambda size: witness.add_checkpoint(asked(0, log.tree(size))), range(10, 90)))
    assert [verdict.status for verdict in verdicts].count(200) == 1
    winner = next(number for number, verdict in enumerate(verdicts, 10) if verdict.status == 200)
    assert checkpoint_in(read_note(witness.checkpoint(origin_hash(ORIGIN)) or "").text).size == winner


async def test_it_speaks_http(witness: Witness, log: MemoryLog) -> None:
    """Statuses and media types of c2sp.org/tlog-witness; a body beyond the bound is not read."""
    app = build_witness_app(witness)
    good = await request(app, "POST", "/add-checkpoint", asked(0, log.tree(100)))
    conflict = await request(app, "POST", "/add-checkpoint", asked(0, log.tree(100)))
    shown = await request(app, "GET", f"/{origin_hash(ORIGIN)}/checkpoint")
    large = await request(app, "POST", "/add-checkpoint", bytes(40_000))
    assert (good[0], conflict[:2], conflict[2]) == (200, (409, "text/x.tlog.size"), b"100\n")
    assert shown[2].endswith(good[2])
    assert large[0] == 413
    assert (await request(app, "GET", "/0/checkpoint"))[0] == 404


def test_it_follows_logs_only(tmp_path: Path, clock: Clock, witness: Witness) -> None:
    """A witness's own kind of key is no log's."""
    with pytest.raises(ContractError):
        Witness(tmp_path / "x", "w", [witness.key], clock)
