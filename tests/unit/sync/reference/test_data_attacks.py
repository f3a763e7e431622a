"""Reference data by TUF: every attack has its refusal, and the last good set stays what it was."""

import hashlib
import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sync.reference import GoodSet, Reference
from sync.reference.refusals import DataDamaged, DataRefused, DataRootMissing
from sync.reference.updating import update
from terminal.i18n import error_text, sentences
from tests.data_repository.repository import Published, Repository, signer_of, signers_of

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
OLD, NEW = {"insurers.json": b"old"}, {"insurers.json": b"new", "lpp/base.csv": b"tariffs"}


@dataclass
class Shop:
    """A terminal that trusts a repository and has its first set."""

    reference: Reference
    repository: Repository

    def take(self, source: Any = None, moment: datetime = NOW) -> GoodSet:
        """One update."""
        return update(self.reference, source or self.repository.state(), moment)

    def refused(self, source: Any, moment: datetime = NOW) -> DataRefused:
        """An update that is refused, with a whole sentence, and leaves the set as it was, file by file."""
        before = self.reference.current()
        assert before is not None
        with pytest.raises(DataRefused) as refused:
            self.take(source, moment)
        assert self.reference.current() == before
        for kept in before.files.values():
            assert hashlib.sha256(self.reference.content(kept)).hexdigest() == kept.sha256
        what, todo = error_text(refused.value.code, refused.value.facts)
        assert what != error_text("unknown")[0]
        assert "?" not in what + todo, "a fact is missing"
        return refused.value

    def held(self) -> dict[str, bytes]:
        """The files of the last good set."""
        good = self.reference.current()
        assert good is not None
        return {name: self.reference.content(kept) for name, kept in good.files.items()}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A terminal with the first set of a repository."""
    repository = Repository(NOW).publish(OLD)
    reference = Reference(tmp_path)
    reference.put_root(repository.first_root, None)
    made = Shop(reference, repository)
    made.take()
    return made


def test_a_newer_set_is_taken_whole(shop: Shop) -> None:
    """What was published is what is held; what is no longer listed goes; the same again changes nothing but the day."""
    shop.repository.publish(NEW)
    good = shop.take()
    assert shop.held() == NEW
    assert good.versions == {"root": 1, "timestamp": 2, "snapshot": 2, "targets": 2}
    again = shop.take(moment=NOW + timedelta(days=1))
    assert (again.files, again.taken_at, again.checked_at) == (good.files, good.taken_at, NOW + timedelta(days=1))
    assert len(list((shop.reference.folder / "files").iterdir())) == len(NEW)


def test_only_what_changed_is_fetched(shop: Shop) -> None:
    """A file that is here already is not asked for again."""
    shop.repository.publish({"lpp/base.csv": b"tariffs"})
    source = shop.repository.state()
    shop.take(source)
    assert [path for path in source.asked if path.startswith("targets/")] == [source.path_of("base.csv")]


# The attacks: each spoils a state of the repository that is otherwise newer than what the terminal has.

Spoil = Callable[[Shop], Published]


def _rollback(shop: Shop) -> Published:
    """An older state, rightly signed in its time."""
    before = shop.repository.state()
    shop.repository.publish(NEW)
    shop.take()
    return before


def _rollback_of_the_list(shop: Shop) -> Published:
    """A new timestamp and snapshot over an older list of files: whoever holds the online keys alone."""
    repository = shop.repository
    old = deepcopy(repository.snapshot.meta["targets.json"])
    repository.publish(NEW)
    shop.take()
    repository.snapshot.meta["targets.json"] = old
    repository.publish_snapshot()
    repository.publish_timestamp()
    return repository.state()


def _one_of_two_signatures(shop: Shop) -> Published:
    shop.repository.publish(NEW)
    shop.repository.publish_targets(shop.repository.signers["targets"][:1])
    shop.repository.publish_snapshot()
    shop.repository.publish_timestamp()
    return shop.repository.state()


def _one_key_twice(shop: Shop) -> Published:
    """One signer, who says twice that it is two: the second under the id of another key."""
    _one_of_two_signatures(shop)
    repository = shop.repository
    stranger = signer_of("nobody")
    stranger.public_key.keyid = repository.signers["targets"][1].public_key.keyid
    repository.publish_targets((repository.signers["targets"][0], stranger))
    repository.publish_snapshot()
    repository.publish_timestamp()
    return repository.state()


def _unknown_key(shop: Shop) -> Published:
    shop.repository.publish(NEW)
    shop.repository.put("timestamp", shop.repository.timestamp, "timestamp.json", signers_of("nobody", "timestamp"))
    return shop.repository.state()


def _unknown_root(shop: Shop) -> Published:
    """A whole repository of somebody else, beginning with the next root."""
    other = Repository(NOW, "nobody").publish(NEW)
    other.root.version = 2
    other.publish_root()
    return other.state()


def _changed_after_signing(shop: Shop) -> Published:
    shop.repository.publish(NEW)
    source = shop.repository.state()
    changed = json.loads(source.files["metadata/timestamp.json"])
    changed["signed"]["version"] += 7
    source.files["metadata/timestamp.json"] = json.dumps(changed).encode()
    return source


def _wrong_hash(shop: Shop) -> Published:
    shop.repository.publish(NEW)
    source = shop.repository.state()
    source.files[source.path_of("base.csv")] = b"TARIFFS"
    return source


def _endless_file(shop: Shop) -> Published:
    shop.repository.publish(NEW)
    source = shop.repository.state()
    source.endless.add(source.path_of("base.csv"))
    return source


def _endless_metadata(shop: Shop) -> Published:
    shop.repository.publish(NEW)
    source = shop.repository.state()
    source.endless.add("metadata/timestamp.json")
    return source


def _endless_root(shop: Shop) -> Published:
    source = shop.repository.state()
    source.files["metadata/2.root.json"] = b"{"
    source.endless.add("metadata/2.root.json")
    return source


def _cut_file(shop: Shop) -> Published:
    """A copy to a stick that was pulled out: the last file is shorter."""
    shop.repository.publish(NEW)
    source = shop.repository.state()
    path = source.path_of("base.csv")
    source.files[path] = source.files[path][:-1]
    return source


def _cut_metadata(shop: Shop) -> Published:
    shop.repository.publish(NEW)
    source = shop.repository.state()
    path = f"metadata/{shop.repository.snapshot.version}.snapshot.json"
    source.files[path] = source.files[path][:100]
    return source


def _empty_timestamp(shop: Shop) -> Published:
    shop.repository.publish(NEW)
    source = shop.repository.state()
    source.files["metadata/timestamp.json"] = b""
    return source


def _missing_file(shop: Shop) -> Published:
    shop.repository.publish(NEW)
    source = shop.repository.state()
    del source.files[source.path_of("base.csv")]
    return source


def _mixed_snapshot(shop: Shop) -> Published:
    """Today's timestamp with a snapshot of another state, itself rightly signed."""
    shop.repository.publish(NEW)
    source, version = shop.repository.state(), shop.repository.snapshot.version
    shop.repository.publish({"insurers.json": b"third"})
    files = shop.repository.files
    source.files[f"metadata/{version}.snapshot.json"] = files[f"metadata/{version + 1}.snapshot.json"]
    return source


def _mixed_list(shop: Shop) -> Published:
    """Today's snapshot with another state's list of files."""
    shop.repository.publish(NEW)
    source = shop.repository.state()
    source.files["metadata/2.targets.json"] = source.files["metadata/1.targets.json"]
    return source


def _skipped_root(shop: Shop) -> Published:
    """The root after the next one in the place of the next."""
    shop.repository.exchange("timestamp", "second")
    shop.repository.exchange("timestamp", "third")
    source = shop.repository.state()
    source.files["metadata/2.root.json"] = source.files["metadata/3.root.json"]
    return source


def _root_without_former_keys(shop: Shop) -> Published:
    """A root whose new keys alone signed it."""
    repository = shop.repository
    repository.exchange("root", "second")
    repository.publish_root(repository.signers["root"][:2])
    return repository.state()


def _no_digest_listed(shop: Shop) -> Published:
    shop.repository.publish(NEW)
    shop.repository.targets.targets["insurers.json"].hashes = {"sha512": "0" * 128}
    shop.repository.publish()
    return shop.repository.state()


def _strange_name(shop: Shop) -> Published:
    return shop.repository.publish({"../../home.json": b"{}"}).state()


ATTACKS: dict[str, tuple[Spoil, str]] = {
    "rollback": (_rollback, "data_rolled_back"),
    "rollback of the list": (_rollback_of_the_list, "data_rolled_back"),
    "one of two signatures": (_one_of_two_signatures, "data_signatures_missing"),
    "one key twice": (_one_key_twice, "data_signatures_missing"),
    "unknown key": (_unknown_key, "data_key_unknown"),
    "unknown root": (_unknown_root, "data_key_unknown"),
    "root without former keys": (_root_without_former_keys, "data_key_unknown"),
    "changed after signing": (_changed_after_signing, "data_signature_wrong"),
    "wrong hash": (_wrong_hash, "data_altered"),
    "endless file": (_endless_file, "data_endless"),
    "endless metadata": (_endless_metadata, "data_endless"),
    "endless root": (_endless_root, "data_endless"),
    "cut file": (_cut_file, "data_cut"),
    "cut metadata": (_cut_metadata, "data_cut"),
    "empty timestamp": (_empty_timestamp, "data_cut"),
    "missing file": (_missing_file, "data_incomplete"),
    "mixed snapshot": (_mixed_snapshot, "data_mixed"),
    "mixed list": (_mixed_list, "data_mixed"),
    "skipped root": (_skipped_root, "data_mixed"),
    "no digest listed": (_no_digest_listed, "data_unusable"),
    "strange name": (_strange_name, "data_unusable"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_by_its_name(attack: str, shop: Shop) -> None:
    """The refusal says which attack it was, and what was held before is held after."""
    spoil, code = ATTACKS[attack]
    source = spoil(shop)
    assert shop.refused(source).code == code


def test_each_kind_of_attack_has_a_sentence_of_its_own() -> None:
    """Rollback, freeze, expiry, signatures, hashes, endless data, cut copies: no two are told alike."""
    codes = {code for _, code in ATTACKS.values()} | {"data_frozen", "data_expired"}
    assert len({sentences()[f"error.{code}.what"] for code in codes}) == len(codes)


def test_the_right_set_is_taken_after_every_attack(shop: Shop) -> None:
    """A refused attempt spoils nothing for the next one: the honest repository is followed again."""
    for attack in ("wrong hash", "cut metadata", "changed after signing", "mixed snapshot"):
        assert shop.refused(ATTACKS[attack][0](shop)).code == ATTACKS[attack][1]
    shop.repository.publish(NEW)
    shop.take()
    assert shop.held() == NEW


def test_a_frozen_repository_is_named(shop: Shop) -> None:
    """The same state for longer than its timestamp was to hold: refused as frozen, with the day, and usable before."""
    shop.take(moment=NOW + timedelta(days=29))
    refused = shop.refused(shop.repository.state(), NOW + timedelta(days=31))
    assert (refused.code, refused.facts) == ("data_frozen", {"expired": "2026-12-22"})


@pytest.mark.parametrize(("role", "days"), [("root", 366), ("targets", 366), ("snapshot", 366)])
def test_metadata_past_their_date_are_refused(role: str, days: int, shop: Shop) -> None:
    """A timestamp of today over a role that ended is refused, with the role."""
    later = NOW + timedelta(days=days)
    repository = shop.repository
    repository.now = later
    if role != "root":
        repository.root.expires = later + timedelta(days=9)
        repository.root.version += 1
        repository.publish_root()
    if role == "targets":
        repository.publish_snapshot()
    repository.publish_timestamp()
    refused = shop.refused(repository.state(), later)
    assert (refused.code, refused.facts["role"]) == ("data_expired", role)


def test_an_earlier_instant_decides_no_expiry(shop: Shop) -> None:
    """The instant is the caller's: what had ended by the floor is refused although the system's clock would take it."""
    assert shop.refused(shop.repository.state(), NOW + timedelta(days=400)).code == "data_expired"
    assert shop.take(moment=NOW - timedelta(days=400)).files


def test_a_repository_run_ahead_is_left_by_a_new_root(shop: Shop) -> None:
    """Fast-forward: a stolen timestamp key ran the number up; honest states are refused until a root ends that key."""
    repository = shop.repository
    repository.timestamp.version = 1_000_000
    repository.publish_timestamp()
    shop.take()
    repository.timestamp.version = 1
    repository.publish(NEW)
    assert shop.refused(repository.state()).code == "data_rolled_back"
    repository.exchange("timestamp", "second")
    repository.publish_timestamp()
    shop.take()
    assert shop.held() == NEW


def test_a_revoked_key_stays_revoked(shop: Shop) -> None:
    """A root that was seen counts for ever, also when the update that brought it was refused."""
    repository = shop.repository
    stolen = repository.state()
    repository.exchange("timestamp", "second")
    repository.publish(NEW)
    spoilt = repository.state()
    spoilt.files[spoilt.path_of("base.csv")] = b"TARIFFS"
    assert shop.refused(spoilt).code == "data_altered"
    repository.put("timestamp", repository.timestamp, "timestamp.json", signers_of("demo", "timestamp"))
    stolen.files["metadata/timestamp.json"] = repository.files["metadata/timestamp.json"]
    assert shop.refused(stolen).code == "data_key_unknown"


def test_what_was_seen_is_not_forgotten_by_a_refusal(shop: Shop) -> None:
    """A timestamp that verified raises the bar, although a file of its state was wrong."""
    before = shop.repository.state()
    shop.repository.publish(NEW)
    assert shop.refused(_wrong_hash(shop)).code == "data_altered"
    assert shop.refused(before).code == "data_rolled_back"


def test_without_a_root_nothing_is_taken(tmp_path: Path) -> None:
    """Nobody's signature counts before somebody said whose."""
    with pytest.raises(DataRootMissing):
        update(Reference(tmp_path), Repository(NOW).publish(OLD).state(), NOW)
    assert Reference(tmp_path).current() is None


@pytest.mark.parametrize("content", [b"", b"{", b'{"schema":"other"}'])
def test_damaged_memory_is_named_and_not_trusted(content: bytes, shop: Shop) -> None:
    """Kept metadata that are damaged end updates: without them an older repository would pass."""
    (shop.reference.folder / "trusted.json").write_bytes(content)
    with pytest.raises(DataDamaged):
        shop.take()
    assert shop.held() == OLD
    shop.reference.put_root(shop.repository.first_root + b"\n", None)
    assert shop.take().files


def test_a_damaged_file_is_not_read_and_is_fetched_again(shop: Shop) -> None:
    """One flipped byte in a kept file: it is not used, and the next update brings it again."""
    good = shop.reference.current()
    assert good is not None
    shop.reference.path_of(good.files["insurers.json"]).write_bytes(b"olD")
    with pytest.raises(DataDamaged):
        shop.held()
    shop.take()
    assert shop.held() == OLD
