"""The insurers this terminal is enrolled with, as the counter uses them.

Rules: a profile counts only when the insurer's signature over it verifies with a key that speaks for it, and when it
asks for nothing that no claim has; one insurer's bad profile stops claims to that insurer only. The pseudonym key
opens only with the shop key, so only while somebody is logged in.
"""

from datetime import date
from functools import lru_cache

from sync.contract.enrolment import PSEUDONYM_INFO
from sync.contract.envelope import KEYS_TYP, PROFILE_TYP, decode, digest
from sync.contract.keys import KeySet
from sync.contract.profile import ContractTerms, Profile
from sync.crypto import base64url
from sync.crypto.sealing import OpeningKey, SealingKey
from sync.errors import SignatureInvalid, SyncError
from sync.insurers import InsurerRecord
from sync.trust import keys_in, pinned_key, profile_jws_on, verified
from terminal.domain.errors import DomainError
from terminal.domain.rights import Contract, Grid
from terminal.workflow.minimise import Recipient
from terminal.workflow.profiles import load_profile
from terminal.workflow.types import ContractChoice, InsurerChoice


class ContractUnknown(DomainError):
    """The insurer's profile has no contract of this name."""

    code = "contract_unknown"


def profile_of(record: InsurerRecord, day: date) -> Profile:
    """The verified profile of an insurer as it is loaded on `day`.

    Raises SignatureInvalid, ContractError, ProfileFieldForbidden or ProfileNotYetEffective.
    """
    profile = load_profile(_payload(*_signed(record), profile_jws_on(record, day)), day)
    if profile.insurer != record.amc:
        raise SignatureInvalid("the profile is another insurer's")
    return profile


def sealing_key_of(record: InsurerRecord) -> SealingKey:
    """The insurer's sealing key: the first of its verified key set."""
    return _sealing_key(*_signed(record))


@lru_cache(maxsize=32)
def _payload(amc: str, signing: tuple[tuple[str, str], ...], keys_jws: str, profile_jws: str) -> bytes:
    """Verified once for each set of bytes: signatures over the same bytes do not change."""
    return verified(keys_in(pinned_key(dict(signing)), keys_jws, amc), PROFILE_TYP, profile_jws)


@lru_cache(maxsize=32)
def _sealing_key(amc: str, signing: tuple[tuple[str, str], ...], keys_jws: str) -> SealingKey:
    pinned = pinned_key(dict(signing))
    keys_in(pinned, keys_jws, amc)
    first = decode(pinned.verify(KEYS_TYP, keys_jws), KeySet).sealing[0]
    return SealingKey(first.suite, base64url.to_bytes(first.public))


def _signed(record: InsurerRecord) -> tuple[str, tuple[tuple[str, str], ...], str]:
    return record.amc, tuple(sorted(record.signing_jwk.items())), record.keys_jws


def recipient_of(record: InsurerRecord, shop_seed: bytes, day: date) -> Recipient:
    """All that a claim to this insurer needs, the pseudonym key included."""
    opening = OpeningKey.from_seed(shop_seed)
    return Recipient(
        insurer=record.amc,
        convention=record.convention,
        csr=record.csr,
        profile=profile_of(record, day),
        profile_digest=digest(profile_jws_on(record, day).encode("ascii")),
        pseudonym_key=opening.open(base64url.to_bytes(record.pseudonym_key_sealed), PSEUDONYM_INFO),
    )


def choice_of(record: InsurerRecord, day: date) -> InsurerChoice:
    """The insurer as the form offers it; without contracts, and with the reason, when its profile cannot be used."""
    try:
        profile = profile_of(record, day)
    except (DomainError, SyncError) as error:
        return InsurerChoice(record.amc, record.name, (), (error.code, dict(error.facts)))
    contracts = tuple(ContractChoice(terms.id, terms.label) for terms in profile.contracts)
    return InsurerChoice(record.amc, record.name, contracts)


def first_contract(record: InsurerRecord, day: date) -> str:
    """The id of the first contract of a profile, which always has one. Raises what `profile_of` raises."""
    return profile_of(record, day).contracts[0].id


def contract_of(profile: Profile, contract_id: str) -> Contract:
    """The guarantee `contract_id` of a profile, as the pricing wants it."""
    found = [terms for terms in profile.contracts if terms.id == contract_id]
    if not found:
        raise ContractUnknown(contract=contract_id)
    return _contract(found[0])


def _contract(terms: ContractTerms) -> Contract:
    grid = Grid(frame=terms.grid.frame, lens=dict(terms.grid.lens)) if terms.grid else None
    return Contract(kind=terms.kind, grid=grid, real_cost=terms.real_cost, ani=terms.ani)
