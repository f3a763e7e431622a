"""New keys and profiles at the insurer's: announced by the key before, whole after a cut, retired on purpose."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sync.contract.envelope import KEYS_TYP, decode
from sync.contract.keys import KeySet
from sync.contract.profile import ContractTerms
from sync.crypto.sealing import OpeningKey
from sync.crypto.signing import SigningKey, VerifyingKey
from sync.durable import replace_file
from sync.errors import ContractError
from sync.receiver import rotation
from sync.receiver.announced import announced, kid_of
from sync.receiver.cli import main
from sync.receiver.db import Ledger
from sync.receiver.enrol import invite
from sync.receiver.folder import announced_in, create_insurer, open_intake, open_opener
from sync.receiver.intake import Intake
from sync.receiver.opener import Opened, open_claims
from sync.receiver.rotation import MOST_KEYS, retire_signing, rotate_sealing, rotate_signing, set_profile
from sync.receiver.terms import Terms, parse_settings, profile_of
from tests.unit.sync.receiver.visitor import AMC, CONVENTION, ORIGIN, SHOP, Clock, Visitor

TODAY = Clock().at.date()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A new insurer of this test's own."""
    stated = {"amc": AMC, "name": "Mutuelle d'essai", "convention": CONVENTION, "endpoint": ORIGIN, "hosting": "ici"}
    settings = parse_settings(stated)
    create_insurer(tmp_path / "own", settings, profile_of(settings, "lpp", Terms(), TODAY), Clock().at)
    return tmp_path / "own"


def terms(ceiling: int, effective: date | None = None) -> Terms:
    """Terms that can be told apart."""
    contract = ContractTerms(id="c", label="C", kind="ticket_moderateur", real_cost=False)
    return Terms(contracts=(contract,), offline_ceiling=ceiling, effective=effective)


def test_the_key_before_announces_the_new_one(folder: Path) -> None:
    """The set after a rotation verifies under the former key, names the new key first, and the intake signs with it."""
    former = open_intake(folder).signer
    rotate_signing(folder)
    material = open_intake(folder)
    keys = decode(former.public.verify(KEYS_TYP, material.announced.keys_jws), KeySet)
    assert [one.kid for one in keys.signing] == [material.signer.kid, former.kid]
    assert (keys.version, keys.sealing) == (2, material.announced.keys.sealing)
    directory = material.directory_entry(ORIGIN)
    assert VerifyingKey.from_jwk(msgspec.to_builtins(directory.signing)) == former.public
    assert material.announced.profile.version == 1


def test_eight_keys_are_kept(folder: Path) -> None:
    """The oldest drops out at the ninth; each set is announced by the key before."""
    for number in range(MOST_KEYS + 1):
        former = open_intake(folder).signer
        keys = rotate_signing(folder)
        assert keys.version == number + 2
        assert announced_in(folder).announcer == former.public
        if number < MOST_KEYS - 1:
            assert len(keys.signing) == number + 2
    assert len(announced_in(folder).keys.signing) == MOST_KEYS


@pytest.mark.parametrize("writes", [0, 1, 2, 3])
def test_a_cut_rotation_leaves_an_insurer_that_works(
    folder: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    """Wherever the power goes, key, set and profile hold together, and the next rotation ends or begins anew."""
    real, left = rotation._write, [writes]

    def cut(*arguments: Any) -> None:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(rotation, "_write", cut)
        patch.setattr(rotation, "_forget", cut)
        with pytest.raises(KeyboardInterrupt):
            rotate_signing(folder)
    material = open_intake(folder)
    assert material.signer.kid in {one.kid for one in material.announced.keys.signing}
    ended = rotate_signing(folder)
    assert (ended.version, ended.signing[0].kid) == (2, open_intake(folder).signer.kid)
    assert not (folder / "intake" / "next-signing.key").exists()


def test_a_retired_key_speaks_no_more(folder: Path) -> None:
    """The set is then signed by the key in use, without the retired one; the same profile is signed again."""
    former = open_intake(folder).signer
    rotate_signing(folder)
    keys = retire_signing(folder, former.kid)
    material = open_intake(folder)
    assert [one.kid for one in keys.signing] == [material.signer.kid]
    assert material.announced.announcer == material.signer.public
    assert (kid_of(material.announced.profile_jws), material.announced.profile.version) == (material.signer.kid, 1)


def test_the_key_in_use_is_not_retired(folder: Path) -> None:
    """Nor is one that nobody knows."""
    for kid in (open_intake(folder).signer.kid, "A" * 43):
        with pytest.raises(ContractError):
            retire_signing(folder, kid)


def test_a_new_sealing_key_leaves_the_former_one_good(folder: Path, clock: Clock, tmp_path: Path) -> None:
    """Claims sealed to either are taken and opened; the set names the new one first and is signed as before."""
    old = open_opener(folder)
    keys = rotate_sealing(folder)
    assert [one.kid for one in keys.sealing] == [open_opener(folder).public.kid, old.public.kid]
    assert announced_in(folder).announcer == open_intake(folder).signer.public
    with Ledger.at(tmp_path / "intake.db") as ledger:
        intake = Intake(ledger, open_intake(folder), ORIGIN, clock)
        for recipient in (old.public, open_opener(folder).public):
            visitor = Visitor(recipient, clock)
            visitor.keep(intake.enrol(visitor.enrolment(invite(ledger, SHOP, clock()))).body)
            assert visitor.push(intake, visitor.package()).status == 201
        found = list(open_claims(ledger, open_opener(folder)))
        alone = list(open_claims(ledger, OpeningKey(open_opener(folder).seed)))
    assert [type(one) for one in found] == [Opened, Opened]
    assert sorted(type(one).__name__ for one in alone) == ["NotOpened", "Opened"]


@pytest.mark.parametrize("writes", range(4))
def test_no_cut_leaves_a_key_that_opens_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch, writes: int) -> None:
    """Wherever the power goes in a rotation, every announced sealing key is in the opener's hands."""
    real, left = replace_file, [writes]

    def cut(*arguments: Any) -> None:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(rotation, "replace_file", cut)
        with pytest.raises(KeyboardInterrupt):
            rotate_sealing(folder)
    for key in announced_in(folder).keys.sealing:
        assert open_opener(folder).of(key.kid).public.kid == key.kid
    rotate_sealing(folder)
    assert open_opener(folder).public.kid == announced_in(folder).keys.sealing[0].kid


def test_a_profile_waits_for_its_day(folder: Path) -> None:
    """Until then both are announced; from then on it is the one in force, and the next version builds on it."""
    later = TODAY + timedelta(days=10)
    set_profile(folder, terms(700, later), TODAY)
    found = announced_in(folder)
    assert (found.profile.version, found.newest().version) == (1, 2)
    assert found.on(TODAY) == (found.profile_jws, found.coming_jws)
    assert found.on(later - timedelta(days=1)) == (found.profile_jws, found.coming_jws)
    assert found.on(later) == (found.coming_jws, None)
    set_profile(folder, terms(800), later)
    found = announced_in(folder)
    assert (found.profile.version, found.profile.offline_ceiling, found.coming) == (3, 800, None)


def test_the_intake_answers_both_profiles(
    folder: Path, ledger: Ledger, clock: Clock, enrolled: Callable[[], Visitor]
) -> None:
    """`GET /v1/profile` has the one in force and the one to come, by the intake's own day."""
    set_profile(folder, terms(700, TODAY + timedelta(days=10)), TODAY)
    visitor = enrolled()
    intake = Intake(ledger, open_intake(folder), ORIGIN, clock)
    first = json.loads(intake.profile(visitor.ask("GET", "/v1/profile")).body)
    clock.pass_time(days=10)
    second = json.loads(intake.profile(visitor.ask("GET", "/v1/profile")).body)
    assert (sorted(first), sorted(second)) == (["coming", "profile"], ["profile"])
    assert second["profile"] == first["coming"]


def test_what_does_not_hold_together_is_told(folder: Path) -> None:
    """A set or a profile by a key that is not in the set is a damaged folder."""
    found, stranger = announced_in(folder), SigningKey.generate()
    foreign = stranger.sign(KEYS_TYP, b"{}")
    for parts in ((foreign, found.profile_jws), (found.keys_jws, foreign), ("x.y", found.profile_jws)):
        with pytest.raises(ContractError):
            announced(parts[0], parts[1], None)


def test_the_operator_rotates(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`keys list`, `rotate`, `retire` and `profile show`, `set`; witnesses wait for a coming profile."""

    def run(*arguments: str, status: int = 0) -> dict[str, Any]:
        assert main([*arguments, "--dir", str(folder), "--json"]) == status
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    (first,) = run("keys", "list")["signing"]
    rotated = run("keys", "rotate")
    assert [one["in_use"] for one in rotated["signing"]] == [True, False]
    assert rotated == run("keys", "list")
    assert [one["in_use"] for one in run("keys", "retire", "--kid", first["kid"])["signing"]] == [True]
    file = tmp_path / "terms.json"
    file.write_text(json.dumps({"offline_ceiling": 700, "effective": "2999-01-01"}))
    assert run("profile", "set", "--terms", str(file)) == {"version": 2, "effective": "2999-01-01"}
    shown = run("profile", "show")
    assert (shown["profile"]["version"], shown["coming"]["offline_ceiling"]) == (1, 700)
    assert run("log", "--witness", "x=https://w.example", status=1)["error"]["code"]
