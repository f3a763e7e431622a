"""From a priced draft to the smallest `ClaimMessage` the insurer's profile allows.

Rules: the code level is the profile's; a name or a NIR leaves only when the profile names the field, its legal ground
and an end date that has not passed; that a renewal is early is said only when it is, its ground never; what is not
sent is committed to (one random 256-bit salt each), never hashed bare. Reference: champs_minimaux, CNIL letters of
November 2024.
"""

from dataclasses import dataclass
from datetime import date

from sync.contract.message import SCHEMA, Beneficiary, ClaimMessage, Evidence, Kind, Line, Member, Pec, Tables
from sync.contract.profile import Profile
from sync.crypto.commitments import commit, new_salt, pseudonym
from terminal.domain.errors import DomainError
from terminal.domain.pricing import PricedLine
from terminal.domain.renewal import Renewal
from terminal.workflow.types import Draft, Person, QuoteAnswer


class BirthDateMissing(DomainError):
    """The card has no civil birth date for this person: it must be typed."""

    code = "birth_date_missing"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One insurer as the counter knows it: identifiers, profile with its digest, and the key of its pseudonyms."""

    insurer: str
    convention: str
    csr: str | None
    profile: Profile
    profile_digest: str
    pseudonym_key: bytes


@dataclass(frozen=True, slots=True)
class Minimised:
    """The message, and the salts (hex, by line) of what it only commits to."""

    message: ClaimMessage
    salts: dict[int, str]


@dataclass(frozen=True, slots=True)
class Sender:
    """What every claim of a day says of the terminal: the shop, the day in France."""

    shop: str
    day: date


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a message is for: its id, its kind, and the claim that it corrects or cancels."""

    claim_id: str
    kind: Kind = "claim"
    supersedes: str | None = None


def minimise(purpose: Purpose, sender: Sender, draft: Draft, answer: QuoteAnswer, to: Recipient) -> Minimised:
    """The message for `to`; BirthDateMissing when the beneficiary cannot be designated."""
    quote, early = answer.quote, _early(answer.renewal)
    hidden = range(len(quote.lines)) if to.profile.code_level == "regroupement" else ()
    salts = {index: new_salt() for index in hidden}
    message = ClaimMessage(
        schema=SCHEMA,
        claim_id=purpose.claim_id,
        kind=purpose.kind,
        supersedes=purpose.supersedes,
        pec=Pec(number=draft.agreement.number, date=draft.agreement.given) if draft.agreement else None,
        insurer=to.insurer,
        convention=to.convention,
        csr=to.csr,
        shop=sender.shop,
        member=_member(draft, to, sender.day),
        beneficiary=_beneficiary(draft.person, to.profile, sender.day),
        service_date=draft.service_date or sender.day,
        amo_rate=draft.amo_rate,
        lines=tuple(_line(line, to.profile) for line in quote.lines),
        evidence=tuple(_evidence(index, quote.lines[index], salt) for index, salt in salts.items()),
        tables=Tables(catalogue=answer.catalogue.digest, profile=to.profile_digest),
        early_renewal=True if early else None,
        last_equipment_date=early.last if early and _allowed(to.profile, "last_equipment_date", sender.day) else None,
    )
    return Minimised(message, {index: salt.hex() for index, salt in salts.items()})


def _early(renewal: Renewal | None) -> Renewal | None:
    """The renewal where it is early; an ordinary one is nobody's business."""
    return renewal if renewal is not None and renewal.early else None


def _allowed(profile: Profile, name: str, day: date) -> bool:
    return any(field.field == name and field.until >= day for field in profile.fields)


def _member(draft: Draft, to: Recipient, day: date) -> Member:
    if _allowed(to.profile, "member.nir", day):
        return Member(kind="nir", value=draft.person.nir.digits)
    if draft.member:
        return Member(kind="adherent", value=draft.member)
    return Member(kind="pseudonym", value=pseudonym(to.pseudonym_key, draft.person.nir.digits))


def _beneficiary(person: Person, profile: Profile, day: date) -> Beneficiary:
    raw = person.birth_date_raw
    if person.birth_date is None:
        raise BirthDateMissing(rank=person.rank)
    name = f"{person.surname} {person.given_name}" if _allowed(profile, "beneficiary.name", day) else None
    return Beneficiary(birth_date=f"{raw[:4]}-{raw[4:6]}-{raw[6:]}", rank=person.rank, name=name)


def _line(line: PricedLine, profile: Profile) -> Line:
    code = line.lpp_code if profile.code_level == "lpp" else line.regroupement
    if code is None:
        raise RegroupementUnknown(lpp_code=str(line.lpp_code))
    return Line(
        item=line.item,
        eye=line.eye,
        code=str(code),
        quantity=line.quantity,
        price=line.price,
        base=line.base,
        amo=line.amo,
        amc=line.amc,
        reste_a_charge=line.reste_a_charge,
    )


class RegroupementUnknown(DomainError):
    """This LPP code has no known regroupement code: it cannot be sent to an insurer of that level."""

    code = "regroupement_unknown"


def _evidence(index: int, line: PricedLine, salt: bytes) -> Evidence:
    return Evidence(name="lpp_code", line=index, commitment=commit(str(line.lpp_code), salt))
