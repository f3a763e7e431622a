"""Reference data on their real way: a repository, the commands, the catalogue and the insurers of a home."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sync.calls import HOSTS
from sync.contract.enrolment import DirectoryEntry
from sync.contract.envelope import PROFILE_TYP, encode
from sync.crypto.signing import SigningKey
from sync.insurers import InsurerRecord
from sync.reference import Reference
from sync.reference.demo import demo_root, is_demo
from terminal.catalogue import CatalogueInForce, Shelf
from terminal.cli import main
from terminal.domain.identifiers import LppCode
from terminal.i18n import error_text
from terminal.workflow.recipients import profile_of
from terminal.workflow.reference import data_age, directory_entry
from tests.data_repository.build import build, demo_repository, directory_document
from tests.tui.real_shop import AMC, PIN, USER, Shop, enrol, open_shop
from tests.vectors.lpp.codes import BASE, MAKER_LENS
from tests.vectors.lpp.nx import nx_file

Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def signer() -> SigningKey:
    """The insurer's signing key."""
    return SigningKey.generate()


@pytest.fixture
def shop(tmp_path: Path, signer: SigningKey) -> Iterator[Shop]:
    """A terminal with one insurer."""
    with open_shop(tmp_path) as opened:
        opened.counter.unlock(USER, PIN)
        enrol(opened.desk, signer)
        opened.counter.lock()
        opened.desk.home.insurers.change(AMC, authority_pem="-----BEGIN CERTIFICATE-----\n")
        yield opened


@pytest.fixture
def run(shop: Shop, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command on the shop's home; status and JSON."""

    def command(*words: object) -> tuple[int, Any]:
        status = main([*map(str, words), "--home", str(shop.desk.home.path), "--json"])
        return status, json.loads(capsys.readouterr().out)

    return command


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """Where the repository is copied to."""
    return tmp_path / "stick"


def entry_of(record: InsurerRecord, **changed: Any) -> DirectoryEntry:
    """The directory's entry of an enrolled insurer, some of it changed."""
    named = {name: getattr(record, name) for name in ("amc", "name", "convention", "csr", "endpoint", "authority_pem")}
    same = msgspec.convert({**named, "hosting": record.hosting, "signing": record.signing_jwk}, DirectoryEntry)
    return msgspec.structs.replace(same, **changed)


def test_the_root_that_is_shipped_is_the_one_that_is_built() -> None:
    """The demonstration's root is made again byte for byte by the builder."""
    assert demo_repository(datetime.now(UTC)).first_root == demo_root()


def test_nothing_is_taken_before_a_root_is_put_in_place(run: Run, stick: Path) -> None:
    """Without a root, or without a yes, no signature counts; with it, the set is taken, and called what it is."""
    build(stick, {"lpp/lpptot": nx_file(BASE)}, datetime.now(UTC))
    assert run("data", "update", "--from", stick)[1]["error"]["code"] == "data_root_missing"
    assert run("data", "trust", "--demo")[1]["accepted"] is False
    assert run("data", "update", "--from", stick)[0] == 1
    assert run("data", "trust", "--demo", "--from", stick, "--accept")[1]["accepted"] is True
    status, taken = run("data", "update")
    assert (status, taken["source"], taken["accepted"]) == (0, str(stick), False)
    shown = run("data", "show")[1]
    assert (shown["demo"], shown["waiting"], shown["late"]) == (True, True, False)


def test_a_nomenclature_is_shown_then_counts_in_a_running_counter(shop: Shop, run: Run, stick: Path) -> None:
    """Verified is not in force: the comparison first; once accepted, an open catalogue answers with it."""
    running = CatalogueInForce(Shelf(shop.desk.home.path))
    before = running.now().digest
    build(stick, {"lpp/lpptot": nx_file(BASE)}, datetime.now(UTC))
    run("data", "trust", "--demo", "--accept")
    offered = run("data", "update", "--from", stick)[1]["offer"]["catalogue"]
    assert (len(offered["new"]), len(offered["prices"]), offered["accepted"]) == (2, 2, False)
    assert running.now().digest == before
    accepted = run("data", "accept")[1]
    assert accepted["offer"]["catalogue"]["digest"] == offered["digest"] == running.now().digest
    assert running.on(shop.desk.today()).item(LppCode.parse(MAKER_LENS)).base == 5
    assert run("data", "update", "--from", stick)[1]["offer"]["catalogue"] is None
    age = data_age(shop.desk)
    assert age is not None
    assert (age.late, age.waiting) == (False, False)


def test_a_rollback_by_hand_is_not_undone_by_the_next_update(run: Run, stick: Path) -> None:
    """What a person took out of force is not offered again by the same set."""
    build(stick, {"lpp/lpptot": nx_file(BASE)}, datetime.now(UTC))
    run("data", "trust", "--demo", "--accept")
    run("data", "update", "--from", stick, "--accept")
    run("lpp", "rollback")
    assert run("data", "update", "--from", stick, "--accept")[1]["offer"]["catalogue"] is None


def test_the_directory_moves_an_address_and_never_a_signing_key(shop: Shop, run: Run, stick: Path) -> None:
    """Address and hosting follow; another signing key asks for a new enrolment and changes nothing."""
    (record,) = shop.desk.home.insurers.all()
    run("data", "trust", "--demo", "--accept")
    moved = entry_of(record, endpoint="https://ailleurs.example:8443", hosting="Lyon")
    build(stick, {"insurers.json": directory_document([moved])}, datetime.now(UTC))
    taken = run("data", "update", "--from", stick, "--accept")[1]
    assert taken["offer"]["insurers"] == [{"amc": AMC, "fields": ["endpoint", "hosting"], "verdict": "follow"}]
    now = shop.desk.home.insurers.get(AMC)
    assert now == replace(record, endpoint="https://ailleurs.example:8443", hosting="Lyon")
    assert (shop.desk.home.path / HOSTS).read_text() == "ailleurs.example 8443\n"
    stranger = shop.desk.home.signer.public.jwk
    swapped = msgspec.structs.replace(moved, signing=msgspec.convert(stranger, type(moved.signing)), hosting="Metz")
    build(stick, {"insurers.json": directory_document([swapped])}, datetime.now(UTC))
    taken = run("data", "update", "--from", stick, "--accept")[1]
    assert taken["offer"]["insurers"] == [{"amc": AMC, "fields": ["signing"], "verdict": "enrol_again"}]
    assert shop.desk.home.insurers.get(AMC) == now


def test_an_insurer_of_the_directory_can_be_enrolled_by_its_number(shop: Shop, run: Run, stick: Path) -> None:
    """The entry that enrolment needs comes from the verified set."""
    (record,) = shop.desk.home.insurers.all()
    build(stick, {"insurers.json": directory_document([entry_of(record)])}, datetime.now(UTC))
    run("data", "trust", "--demo", "--accept")
    run("data", "update", "--from", stick, "--accept")
    entry = msgspec.json.decode(directory_entry(shop.desk.home.path, AMC), type=DirectoryEntry)
    assert entry == entry_of(record)
    assert main(["insurer", "enrol", "12345678", "--invitation", "x", "--home", str(shop.desk.home.path)]) == 1


def test_a_profile_counts_under_its_insurers_signature_and_from_its_day(
    shop: Shop, run: Run, stick: Path, signer: SigningKey
) -> None:
    """Newer and due: in force; of a later day: kept for then; signed by another: refused with the reason."""
    (record,) = shop.desk.home.insurers.all()
    today, present = shop.desk.today(), profile_of(record, shop.desk.today())
    run("data", "trust", "--demo", "--accept")

    def published(version: int, effective: date, by: SigningKey) -> dict[str, Any]:
        newer = msgspec.structs.replace(present, version=version, effective=effective)
        signed = by.sign(PROFILE_TYP, encode(newer))
        build(stick, {f"profiles/{AMC}.jws": signed.encode()}, datetime.now(UTC))
        (change,) = run("data", "update", "--from", stick, "--accept")[1]["offer"]["profiles"]
        found: dict[str, Any] = change
        return found

    assert published(present.version + 1, today, shop.desk.home.signer)["error"] == "signature_invalid"
    assert profile_of(shop.desk.home.insurers.get(AMC), today) == present
    assert published(present.version + 2, today + timedelta(days=9), signer)["error"] is None
    assert profile_of(shop.desk.home.insurers.get(AMC), today) == present
    assert published(present.version + 3, today, signer)["error"] is None
    assert profile_of(shop.desk.home.insurers.get(AMC), today).version == present.version + 3


def test_a_refused_update_says_why_in_french_and_keeps_the_old(shop: Shop, run: Run, stick: Path) -> None:
    """A cut copy: its own sentence, the status of a refusal, and the last good set as it was."""
    build(stick, {"lpp/lpptot": nx_file(BASE)}, datetime.now(UTC))
    run("data", "trust", "--demo", "--accept")
    run("data", "update", "--from", stick, "--accept")
    held = Reference(shop.desk.home.path).current()
    build(stick, {"lpp/lpptot": nx_file(BASE) + b" "}, datetime.now(UTC))
    newest = max((stick / "targets" / "lpp").iterdir(), key=lambda path: path.stat().st_size)
    newest.write_bytes(newest.read_bytes()[:-1])
    status, answer = run("data", "update", "--from", stick)
    assert (status, answer["error"]["code"]) == (1, "data_cut")
    assert answer["error"]["message"] == error_text("data_cut", answer["error"]["facts"])[0]
    assert Reference(shop.desk.home.path).current() == held


def test_doctor_tells_the_age(shop: Shop, run: Run, stick: Path) -> None:
    """No root is no fault; a demonstration's root is a warning; without a service, that is said too."""

    def line(name: str) -> dict[str, str]:
        checks = run("doctor")[1]["checks"]
        found: dict[str, str] = next(check for check in checks if check["name"] == name)
        return found

    assert line("data")["verdict"] == "pass"
    assert line("service")["verdict"] == "warn"
    build(stick, {}, datetime.now(UTC))
    run("data", "trust", "--demo", "--accept")
    assert line("data")["verdict"] == "warn"
    assert is_demo(Reference(shop.desk.home.path).root())
