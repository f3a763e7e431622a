"""The terminal as a reader of logs: what it accepts, what it names, and what it can still show offline."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from sync.contract.envelope import KEYS_TYP, PROFILE_TYP, encode
from sync.contract.keys import Jwk, KeySet, SealingPublic, SigningPublic
from sync.contract.profile import LogTerms, Profile
from sync.crypto import base64url
from sync.crypto.sealing import OpeningKey
from sync.crypto.signing import SigningKey
from sync.crypto.tlog import Quorum
from sync.crypto.tlog.tiles import read_tile_path
from sync.errors import ContractError, InsurerUnreachable
from sync.insurers import InsurerRecord
from sync.logbook import Findings, LogBook
from sync.logwatch import LogVerdict, LogWatch, own_quorum
from sync.queue import Counterfoil, Outbox, Row
from sync.store import Store
from tests.unit.sync.contract.test_profile_rules import PROFILE
from tests.unit.sync.crypto.tlog.grown import MemoryLog, entry
from tests.unit.sync.crypto.tlog.signed import SignedLog, witness
from tests.unit.sync.engine_world import Shop
from tests.unit.sync.receiver.visitor import AMC, Clock

Fetch = Callable[[str], bytes]


@dataclass
class Reader:
    """A shop with some claims, an insurer whose log a test writes, and the watch over it."""

    shop: Shop
    book: LogBook
    record: InsurerRecord
    own: Quorum | None = None
    log: SignedLog = field(default_factory=lambda: SignedLog(MemoryLog()))

    @property
    def watch(self) -> LogWatch:
        """The judge."""
        return LogWatch(self.book, lambda _amc: self.record, self.own)

    def log_claims(self, rows: list[Row], log: SignedLog | None = None) -> None:
        """Put claims into the log, or into another."""
        (log or self.log).log.add(bytes.fromhex(row.digest) for row in rows)

    def judge(self, rows: dict[int, Row], log: SignedLog | None = None, fetch: Fetch | None = None) -> Findings:
        """Judge and keep the proofs of claims by their places in the log."""
        told = log or self.log
        offered = {row.claim_id: (row, told.proof(place)) for place, row in rows.items()}
        findings = self.watch.judge(AMC, offered, fetch or served(told), self.shop.now())
        self.book.keep(findings)
        return findings

    def check(self) -> LogVerdict:
        """All of it again, offline."""
        return self.watch.check(self.shop.outbox.get, self.shop.now())

    def rows(self, count: int) -> list[Row]:
        """New claims."""
        return [self.shop.outbox.get(claim_id) for claim_id in self.shop.register(count)]


def served(log: SignedLog) -> Fetch:
    """A log's files over the line."""
    return lambda path: log.log.read(read_tile_path(path))


def unreachable(_path: str) -> bytes:
    """No line."""
    raise InsurerUnreachable("as if")


def record_of(log: SignedLog | None, quorum: int = 2) -> InsurerRecord:
    """An enrolment with an insurer whose profile states this log, or none."""
    signer, opening = SigningKey.generate(), OpeningKey.generate()
    signing = SigningPublic(kid=signer.kid, jwk=msgspec.convert(signer.public.jwk, Jwk))
    public = opening.public
    sealing = SealingPublic(kid=public.kid, suite=public.suite, public=base64url.to_text(public.public))
    keys = KeySet(schema="comptoir/keys/v1", insurer=AMC, version=1, signing=(signing,), sealing=(sealing,))
    profile = msgspec.convert({**PROFILE, "insurer": AMC}, Profile)
    if log is not None:
        witnesses = tuple(one.public.vkey for one in log.witnesses)
        terms = LogTerms(key=log.signer.public.vkey, deadline_hours=24, quorum=quorum, witnesses=witnesses)
        profile = msgspec.structs.replace(profile, log=terms)
    return InsurerRecord(
        name="",
        convention="",
        endpoint="",
        authority_pem="",
        certificate_pem="",
        hosting="",
        amc=AMC,
        csr=None,
        keys_jws=signer.sign(KEYS_TYP, encode(keys)),
        profile_jws=signer.sign(PROFILE_TYP, encode(profile)),
        signing_jwk=signer.public.jwk,
        pseudonym_key_sealed="",
        enrolled_at=Clock().at,
    )


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """A shop that reads one log."""
    store = Store.open(tmp_path / "store.db", b"k" * 32, create=True)
    counterfoil = Counterfoil.open(tmp_path / "counterfoil.log")
    shop = Shop(Outbox(store, counterfoil), Clock())
    yield Reader(shop, LogBook(store), record_of(SignedLog(MemoryLog())))
    store.close()
    counterfoil.close()


def test_a_log_that_grows_is_followed(reader: Reader) -> None:
    """Each checkpoint is shown to continue the last one, and all of it holds again offline."""
    rows = reader.rows(6)
    for start, end in ((0, 1), (1, 3), (3, 6)):
        reader.log_claims(rows[start:end])
        findings = reader.judge(dict(enumerate(rows[start:end], start)))
        assert (len(findings.proofs), findings.missing, findings.troubles) == (end - start, {}, [])
    verdict = reader.check()
    assert (verdict.proved, len(verdict.heads)) == (6, 3)
    assert (verdict.waiting, verdict.late, verdict.false, verdict.troubles) == ([], [], [], [])
    assert reader.book.waiting(AMC, reader.shop.now() + timedelta(days=1), 10) == []


@pytest.mark.parametrize("size", [3, 5])
def test_a_fork_is_named_and_kept(reader: Reader, size: int) -> None:
    """Another tree of the same size, or a larger one that does not continue: no proof counts, the note is evidence."""
    rows = reader.rows(2)
    reader.log_claims(rows[:1])
    reader.log.log.add([entry(0), entry(1)])
    reader.judge({0: rows[0]})
    other = SignedLog(MemoryLog())
    reader.log_claims([rows[1]], other)
    other.log.add(entry(number) for number in range(10, 9 + size))
    findings = reader.judge({0: rows[1]}, other)
    assert (findings.proofs, findings.missing) == ({}, {rows[1].claim_id: "log_forked"})
    (trouble,) = reader.book.troubles()
    assert (trouble.code, trouble.checkpoint) == ("log_forked", other.checkpoint())
    assert reader.check().troubles == [f"log_forked {reader.log.signer.public.name}"]
    assert reader.book.waiting(AMC, reader.shop.now() + timedelta(minutes=3), 10) == [rows[1].claim_id]


def test_a_shrunk_log_is_named(reader: Reader) -> None:
    """A checkpoint smaller than an accepted one, even one that was true once, does not count."""
    rows = reader.rows(3)
    reader.log_claims(rows[:1])
    early = reader.log.proof(0)
    reader.log_claims(rows[1:])
    reader.judge({2: rows[2]})
    findings = reader.watch.judge(AMC, {rows[0].claim_id: (rows[0], early)}, served(reader.log), reader.shop.now())
    assert findings.missing == {rows[0].claim_id: "log_shrunk"}
    assert [trouble.code for trouble in findings.troubles] == ["log_shrunk"]


def test_a_fork_without_witnesses_is_still_a_fork(reader: Reader) -> None:
    """Honest witnesses cosign no fork: missing cosignatures must not hide it."""
    rows = reader.rows(2)
    reader.log_claims(rows[:1])
    reader.judge({0: rows[0]})
    other = SignedLog(MemoryLog(), witnesses=())
    reader.log_claims(rows[1:], other)
    assert reader.judge({0: rows[1]}, other).missing == {rows[1].claim_id: "log_forked"}
    alone = SignedLog(reader.log.log, witnesses=())
    reader.log_claims(rows[1:])
    assert reader.judge({1: rows[1]}, alone).missing == {rows[1].claim_id: "witnesses_missing"}
    assert reader.judge({1: rows[1]}).proofs.keys() == {rows[1].claim_id}


def test_tiles_are_not_believed(reader: Reader) -> None:
    """Without a line the proof waits; tiles that do not make the signed root prove nothing, and are no fork."""
    rows = reader.rows(2)
    reader.log_claims(rows[:1])
    reader.judge({0: rows[0]})
    reader.log_claims(rows[1:])
    assert reader.judge({1: rows[1]}, fetch=unreachable).missing == {rows[1].claim_id: "proof_missing"}
    assert reader.judge({1: rows[1]}, fetch=lambda _path: bytes(64)).missing == {rows[1].claim_id: "proof_invalid"}
    assert reader.judge({1: rows[1]}, fetch=lambda _path: b"").missing == {rows[1].claim_id: "proof_invalid"}
    assert reader.book.troubles() == []
    assert reader.judge({1: rows[1]}).missing == {}


def test_a_proof_of_another_claim_is_refused(reader: Reader) -> None:
    """The entry is this claim's envelope digest, and nothing else."""
    rows = reader.rows(2)
    reader.log_claims(rows)
    assert reader.judge({1: rows[0]}).missing == {rows[0].claim_id: "proof_invalid"}


def test_a_missing_proof_waits_and_then_is_late(reader: Reader) -> None:
    """The deadline is the profile's, counted from the receipt."""
    (row,) = reader.rows(1)
    offered = {row.claim_id: (row, None)}
    for _ in range(2):
        reader.book.keep(reader.watch.judge(AMC, offered, unreachable, reader.shop.now()))
        assert (reader.check().waiting, reader.check().late) == ([row.claim_id], [])
        reader.shop.clock.pass_time(hours=23)
    assert (reader.check().waiting, reader.check().late) == ([], [row.claim_id])
    assert reader.book.insurers_waiting(reader.shop.now()) == [AMC]


def test_what_is_due_is_told_to_the_screen(reader: Reader) -> None:
    """Nothing before the deadline; after it the claim with its reason, until its proof is there."""
    late, proved = reader.rows(2)
    reader.log_claims([late, proved])
    for row in (late, proved):
        reader.book.keep(reader.watch.judge(AMC, {row.claim_id: (row, None)}, unreachable, reader.shop.now()))
    reader.shop.clock.pass_time(hours=23)
    assert reader.watch.unproved(reader.shop.now()) == {}
    reader.shop.clock.pass_time(hours=2)
    assert reader.watch.unproved(reader.shop.now()) == dict.fromkeys((late.claim_id, proved.claim_id), "proof_missing")
    reader.judge({1: proved})
    assert reader.watch.unproved(reader.shop.now()) == {late.claim_id: "proof_missing"}
    reader.record = record_of(None)
    assert reader.watch.unproved(reader.shop.now()) == {}, "without a log nothing is due"


def test_the_shop_may_want_witnesses_of_its_own(reader: Reader, tmp_path: Path) -> None:
    """A file in the home names them; without their cosignature no proof counts, whatever the insurer's quorum."""
    (row,) = reader.rows(1)
    reader.log_claims([row])
    vkeys = f'["{witness(1).public.vkey}","{witness(3).public.vkey}"]'
    (tmp_path / "witnesses.json").write_text(f'{{"witnesses":{vkeys},"quorum":2}}')
    reader.own = own_quorum(tmp_path)
    assert reader.judge({0: row}).missing == {row.claim_id: "witnesses_missing"}
    (tmp_path / "witnesses.json").write_text(f'{{"witnesses":{vkeys},"quorum":1}}')
    reader.own = own_quorum(tmp_path)
    assert reader.judge({0: row}).proofs.keys() == {row.claim_id}
    for wrong in ("{}", f'{{"witnesses":{vkeys},"quorum":3}}', "["):
        (tmp_path / "witnesses.json").write_text(wrong)
        with pytest.raises(ContractError):
            own_quorum(tmp_path)
    assert own_quorum(tmp_path / "nowhere") is None


def test_an_insurer_without_a_log_owes_nothing(reader: Reader) -> None:
    """No member `log` in the profile, no proof expected."""
    reader.record = record_of(None)
    (row,) = reader.rows(1)
    reader.book.keep(reader.watch.judge(AMC, {row.claim_id: (row, None)}, unreachable, reader.shop.now()))
    assert reader.book.proofs() == []


def test_what_is_kept_cannot_be_changed_unseen(reader: Reader, tmp_path: Path) -> None:
    """A bit flipped in a kept proof, checkpoint or path is found by the offline check."""
    rows = reader.rows(4)
    reader.log_claims(rows[:2])
    reader.judge({0: rows[0]})
    reader.log_claims(rows[2:])
    reader.judge({3: rows[3]})
    rng = random.Random(6)
    for table, column in [("log_proof", "proof"), ("log_head", "checkpoint"), ("log_head", "path")] * 12:
        ok = change_one_bit(reader, table, column, rng)
        assert not ok, (table, column)
    assert reader.check().proved == 2


def change_one_bit(reader: Reader, table: str, column: str, rng: random.Random) -> bool:
    """Whether the check still says that all is well while one bit is flipped; it is put back after."""
    store = reader.book._store  # the test plays a damaged medium
    with store.read() as connection:
        stored = connection.exec_driver_sql(f"SELECT max({column}) FROM {table}").scalar_one()
    changed = bytearray(stored.encode())
    place = rng.randrange(len(changed))
    while changed[place] > 127:
        place = rng.randrange(len(changed))
    changed[place] ^= 1 << rng.randrange(7)
    update = f"UPDATE {table} SET {column} = ? WHERE {column} = ?"
    with store.write() as connection:
        connection.exec_driver_sql(update, (changed.decode(), stored))
    try:
        verdict = reader.check()
    finally:
        with store.write() as connection:
            connection.exec_driver_sql(update, (stored, changed.decode()))
    return not (verdict.false or verdict.troubles or verdict.late)


def test_all_claims_are_read_once_and_after_a_settlement(reader: Reader) -> None:
    """A line that comes back again and again does not have every claim read each time; the next process looks anew."""
    watch, counts = reader.watch, []
    reader.shop.insurer()
    for settled in (False, False, True):
        reader.shop.register()
        reader.shop.drain()
        watch.adopt(AMC, reader.shop.now(), settled=settled)
        counts.append(len(reader.book.proofs()))
    reader.shop.register()
    reader.shop.drain()
    reader.watch.adopt(AMC, reader.shop.now())
    assert (*counts, len(reader.book.proofs())) == (1, 1, 3, 4)
