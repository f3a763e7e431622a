"""A terminal follows its insurer's new keys and profile, and believes nothing older or unsigned."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec.structs import replace as msgspec_replace

from sync.contract.envelope import KEYS_TYP, PROFILE_TYP, decode, encode
from sync.contract.keys import KeySet
from sync.contract.profile import Profile
from sync.crypto.signing import SigningKey
from sync.daemon import drain_now
from sync.errors import ContractError, SignatureInvalid, TermsRolledBack
from sync.insurers import InsurerRecord
from sync.receipts import verify_receipt
from sync.receiver.folder import open_intake
from sync.receiver.rotation import retire_signing, rotate_sealing, rotate_signing, set_profile
from sync.receiver.terms import Terms
from sync.trust import Told, followed, known_keys, profile_in, profile_jws_on, trusted_keys
from tests.integration.sync.world import Insurer, Terminal, sealing_key

TODAY = datetime.now(UTC).date()
AMC = "99900201"


@pytest.fixture
def rotating(own_insurer: Callable[[str], Insurer]) -> Insurer:
    """An insurer whose keys this test may change."""
    return own_insurer(AMC)


def restarted(insurer: Insurer) -> None:
    """The intake with what its folder says now."""
    insurer.stop()
    insurer.start()


def sends_one(terminal: Terminal) -> str:
    """The id of a claim that left and was settled by one pass of the service."""
    (claim_id,) = terminal.register(AMC)
    report = drain_now(terminal.home)
    assert (report.errors, report.acknowledged) == ({}, 1)
    return claim_id


def verifies(terminal: Terminal, claim_id: str) -> None:
    """The receipt of a claim verifies from its bytes, under keys that spoke when it came."""
    row, record = terminal.home.outbox.get(claim_id), terminal.home.insurers.get(AMC)
    verify_receipt(row, row.receipt or "", known_keys(record), terminal.home.signer.kid)


def test_claims_go_on_through_rotations(terminal: Terminal, rotating: Insurer) -> None:
    """Claims are settled under the new key; every older receipt verifies, also once retired."""
    terminal.enrol(rotating)
    first_key = open_intake(rotating.folder).signer.kid
    claims = [sends_one(terminal)]
    rotate_signing(rotating.folder)
    restarted(rotating)
    claims.append(sends_one(terminal))
    retire_signing(rotating.folder, first_key)
    restarted(rotating)
    claims.append(sends_one(terminal))
    record = terminal.home.insurers.get(AMC)
    assert first_key not in {key.kid for key in trusted_keys(record)}
    assert first_key in {key.kid for key in known_keys(record)}
    for claim_id in claims:
        verifies(terminal, claim_id)


def test_a_terminal_enrolled_in_between_follows_too(terminal: Terminal, rotating: Insurer) -> None:
    """The directory names the key that announced the set in force: one who comes new believes it."""
    rotate_signing(rotating.folder)
    restarted(rotating)
    terminal.enrol(rotating)
    sends_one(terminal)


def test_a_terminal_that_missed_the_announcement_stays_as_it_was(terminal: Terminal, rotating: Insurer) -> None:
    """When the only key it knows was retired meanwhile, nothing is believed, the claim waits, and a letter helps."""
    terminal.enrol(rotating)
    old, first_key = terminal.home.insurers.get(AMC), open_intake(rotating.folder).signer.kid
    rotate_signing(rotating.folder)
    retire_signing(rotating.folder, first_key)
    restarted(rotating)
    (claim_id,) = terminal.register(AMC)
    assert drain_now(terminal.home).errors == {AMC: "signature_invalid"}
    assert terminal.home.insurers.get(AMC) == old
    assert terminal.home.outbox.get(claim_id).state == "queued"
    terminal.enrol(rotating)
    assert drain_now(terminal.home).acknowledged == 1


def test_claims_are_sealed_to_the_new_key(terminal: Terminal, rotating: Insurer) -> None:
    """After a rotation of the sealing key the terminal seals to the new one; the opener reads claims of both."""
    terminal.enrol(rotating)
    before = sealing_key(terminal.home.insurers.get(AMC)).kid
    claims = {sends_one(terminal)}
    (waiting,) = terminal.register(AMC)
    rotate_sealing(rotating.folder)
    restarted(rotating)
    claims |= {waiting}
    assert drain_now(terminal.home).acknowledged == 1
    claims.add(sends_one(terminal))
    assert sealing_key(terminal.home.insurers.get(AMC)).kid not in ("", before)
    assert {one["claim_id"] for one in rotating.claims()} == claims


def test_a_coming_profile_counts_from_its_day_without_a_line(terminal: Terminal, rotating: Insurer) -> None:
    """It is kept beside the one in force; on its day it is the one in force, though nobody was asked."""
    terminal.enrol(rotating)
    later = TODAY + timedelta(days=10)
    set_profile(rotating.folder, Terms(offline_ceiling=700, effective=later), TODAY)
    restarted(rotating)
    drain_now(terminal.home)
    rotating.stop()
    record = terminal.home.insurers.get(AMC)

    def ceiling(day: date) -> int:
        return profile_in(trusted_keys(record), profile_jws_on(record, day), AMC).offline_ceiling

    assert [ceiling(later - timedelta(days=1)), ceiling(later)] == [0, 700]
    rotating.start()


def in_version(keys: KeySet, version: int) -> KeySet:
    """The same keys under another version."""
    return msgspec_replace(keys, version=version)


class Insurance:
    """What an insurer could say: its key, key sets and profiles at will."""

    def __init__(self, record: InsurerRecord, folder_signer: SigningKey) -> None:
        self.signer = folder_signer
        self.keys = decode(folder_signer.public.verify(KEYS_TYP, record.keys_jws), KeySet)
        self.profile = profile_in(trusted_keys(record), record.profile_jws, record.amc)

    def told(self, keys: KeySet | None = None, profile: Profile | None = None, coming: Profile | None = None) -> Told:
        """These, signed by the key in use."""
        signed = None if coming is None else self.signer.sign(PROFILE_TYP, encode(coming))
        return Told(
            self.signer.sign(KEYS_TYP, encode(keys or self.keys)),
            self.signer.sign(PROFILE_TYP, encode(profile or self.profile)),
            signed,
        )


@pytest.fixture
def said(enrolled: Terminal, insurer: Insurer) -> tuple[InsurerRecord, Insurance]:
    """An enrolment, and who may speak for its insurer."""
    record = enrolled.home.insurers.get(insurer.amc)
    return record, Insurance(record, open_intake(insurer.folder).signer)


def test_the_same_said_again_changes_nothing(said: tuple[InsurerRecord, Insurance]) -> None:
    """Other signatures over the same content are no news."""
    record, insurance = said
    assert followed(record, insurance.told(), TODAY) == record


def test_nothing_older_or_changed_under_its_version_is_believed(said: tuple[InsurerRecord, Insurance]) -> None:
    """Versions only grow, of keys and of profiles."""
    record, insurance = said
    newer = followed(
        record, insurance.told(in_version(insurance.keys, 5), msgspec_replace(insurance.profile, version=5)), TODAY
    )
    assert newer != record
    changed = msgspec_replace(insurance.profile, version=5, offline_ceiling=9)
    for told, part in (
        (insurance.told(profile=insurance.profile), "keys"),
        (insurance.told(in_version(insurance.keys, 5), insurance.profile), "profile"),
        (insurance.told(in_version(insurance.keys, 5), changed), "profile"),
        (insurance.told(in_version(insurance.keys, 5), insurance.profile, changed), "profile"),
    ):
        with pytest.raises(TermsRolledBack) as caught:
            followed(newer, told, TODAY)
        assert caught.value.facts["part"] == part


def test_nobody_else_speaks_for_the_insurer(said: tuple[InsurerRecord, Insurance]) -> None:
    """A set by an unknown key, a profile by a key outside the set, another insurer's set: refused whole."""
    record, insurance = said
    stranger = Insurance(record, insurance.signer)
    stranger.signer = SigningKey.generate()
    mixed = replace(insurance.told(in_version(insurance.keys, 9)), profile=stranger.told().profile)
    other = insurance.told(msgspec_replace(insurance.keys, insurer="11111111", version=9))
    for told in (stranger.told(in_version(insurance.keys, 9)), mixed, other):
        with pytest.raises(SignatureInvalid):
            followed(record, told, TODAY)
    with pytest.raises((SignatureInvalid, ContractError)):
        followed(record, Told("x", "y"), TODAY)


def test_a_profile_from_a_later_day_is_not_in_force(said: tuple[InsurerRecord, Insurance]) -> None:
    """Even when an insurer says it is, the terminal waits for the day that the profile names."""
    record, insurance = said
    early = msgspec_replace(insurance.profile, version=2, effective=TODAY + timedelta(days=3))
    new = followed(record, insurance.told(profile=early), TODAY)
    assert new.profile_jws == record.profile_jws
    assert new.coming_profile_jws is not None
    taken = followed(new, insurance.told(profile=early), TODAY + timedelta(days=3))
    assert profile_in(trusted_keys(taken), taken.profile_jws, record.amc) == early
    assert taken.coming_profile_jws is None


def test_a_clock_that_goes_back_undoes_no_profile(said: tuple[InsurerRecord, Insurance]) -> None:
    """A profile that came into force stays, whatever this machine takes the day to be afterwards."""
    record, insurance = said
    later = TODAY + timedelta(days=3)
    told = insurance.told(coming=msgspec_replace(insurance.profile, version=2, effective=later))
    taken = followed(record, told, later)
    assert profile_in(trusted_keys(taken), taken.profile_jws, record.amc).version == 2
    assert followed(taken, told, TODAY) == taken
