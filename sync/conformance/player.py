"""A terminal of the kit: its keys, its certificate, its chain, and claims about nobody.

Rules: what it makes is right unless a change is asked for; its chain goes on only from what the insurer took; a receipt
or refusal counts when every member agrees with what was sent, as a real terminal judges it.
"""

import base64
import json
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import msgspec

from sync.conformance.findings import Broken
from sync.conformance.wire import Reply, Stamp, Wire, stamped
from sync.contract.enrolment import AmId, DirectoryEntry
from sync.contract.envelope import (
    DISPATCH_TYP,
    GENESIS,
    RECEIPT_TYP,
    REFUSAL_TYP,
    ClaimRefusal,
    Dispatch,
    Envelope,
    Package,
    Receipt,
    decode,
    digest,
    encode,
)
from sync.contract.exchange import BATCH_TYPE, PACKAGE_TYPE, RECEIPT_TYPE
from sync.contract.keys import KeySet
from sync.contract.message import SCHEMA, Beneficiary, ClaimMessage, Line, Member, Tables
from sync.contract.problems import PROBLEMS
from sync.crypto import base64url
from sync.crypto.certificates import new_tls_key
from sync.crypto.claims import seal_claim
from sync.crypto.sealing import OpeningKey, SealingKey
from sync.crypto.signing import SigningKey, VerifyingKey
from sync.errors import SignatureInvalid
from sync.tls import client_context, present

ANSWER_LIMIT: Final = 1_048_576


@dataclass
class Player:
    """One terminal. `shop`, `keys` and the certificate come with enrolment."""

    entry: DirectoryEntry
    signer: SigningKey = field(default_factory=SigningKey.generate)
    tls_key: bytes = field(default_factory=new_tls_key, repr=False)
    shop_key: OpeningKey = field(default_factory=OpeningKey.generate)
    seq: int = 0
    head: str = GENESIS
    shop: AmId = ""
    certificate: str = ""
    keys: KeySet | None = None
    profile_jws: str = ""
    receipts: list[str] = field(default_factory=list)
    _wire: Wire | None = None

    @property
    def wire(self) -> Wire:
        """The connection that shows this terminal's certificate, once it has one."""
        if self._wire is None:
            context = client_context(self.entry.authority_pem)
            if self.certificate:
                present(context, self.certificate, self.tls_key)
            self._wire = Wire(self.entry.endpoint, context)
        return self._wire

    def hang_up(self) -> None:
        """Close the connection; the next one shows what certificate there is then."""
        if self._wire is not None:
            self._wire.close()
        self._wire = None

    def ask(
        self,
        method: str,
        path: str,
        fields: dict[str, str] | None = None,
        body: bytes = b"",
        *,
        stamp: Stamp | None = None,
    ) -> Reply:
        """What is answered to a request that is signed as `stamp` says (default: rightly)."""
        url = self.entry.endpoint + path
        signed = stamped(stamp or Stamp(self.signer), method, url, fields or {}, body)
        return checked(self.wire.send(method, path, signed, body))

    def read(self, path: str) -> Reply:
        """A signed GET."""
        return self.ask("GET", path)

    def envelope(self, claim_id: str | None = None) -> Envelope:
        """A freshly sealed claim about nobody."""
        message = self._message(claim_id or new_claim_id())
        return decode(seal_claim(message, self.signer, self.recipient()).envelope, Envelope)

    def recipient(self) -> SealingKey:
        """The insurer's sealing key in use."""
        if self.keys is None:
            raise Broken("this terminal could not be enrolled")
        first = self.keys.sealing[0]
        return SealingKey(first.suite, base64url.to_bytes(first.public))

    def dispatch(self, envelope: Envelope, /, **changed: Any) -> Dispatch:
        """The next dispatch of the chain, some members changed."""
        right = {
            "schema": "comptoir/dispatch/v1",
            "claim_id": envelope.claim_id,
            "insurer": envelope.insurer,
            "device": self.signer.kid,
            "seq": self.seq + 1,
            "prev": self.head,
            "envelope": digest(encode(envelope)),
        }
        return msgspec.convert({**right, **changed}, Dispatch)

    def package(self, envelope: Envelope | None = None, /, **changed: Any) -> bytes:
        """The next package, some members of its dispatch changed; the chain does not go on yet."""
        sealed = envelope or self.envelope()
        return self.pack(sealed, encode(self.dispatch(sealed, **changed)))

    def pack(
        self, envelope: Envelope, dispatch: bytes, *, signer: SigningKey | None = None, typ: str = DISPATCH_TYP
    ) -> bytes:
        """A package of an envelope and the payload of a dispatch."""
        signed = (signer or self.signer).sign(typ, dispatch)
        return encode(Package(dispatch=signed, envelope=envelope))

    def put(self, package: bytes, claim_id: str | None = None, **fields: str) -> Reply:
        """What is answered to a PUT of a package under its own id or another; fields written with underscores."""
        named = claim_id or claim_of(package)
        told = {"content-type": PACKAGE_TYPE, "idempotency-key": f'"{named}"'}
        told.update({name.replace("_", "-"): value for name, value in fields.items()})
        return self.ask("PUT", f"/v1/claims/{named}", told, package)

    def post_batch(self, body: bytes, **fields: str) -> Reply:
        """What is answered to a POST of a batch's body."""
        told = {"content-type": BATCH_TYPE, **{name.replace("_", "-"): value for name, value in fields.items()}}
        return self.ask("POST", "/v1/claims:batch", told, body)

    def push(self) -> bytes:
        """Push the next package, all of it right; its bytes. Broken unless it is taken with a receipt that holds."""
        package = self.package()
        reply = self.put(package)
        if (reply.status, reply.fields.get("content-type")) != (201, RECEIPT_TYPE):
            raise Broken(f"a right package was answered by {reply.told()}")
        self.took(package, str(reply.json().get("receipt")))
        return package

    def took(self, package: bytes, receipt: str) -> None:
        """Go on from a package that was taken; Broken unless this is its receipt."""
        dispatch = self.verify_receipt(package, receipt)
        self.receipts.append(receipt)
        self.seq, self.head = dispatch.seq, digest(_dispatch_of(package).encode("ascii"))

    def verify_receipt(self, package: bytes, receipt: str) -> Dispatch:
        """The dispatch of a package whose receipt this is; Broken."""
        payload = self.verified(RECEIPT_TYP, receipt)
        dispatch = decode(self.signer.public.verify(DISPATCH_TYP, _dispatch_of(package)), Dispatch)
        said = msgspec.structs.asdict(decode(payload, Receipt))
        shared = {name: getattr(dispatch, name) for name in ("claim_id", "insurer", "device", "seq", "envelope")}
        shared["dispatch"] = digest(_dispatch_of(package).encode("ascii"))
        wrong = [name for name, value in shared.items() if said[name] != value]
        if wrong:
            raise Broken(f"the receipt says something else of {', '.join(wrong)}")
        return dispatch

    def verify_refusal(self, package: bytes, problem: dict[str, Any]) -> None:
        """Return when the problem carries the refusal of this package, for this terminal; Broken otherwise."""
        if "refusal" not in problem:
            raise Broken("the refusal is not signed: a terminal would not believe it")
        said = msgspec.structs.asdict(decode(self.verified(REFUSAL_TYP, problem["refusal"]), ClaimRefusal))
        expected = {
            "claim_id": claim_of(package),
            "insurer": self.entry.amc,
            "device": self.signer.kid,
            "envelope": digest(encode(decode(package, Package).envelope)),
            "dispatch": digest(_dispatch_of(package).encode("ascii")),
            "code": problem.get("code"),
        }
        wrong = [name for name, value in expected.items() if said[name] != value]
        if wrong:
            raise Broken(f"the refusal says something else of {', '.join(wrong)}")

    def verified(self, typ: str, signed: object) -> bytes:
        """The payload of a JWS that a key of the insurer's set made for `typ`; Broken otherwise."""
        for one in self.keys.signing if self.keys else ():
            with suppress(SignatureInvalid):
                return VerifyingKey.from_jwk(msgspec.to_builtins(one.jwk)).verify(typ, str(signed))
        raise Broken(f"no key of the key set made this signature for {typ}")

    def _message(self, claim_id: str) -> ClaimMessage:
        line = Line(item="frame", code="2222124", quantity=1, price=3000, base=900, amo=540, amc=2460, reste_a_charge=0)
        return ClaimMessage(
            schema=SCHEMA,
            claim_id=claim_id,
            kind="claim",
            insurer=self.entry.amc,
            convention=self.entry.convention,
            csr=self.entry.csr,
            shop=self.shop,
            member=Member(kind="adherent", value="ESSAI"),
            beneficiary=Beneficiary(birth_date="1984-05-01", rank=1),
            service_date=date(2026, 11, 20),
            amo_rate=60,
            lines=(line,),
            tables=Tables(catalogue="0" * 64, profile=digest(self.profile_jws.encode("ascii"))),
        )


def checked(reply: Reply) -> Reply:
    """`reply` itself; Broken when it breaks what holds for every answer (§8, §12, §13)."""
    if "date" not in reply.fields:
        raise Broken("an answer without Date")
    if len(reply.body) > ANSWER_LIMIT or "content-encoding" in reply.fields:
        raise Broken("an answer too large, or with a content coding")
    if reply.status >= 400 and reply.code not in PROBLEMS:
        raise Broken(f"{reply.status} without a problem document of the contract")
    if reply.code is not None and PROBLEMS[reply.code].status != reply.status:
        raise Broken(f"{reply.code} has another status than {reply.status}")
    return reply


def refused(reply: Reply, *codes: str) -> Reply:
    """`reply` itself when it is a problem with one of these codes; Broken otherwise."""
    if reply.code not in codes:
        raise Broken(f"answered by {reply.told()}, expected {' or '.join(codes)}")
    return reply


def claim_of(package: bytes) -> str:
    """The claim id in the envelope of a package."""
    return str(_envelope_of(package)["claim_id"])


def new_claim_id() -> str:
    """A UUIDv7 of now."""
    at, digits = f"{int(time.time() * 1000):012x}", secrets.token_hex(10)
    return f"{at[:8]}-{at[8:]}-7{digits[:3]}-8{digits[3:6]}-{digits[6:18]}"


def payload_of(signed: str) -> bytes:
    """The payload of a JWS compact, not verified."""
    part = signed.split(".")[1]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _envelope_of(package: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(package)["envelope"]
    return found


def _dispatch_of(package: bytes) -> str:
    return str(json.loads(package)["dispatch"])
