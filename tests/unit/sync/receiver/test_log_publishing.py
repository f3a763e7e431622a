"""The insurer's log: every claim in it once, proofs that hold, and a past that survives kills and losses."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import URL, delete, select

from sync.crypto.tlog import (
    Tile,
    Tree,
    checkpoint_in,
    entries_in,
    leaf_hash,
    read_note,
    verify_consistency,
    verify_proof,
)
from sync.errors import LogDamaged
from sync.receiver.app import build_app
from sync.receiver.db import Ledger, claims, log_entries, log_head
from sync.receiver.enrol import invite
from sync.receiver.folder import IntakeMaterial
from sync.receiver.intake import Intake
from sync.receiver.log_files import LogFiles
from sync.receiver.log_folder import log_material
from tests.unit.sync.receiver.logged import LoggedInsurer, entry_of, request
from tests.unit.sync.receiver.visitor import SHOP, Clock, Visitor


@pytest.fixture
def insurer(
    insurer_folder: Path, material: IntakeMaterial, tmp_path: Path, database: URL, clock: Clock
) -> LoggedInsurer:
    """An insurer whose database and log are new."""
    log = log_material(insurer_folder)
    assert log is not None
    return LoggedInsurer(material, log, tmp_path, database, clock)


def enrol(intake: Intake, database: URL, visitor: Visitor) -> Visitor:
    """Enrol a terminal at an open intake."""
    ledger = Ledger(database)
    visitor.keep(intake.enrol(visitor.enrolment(invite(ledger, SHOP, visitor.clock()))).body)
    ledger.close()
    return visitor


@pytest.fixture
def terminal(insurer: LoggedInsurer, stranger: Visitor) -> Visitor:
    """A terminal enrolled with it."""
    with insurer.open() as intake:
        return enrol(intake, insurer.database, stranger)


def published(insurer: LoggedInsurer) -> tuple[int, bytes]:
    """Size and root of what is out."""
    found = checkpoint_in(read_note(insurer.files.checkpoint() or "").text)
    return found.size, found.root


def test_every_receipt_has_its_proof(insurer: LoggedInsurer, terminal: Visitor) -> None:
    """Alone or in batches, each answer proves its own claim, and the log has each once, in the order of arrival."""
    packages = [terminal.package() for _ in range(9)]
    with insurer.open() as intake:
        first = intake.push(terminal.put(packages[0]), json.loads(packages[0])["envelope"]["claim_id"])
        batch = json.loads(intake.push_batch(terminal.post_batch(*packages[1:])).body)["results"]
    assert insurer.verified(packages[0], first).size == 1
    sizes = {
        verify_proof(entry_of(package), result["proof"], insurer.policy()).size
        for package, result in zip(packages[1:], batch, strict=True)
    }
    assert sizes == {9}
    assert entries_in(insurer.files.read(Tile(None, 0, 9))) == tuple(entry_of(package) for package in packages)


def test_the_same_package_gets_the_same_receipt_and_a_proof_of_the_moment(
    insurer: LoggedInsurer, terminal: Visitor
) -> None:
    """The receipt never changes; the proof may be against a larger log; nothing is logged twice."""
    package, other = terminal.package(), terminal.package()
    with insurer.open() as intake:
        first, _, again = (terminal.push(intake, one) for one in (package, other, package))
    assert json.loads(first.body)["receipt"] == json.loads(again.body)["receipt"]
    assert (first.status, again.status) == (201, 200)
    assert (insurer.verified(package, first).size, insurer.verified(package, again).size) == (1, 2)
    assert published(insurer)[0] == 2


def test_a_kill_between_claim_and_log_loses_neither(
    insurer: LoggedInsurer, terminal: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The claim is durable, its place too; a process that dies at any step leaves what the next uses."""
    package = terminal.package()
    for step in ("add", "publish", "drop_partials"):
        with insurer.open() as intake, monkeypatch.context() as patched:

            def killed(*_arguments: object) -> None:
                raise KeyboardInterrupt

            patched.setattr(LogFiles, step, killed)
            with pytest.raises(KeyboardInterrupt):
                terminal.push(intake, terminal.package())
    with insurer.open() as intake:
        insurer.verified(package, terminal.push(intake, package))
    assert published(insurer)[0] == 4


def test_a_full_medium_costs_the_proof_and_not_the_receipt(
    insurer: LoggedInsurer, terminal: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the log cannot be written, the receipt is answered alone, and the proof comes with the next try."""
    package = terminal.package()
    with insurer.open() as intake:
        with monkeypatch.context() as patched:
            patched.setattr(LogFiles, "add", lambda *_: (_ for _ in ()).throw(LogDamaged("as if")))
            without = terminal.push(intake, package)
        assert set(json.loads(without.body)) == {"receipt"}
        assert insurer.verified(package, terminal.push(intake, package)).size == 1


@pytest.mark.parametrize("lost", ["tile/0/000.p/3", "tile/entries/000.p/3", "tile"])
def test_lost_tiles_are_made_again(insurer: LoggedInsurer, terminal: Visitor, lost: str) -> None:
    """What a medium lost of the files comes back from the database, and the checkpoint still stands."""
    with insurer.open() as intake:
        for _ in range(3):
            terminal.push(intake, terminal.package())
    before = published(insurer)
    path = insurer.files.folder / lost
    path.unlink() if path.is_file() else shutil.rmtree(path)
    package = terminal.package()
    with insurer.open() as intake:
        answer = terminal.push(intake, package)
    found = insurer.verified(package, answer)
    verify_consistency(*before, found.size, found.root, Tree(4, insurer.files.read).consistency(3))


def test_a_flipped_bit_in_a_tile_is_mended(insurer: LoggedInsurer, terminal: Visitor) -> None:
    """A tile that does not make the published root is made again at the next start."""
    with insurer.open() as intake:
        terminal.push(intake, terminal.package())
    path = insurer.files.folder / "tile/0/000.p/1"
    path.write_bytes(bytes(32))
    with insurer.open():
        assert path.read_bytes() != bytes(32)


def test_a_database_that_lost_claims_ends_the_log(insurer: LoggedInsurer, terminal: Visitor) -> None:
    """Restored from an old copy, the database would give a place twice: nothing is signed."""
    with insurer.open() as intake:
        packages = [terminal.package() for _ in range(2)]
        for package in packages:
            terminal.push(intake, package)
    ledger = Ledger(insurer.database)
    ledger.write(lambda connection: connection.execute(delete(log_entries).where(log_entries.c.position == 1)))
    ledger.close()
    before = insurer.files.checkpoint()
    with pytest.raises(LogDamaged), insurer.open():
        pass
    assert insurer.files.checkpoint() == before


def test_an_entry_changed_while_running_ends_the_log(insurer: LoggedInsurer, terminal: Visitor) -> None:
    """The last published entry must be the database's, at every checkpoint."""
    with insurer.open() as intake:
        terminal.push(intake, terminal.package())
        ledger = Ledger(insurer.database)
        ledger.write(lambda connection: connection.execute(log_entries.update().values(envelope="0" * 64)))
        ledger.close()
        answer = terminal.push(intake, terminal.package())
    assert set(json.loads(answer.body)) == {"receipt"}
    assert published(insurer)[0] == 1


def test_workers_take_turns(insurer: LoggedInsurer, terminal: Visitor) -> None:
    """Several processes on one folder and database: one log, each claim once, each proof right."""
    packages = [terminal.package() for _ in range(24)]
    with insurer.open() as one, insurer.open() as two, ThreadPoolExecutor(4) as pool:
        asked = [(terminal.put(package), json.loads(package)["envelope"]["claim_id"]) for package in packages]
        answers = list(pool.map(lambda item: (one, two)[item[0] % 2].push(*item[1]), enumerate(asked)))
    for package, answer in zip(packages, answers, strict=True):
        insurer.verified(package, answer)
    assert sorted(entries_in(insurer.files.read(Tile(None, 0, 24)))) == sorted(map(entry_of, packages))


def test_claims_older_than_the_log_get_places(insurer: LoggedInsurer, terminal: Visitor) -> None:
    """An insurer that begins a log has all its claims in it, oldest first."""
    with insurer.open() as intake:
        packages = [terminal.package() for _ in range(3)]
        for package in packages:
            terminal.push(intake, package)
            insurer.clock.pass_time(seconds=1)
    ledger = Ledger(insurer.database)
    ledger.write(lambda connection: connection.execute(delete(log_entries)))
    ledger.write(lambda connection: connection.execute(delete(log_head)))
    ledger.close()
    shutil.rmtree(insurer.files.folder)
    with insurer.open() as intake:
        terminal.push(intake, packages[2])
    assert entries_in(insurer.files.read(Tile(None, 0, 3))) == tuple(entry_of(package) for package in packages)


def test_refused_claims_are_not_logged(insurer: LoggedInsurer, terminal: Visitor) -> None:
    """Only what is stored has a place."""
    with insurer.open() as intake:
        good = terminal.package()
        answer = json.loads(intake.push_batch(terminal.post_batch(b'{"dispatch":1}', good)).body)["results"]
    assert ["proof" in result for result in answer] == [False, True]
    assert entries_in(insurer.files.read(Tile(None, 0, 1))) == (entry_of(good),)


def test_places_have_no_gap(insurer: LoggedInsurer, terminal: Visitor) -> None:
    """As many places as claims, from 0 on."""
    with insurer.open() as intake:
        for _ in range(5):
            terminal.push(intake, terminal.package())
    ledger = Ledger(insurer.database)
    with ledger.reading() as connection:
        places = list(connection.execute(select(log_entries.c.position).order_by(log_entries.c.position)).scalars())
        stored = len(connection.execute(select(claims.c.claim_id)).all())
    ledger.close()
    assert places == list(range(stored)) == [0, 1, 2, 3, 4]


def test_partial_tiles_go_when_the_full_one_is_out(insurer: LoggedInsurer, terminal: Visitor) -> None:
    """A log of 257 entries has its first tile whole, and a reader of an older checkpoint still finds what it needs."""
    with insurer.open() as intake:
        packages = [terminal.package() for _ in range(257)]
        for start in (0, 100, 200):
            answer = intake.push_batch(terminal.post_batch(*packages[start : start + 100]))
    assert answer.status == 200
    names = {str(path.relative_to(insurer.files.folder)) for path in insurer.files.folder.rglob("*") if path.is_file()}
    assert names == {
        "checkpoint",
        *(f"tile/{level}/{name}" for level in ("0", "entries") for name in ("000", "001.p/1")),
        "tile/1/000.p/1",
    }
    tree = Tree(200, insurer.files.read)
    assert tree.root() == Tree(200, lambda tile: insurer.files.read(Tile(tile.level, tile.index))).root()
    assert leaf_hash(entry_of(packages[0])) == insurer.files.read(Tile(0, 0))[:32]


async def test_the_files_are_served_and_nothing_else(insurer: LoggedInsurer, terminal: Visitor) -> None:
    """Checkpoint and tiles come as they lie there, to anybody; any other path is no operation."""
    others = ("tile/0/001", "tile/0/000.p/2", "tile/../checkpoint", "tile/0/%2e%2e/%2e%2e/checkpoint", "log.key")
    with insurer.open() as intake:
        terminal.push(intake, terminal.package())
        app = build_app(intake)
        checkpoint, tile = [await request(app, "GET", f"/log/{path}") for path in ("checkpoint", "tile/0/000.p/1")]
        statuses = [(await request(app, "GET", f"/log/{path}"))[0] for path in others]
    assert checkpoint == (200, "text/plain; charset=utf-8", (insurer.files.checkpoint() or "").encode())
    assert tile == (200, "application/octet-stream", insurer.files.read(Tile(0, 0, 1)))
    assert statuses == [404] * len(others)


async def test_an_insurer_without_a_log_answers_receipts(intake: Intake, visitor: Visitor) -> None:
    """Nothing of the log is needed to receive."""
    answer = visitor.push(intake, visitor.package())
    assert set(json.loads(answer.body)) == {"receipt"}
    assert (await request(build_app(intake), "GET", "/log/checkpoint"))[0] == 404
