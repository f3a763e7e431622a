"""A terminal as the intake sees it, without a network: it makes packages and signed requests, right or wrong ones."""

import json
import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from sync.contract.activation import ActivationCode
from sync.contract.enrolment import EnrolmentOffer, EnrolmentRequest, proof_of
from sync.contract.envelope import DISPATCH_TYP, GENESIS, Dispatch, Envelope, Package, decode, digest, encode
from sync.contract.exchange import BATCH_TYPE, ENROLMENT_TYPE, PACKAGE_TYPE, RENEWAL_TYPE, join_batch
from sync.contract.keys import Jwk, SealingPublic
from sync.contract.message import SCHEMA, Beneficiary, ClaimMessage, Line, Member, Tables
from sync.contract.renewal import RenewalRequest
from sync.crypto import base64url
from sync.crypto.certificates import der_of, make_csr, new_tls_key
from sync.crypto.claims import seal_claim
from sync.crypto.httpsig import Request, sign_request
from sync.crypto.sealing import OpeningKey, SealingKey
from sync.crypto.signing import SigningKey
from sync.receiver.admission import Asked
from sync.receiver.enrol import Letter
from sync.receiver.intake import Answer, Intake

AMC = "99999997"
CONVENTION = "OPTI"
SHOP = "759999991"
ORIGIN = "https://insurer.example:8443"


@dataclass
class Clock:
    """An instant that moves only when a test says so."""

    at: datetime = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The instant, aware UTC."""
        return self.at

    def pass_time(self, **amount: float) -> None:
        """Let some time pass (timedelta arguments)."""
        self.at += timedelta(**amount)


def claim_message(claim_id: str, shop: str = SHOP) -> ClaimMessage:
    """A valid claim about nobody."""
    line = Line(item="frame", code="2222124", quantity=1, price=3000, base=900, amo=540, amc=2460, reste_a_charge=0)
    return ClaimMessage(
        schema=SCHEMA,
        claim_id=claim_id,
        kind="claim",
        insurer=AMC,
        convention=CONVENTION,
        shop=shop,
        member=Member(kind="adherent", value="A0001"),
        beneficiary=Beneficiary(birth_date="1984-05-01", rank=1),
        service_date=date(2026, 11, 20),
        amo_rate=60,
        lines=(line,),
        tables=Tables(catalogue="0" * 64, profile="1" * 64),
    )


def new_claim_id() -> str:
    """A random id of the form of a UUIDv7."""
    digits = secrets.token_hex(16)
    return f"{digits[:8]}-{digits[8:12]}-7{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"


@dataclass
class Visitor:
    """A terminal with its keys, its certificate once it is enrolled, and the chain it has dispatched so far."""

    recipient: SealingKey
    clock: Clock
    signer: SigningKey = field(default_factory=SigningKey.generate)
    tls_key: bytes = field(default_factory=new_tls_key)
    shop_key: OpeningKey = field(default_factory=OpeningKey.generate)
    certificate: bytes | None = None
    seq: int = 0
    head: str = GENESIS

    def envelope(self, claim_id: str | None = None, shop: str = SHOP) -> Envelope:
        """A freshly sealed claim."""
        message = claim_message(claim_id or new_claim_id(), shop)
        return decode(seal_claim(message, self.signer, self.recipient).envelope, Envelope)

    def dispatch_of(self, envelope: Envelope) -> Dispatch:
        """The next dispatch of this terminal's chain, for an envelope."""
        return Dispatch(
            schema="comptoir/dispatch/v1",
            claim_id=envelope.claim_id,
            insurer=envelope.insurer,
            device=self.signer.kid,
            seq=self.seq + 1,
            prev=self.head,
            envelope=digest(encode(envelope)),
        )

    def pack(self, envelope: Envelope, dispatch: Dispatch) -> bytes:
        """A package with this dispatch, whatever it says; the chain goes on from it."""
        signed = self.signer.sign(DISPATCH_TYP, encode(dispatch))
        self.seq, self.head = dispatch.seq, digest(signed.encode())
        return encode(Package(dispatch=signed, envelope=envelope))

    def package(self, claim_id: str | None = None, shop: str = SHOP) -> bytes:
        """The next package of the chain, all of it right."""
        envelope = self.envelope(claim_id, shop)
        return self.pack(envelope, self.dispatch_of(envelope))

    def ask(self, method: str, path: str, body: bytes = b"", *, origin: str = ORIGIN, **fields: str) -> Asked:
        """A signed request to an origin; field names are written with underscores."""
        headers = {name.replace("_", "-"): value for name, value in fields.items()}
        signed = sign_request(self.signer, Request(method, origin + path, headers, body), self.clock())
        return Asked(method, path, {**headers, **signed}, body, self.certificate)

    def put(self, package: bytes, claim_id: str | None = None) -> Asked:
        """PUT of a package under its own id, or under another."""
        named = claim_id or decode(package, Package).envelope.claim_id
        return self.ask("PUT", f"/v1/claims/{named}", package, content_type=PACKAGE_TYPE, idempotency_key=f'"{named}"')

    def push(self, intake: Intake, package: bytes) -> Answer:
        """What the intake answers to a PUT of a package under its own id."""
        return intake.push(self.put(package), decode(package, Package).envelope.claim_id)

    def post_batch(self, *packages: bytes) -> Asked:
        """POST of a batch, not compressed."""
        return self.ask("POST", "/v1/claims:batch", join_batch(packages), content_type=BATCH_TYPE)

    def enrolment(self, letter: Letter, code: str | None = None, **changed: Any) -> Asked:
        """A signed enrolment request for a letter, with its own code or another, some members changed."""
        offer = EnrolmentOffer(
            schema="comptoir/enrolment/v1",
            insurer=AMC,
            invitation=letter.invitation,
            nonce=base64url.to_text(secrets.token_bytes(32)),
            certificate_request=make_csr(self.tls_key, "anybody").decode(),
            signing=msgspec.convert(self.signer.public.jwk, Jwk),
            sealing=_public_of(self.shop_key.public),
        )
        offer = msgspec.structs.replace(offer, **changed)
        proof = proof_of(offer, ActivationCode.parse(code or letter.activation_code))
        request = EnrolmentRequest(**msgspec.structs.asdict(offer), proof=proof)
        return replace(
            self.ask("POST", "/v1/enrolments", encode(request), content_type=ENROLMENT_TYPE), certificate=None
        )

    def renewal(self, tls_key: bytes | None = None, insurer: str = AMC) -> Asked:
        """A signed request for the next certificate, for its own TLS key or another."""
        csr = make_csr(tls_key or self.tls_key, "anybody").decode()
        request = RenewalRequest(schema="comptoir/renewal/v1", insurer=insurer, certificate_request=csr)
        return self.ask("POST", "/v1/certificates", encode(request), content_type=RENEWAL_TYPE)

    def keep(self, answer: bytes) -> dict[str, str]:
        """Take the certificate out of an enrolment's answer; the answer."""
        found: dict[str, str] = json.loads(answer)
        self.certificate = der_of(found["certificate"].encode())
        return found


def _public_of(key: SealingKey) -> SealingPublic:
    return SealingPublic(kid=key.kid, suite=key.suite, public=base64url.to_text(key.public))
