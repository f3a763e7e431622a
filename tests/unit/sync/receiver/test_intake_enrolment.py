"""Enrolment: one letter, five tries, one terminal; the code is proved and never sent."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from sync.contract.activation import ActivationCode
from sync.contract.enrolment import PSEUDONYM_INFO
from sync.contract.envelope import KEYS_TYP, PROFILE_TYP, KeyId, decode
from sync.contract.keys import KeySet
from sync.contract.profile import Profile
from sync.crypto import base64url
from sync.crypto.certificates import not_after
from sync.crypto.sealing import OpeningKey
from sync.receiver.admission import Asked
from sync.receiver.db import Ledger, certificates, invitations, terminals
from sync.receiver.enrol import MAX_ATTEMPTS, Letter, invite
from sync.receiver.folder import IntakeMaterial
from sync.receiver.intake import Intake
from sync.receiver.refusal import Refusal
from tests.unit.sync.receiver.visitor import SHOP, Clock, Visitor


@pytest.fixture
def letter(ledger: Ledger, clock: Clock) -> Letter:
    """A posted letter."""
    return invite(ledger, SHOP, clock())


def refused(intake: Intake, asked: Asked) -> str:
    """The code of the refusal."""
    with pytest.raises(Refusal) as caught:
        intake.enrol(asked)
    return caught.value.problem.code


def test_a_letter_makes_a_terminal(
    intake: Intake, stranger: Visitor, letter: Letter, material: IntakeMaterial, clock: Clock
) -> None:
    """The answer has a certificate for 90 days, signed keys and profile, and the pseudonym key for the shop alone."""
    answer = stranger.keep(intake.enrol(stranger.enrolment(letter)).body)
    signer = material.signer.public
    keys = decode(signer.verify(KEYS_TYP, answer["keys"]), KeySet)
    profile = decode(signer.verify(PROFILE_TYP, answer["profile"]), Profile)
    sealed = base64url.to_bytes(answer["pseudonym_key"])
    assert (answer["shop"], answer["device"]) == (SHOP, stranger.signer.kid)
    assert (not_after(answer["certificate"].encode()) - clock()).days == 90
    assert (keys.signing[0].kid, profile.code_level) == (signer.kid, "lpp")
    assert stranger.shop_key.open(sealed, PSEUDONYM_INFO) == material.pseudonym_key
    assert intake.state(stranger.ask("GET", "/v1/state")).status == 200


def test_the_code_never_travels(stranger: Visitor, letter: Letter) -> None:
    """No spelling of the activation code is in the request."""
    body = stranger.enrolment(letter).body
    code = ActivationCode.parse(letter.activation_code)
    assert code.symbols.encode() not in body
    assert letter.activation_code.encode() not in body


def test_a_lost_answer_is_given_again(intake: Intake, stranger: Visitor, letter: Letter, ledger: Ledger) -> None:
    """The same request bytes get the same answer, and make one terminal with one certificate."""
    asked = stranger.enrolment(letter)
    first = intake.enrol(asked)
    again = intake.enrol(asked)
    with ledger.reading() as connection:
        counts = [len(connection.execute(select(table)).all()) for table in (terminals, certificates)]
    assert first == again
    assert counts == [1, 1]


def test_a_letter_is_good_for_one_terminal(
    intake: Intake, stranger: Visitor, letter: Letter, opening: OpeningKey, clock: Clock
) -> None:
    """A second terminal with the same letter is refused, and so is another request of the first."""
    intake.enrol(stranger.enrolment(letter))
    second = Visitor(opening.public, clock)
    assert refused(intake, second.enrolment(letter)) == "invitation_closed"
    assert refused(intake, stranger.enrolment(letter)) == "invitation_closed"


def test_five_wrong_proofs_lock_the_letter(intake: Intake, stranger: Visitor, letter: Letter) -> None:
    """Five guesses are refused and the right code is refused after them."""
    guesses = [
        refused(intake, stranger.enrolment(letter, ActivationCode.generate().grouped())) for _ in range(MAX_ATTEMPTS)
    ]
    assert guesses == ["activation_refused"] * 5
    assert refused(intake, stranger.enrolment(letter)) == "invitation_closed"


def test_four_wrong_proofs_do_not(intake: Intake, stranger: Visitor, letter: Letter) -> None:
    """After four guesses the right code still enrols."""
    for _ in range(MAX_ATTEMPTS - 1):
        refused(intake, stranger.enrolment(letter, ActivationCode.generate().grouped()))
    assert intake.enrol(stranger.enrolment(letter)).status == 201


def test_a_letter_expires(intake: Intake, stranger: Visitor, letter: Letter, ledger: Ledger, clock: Clock) -> None:
    """After its last day the right code is refused, and no longer kept."""
    clock.at = letter.expires_at
    assert refused(intake, stranger.enrolment(letter)) == "invitation_closed"
    with ledger.reading() as connection:
        assert connection.execute(select(invitations.c.code)).scalar_one() is None


def test_an_unknown_letter_and_a_wrong_code_look_alike(intake: Intake, stranger: Visitor, letter: Letter) -> None:
    """Nobody learns from the answer whether an invitation exists."""
    unknown = refused(intake, stranger.enrolment(letter, invitation="00000000"))
    assert unknown == refused(intake, stranger.enrolment(letter, ActivationCode.generate().grouped()))


@pytest.mark.parametrize(
    "changed",
    [{"insurer": "11111111"}, {"certificate_request": "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n"}],
    ids=["other insurer", "no certificate request"],
)
def test_a_request_of_a_wrong_form_costs_no_try(
    intake: Intake, stranger: Visitor, letter: Letter, changed: dict[str, Any]
) -> None:
    """What is not of the form is refused, and the letter stays good."""
    assert refused(intake, stranger.enrolment(letter, **changed)) == "request_invalid"
    assert intake.enrol(stranger.enrolment(letter)).status == 201


def test_the_sealing_key_has_its_own_name(intake: Intake, stranger: Visitor, letter: Letter) -> None:
    """A shop key under a name that does not follow from its bytes is refused."""
    body = json.loads(stranger.enrolment(letter).body)
    wrong: KeyId = "A" * 43
    renamed = stranger.shop_key.public
    assert body["sealing"]["kid"] == renamed.kid
    stranger.shop_key = _Renamed(stranger.shop_key, wrong)  # type: ignore[assignment]
    assert refused(intake, stranger.enrolment(letter)) == "request_invalid"


class _Renamed:
    def __init__(self, key: OpeningKey, kid: str) -> None:
        self.public = OpeningKey.from_seed(key.seed, key.public.suite).public
        self.public.kid = kid


def test_a_terminal_signs_its_own_request(
    intake: Intake, stranger: Visitor, letter: Letter, opening: OpeningKey, clock: Clock
) -> None:
    """A request that brings one key and is signed by another is refused."""
    asked = stranger.enrolment(letter)
    thief = Visitor(opening.public, clock)
    signed = thief.ask("POST", asked.path, asked.body, content_type=asked.headers["content-type"])
    assert refused(intake, signed) == "signature_invalid"


def test_a_terminal_stays_with_its_shop(
    intake: Intake, enrolled: Callable[[], Visitor], ledger: Ledger, clock: Clock
) -> None:
    """A key that is enrolled for one shop gets a new certificate for it, and none for another shop."""
    visitor = enrolled()
    elsewhere = invite(ledger, "759999992", clock())
    assert refused(intake, visitor.enrolment(elsewhere)) == "request_invalid"
    again = invite(ledger, SHOP, clock())
    assert intake.enrol(visitor.enrolment(again)).status == 201


def test_letters_differ(ledger: Ledger, clock: Clock) -> None:
    """No two letters have the same id or code."""
    letters = [invite(ledger, SHOP, clock()) for _ in range(5)]
    assert len({letter.invitation for letter in letters}) == len({letter.activation_code for letter in letters}) == 5
