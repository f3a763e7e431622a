"""A real terminal in a folder: home, vault with one account, an insurer's signed documents, an emulated reader.

Rules: nothing here stands in for the project's own code; only the insurer's process is absent, for no screen waits
for it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from hardware.emulator import EmulatedSource
from sync.contract.enrolment import PSEUDONYM_INFO
from sync.contract.envelope import KEYS_TYP, PROFILE_TYP, encode
from sync.contract.keys import Jwk, KeySet, SealingPublic, SigningPublic
from sync.contract.profile import ContractTerms, GuaranteeGrid, Profile
from sync.crypto import base64url
from sync.crypto.sealing import OpeningKey
from sync.crypto.signing import SigningKey
from sync.crypto.stretching import Argon2Cost
from sync.insurers import InsurerRecord
from terminal.bootstrap import open_desk, prepare_home
from terminal.config import Config
from terminal.vault import Account
from terminal.workflow.counter import Counter
from terminal.workflow.desk import Desk

CHEAP = Argon2Cost(memory_kib=64, passes=1, lanes=1)
"""What a PIN costs in a test: the real cost would make a run hours long."""
USER, NAME, PIN = "camille", "Camille D.", "2468"
AMC = "99000001"


@dataclass(frozen=True)
class Shop:
    """A counter, and what a test does to its surroundings."""

    counter: Counter
    cards: EmulatedSource
    desk: Desk

    @property
    def reader(self) -> str:
        """The reader into which cards are inserted."""
        return self.cards.readers()[0]


@contextmanager
def open_shop(folder: Path, grace_seconds: int = 600, scanner: str = "") -> Iterator[Shop]:
    """A new terminal below `folder`, locked, with one insurer and an empty reader."""
    home = folder / "home"
    cards = EmulatedSource()
    settings = Config(shop_am_id="991000019", shop_name="Optique Exemple", grace_seconds=grace_seconds, scanner=scanner)
    prepare_home(home, settings)
    with open_desk(home, cards, lambda: CHEAP) as desk:
        desk.vault.accounts.add(Account(USER, NAME), PIN, None)
        desk.vault.unlock(USER, PIN)
        enrol(desk)
        desk.vault.lock()
        yield Shop(Counter(desk), cards, desk)


def enrol(desk: Desk, signing: SigningKey | None = None, amc: str = AMC, **changes: object) -> None:
    """Enrol with the insurer, or take a newer profile of it: `changes` to the usual one, also such as none may have.

    `signing` is the insurer's key, a new one unless it is given.
    """
    said = msgspec.to_builtins(_profile()) | {"insurer": amc} | msgspec.to_builtins(changes)
    profile = msgspec.json.encode(said, order="sorted")
    desk.home.insurers.add(_insurer(desk.vault.seed, profile, signing or SigningKey.generate(), amc))


def _insurer(shop_seed: bytes, profile: bytes, signing: SigningKey, amc: str) -> InsurerRecord:
    sealing = OpeningKey.generate()
    keys = KeySet(
        schema="comptoir/keys/v1",
        insurer=amc,
        version=1,
        signing=(SigningPublic(kid=signing.kid, jwk=msgspec.convert(signing.public.jwk, Jwk)),),
        sealing=(
            SealingPublic(
                kid=sealing.public.kid, suite=sealing.public.suite, public=base64url.to_text(sealing.public.public)
            ),
        ),
    )
    pseudonym = OpeningKey.from_seed(shop_seed).public.seal(b"p" * 32, PSEUDONYM_INFO)
    return InsurerRecord(
        amc=amc,
        name="Mutuelle Essai" if amc == AMC else "Autre Mutuelle",
        convention="ESSAI",
        csr=None,
        endpoint="https://127.0.0.1:1",
        authority_pem="",
        certificate_pem="",
        keys_jws=signing.sign(KEYS_TYP, encode(keys)),
        profile_jws=signing.sign(PROFILE_TYP, profile),
        signing_jwk=signing.public.jwk,
        pseudonym_key_sealed=base64url.to_text(pseudonym),
        hosting="Cette machine",
        enrolled_at=datetime(2026, 11, 1, tzinfo=UTC),
    )


def _profile() -> Profile:
    grid = GuaranteeGrid(frame=8000, lens={"simple": 8000, "complexe": 13000, "tres_complexe": 16000})
    return Profile(
        schema="comptoir/profile/v1",
        insurer=AMC,
        convention="ESSAI",
        name="Mutuelle Essai",
        version=1,
        effective=date(2026, 1, 1),
        code_level="lpp",
        contracts=(ContractTerms(id="confort", label="Confort", kind="responsable", real_cost=False, grid=grid),),
        hosting="Cette machine",
        offline_ceiling=40_000,
    )
