"""Makes the test vectors of the contract anew: `python -m tests.vectors.contract.generate`. The same bytes every time.

Written from sync/contract/README.md with libraries of its own (rfc8785, cryptography's primitives) and nothing of the
product, so that what both agree on is what the page says. Keys are drawn from names, ES256 is deterministic (RFC 6979),
HPKE takes its randomness from names: for vectors only. Every person is invented.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import rfc8785

from tests.vectors.contract.conflicting import conflicts, dispatch_of, packed
from tests.vectors.contract.drawn_keys import Record, Sealing, digest, drawn, text_of
from tests.vectors.contract.logged import log_of
from tests.vectors.contract.parties import (
    CONVENTION,
    DEVICE,
    GENESIS,
    INSURER,
    ORIGIN,
    OTHER,
    RECEIVED,
    RECIPIENTS,
    SHOP,
    SHOP_KEY,
    SIGNER,
)
from tests.vectors.contract.said import events

FOLDER: Final = Path(__file__).parent
NIR13: Final = "2840575999001"


def claim_of(number: int, **changed: Any) -> Record:
    """A claim about nobody."""
    claim: Record = {
        "schema": "comptoir/claim/v1",
        "claim_id": f"01980000-0000-7000-8000-{number:012d}",
        "kind": "claim",
        "insurer": INSURER,
        "convention": CONVENTION,
        "shop": SHOP,
        "member": {"kind": "adherent", "value": "A0001"},
        "beneficiary": {"birth_date": "1984-05-01", "rank": 1},
        "service_date": "2026-11-20",
        "amo_rate": 60,
        "lines": [
            {
                "item": "frame",
                "code": "2222124",
                "quantity": 1,
                "price": 3000,
                "base": 900,
                "amo": 540,
                "amc": 2460,
                "reste_a_charge": 0,
            }
        ],
        "tables": {"catalogue": digest(b"catalogue"), "profile": digest(b"profile")},
    }
    return {**claim, **changed}


def claims() -> list[Record]:
    """Three claims: plain, with a pseudonym and evidence, and a long one that needs a larger bucket."""
    pseudonym = hmac.digest(drawn("pseudonym"), NIR13.encode(), "sha256").hex()
    commitment = hmac.digest(drawn("salt"), b"2203240", "sha256").hex()
    lines = [{**claim_of(0)["lines"][0], "eye": "right" if place % 2 else "left"} for place in range(8)]
    return [
        claim_of(1),
        claim_of(
            2,
            member={"kind": "pseudonym", "value": pseudonym},
            evidence=[{"name": "lpp_code", "line": 0, "commitment": commitment}],
        ),
        claim_of(3, lines=lines),
    ]


def envelope_of(claim: Record, recipient: Sealing, name: str) -> tuple[Record, Record]:
    """An envelope, and the steps to it."""
    payload = rfc8785.dumps(claim)
    signed = DEVICE.jws("comptoir-claim+jws", payload)
    bucket = next(size for size in (1024, 2048, 4096, 8192) if len(signed) < size)
    header: Record = {
        "v": 1,
        "claim_id": claim["claim_id"],
        "insurer": claim["insurer"],
        "convention": claim["convention"],
        "device": DEVICE.kid,
        "recipient": recipient.kid,
        "suite": recipient.suite,
        "bucket": bucket,
    }
    info = b"comptoir/claim/v1\x00" + rfc8785.dumps(header)
    padded = (signed.encode("ascii") + b"\x80").ljust(bucket, b"\x00")
    envelope = {**header, "sealed": recipient.seal(info, padded, name)}
    canonical = rfc8785.dumps(envelope)
    steps = {
        "claim": payload.decode(),
        "signed": signed,
        "info_hex": info.hex(),
        "randomness_hex": drawn(name, 64).hex(),
        "envelope": canonical.decode(),
        "digest": digest(canonical),
    }
    return envelope, steps


def chain(envelopes: list[Record]) -> list[Record]:
    """Packages of one chain, with their records, receipts and digests; the last one says where the journal stood."""
    made: list[Record] = []
    prev = GENESIS
    for seq, envelope in enumerate(envelopes, 1):
        journal = {"journal": {"count": 7, "head": digest(b"journal")}} if seq == len(envelopes) else {}
        record = dispatch_of(envelope, seq, prev, **journal)
        package = packed(envelope, record)
        prev = digest(package["dispatch"].encode("ascii"))
        shared = {name: record[name] for name in ("claim_id", "insurer", "device", "seq", "envelope")}
        receipt = {
            **shared,
            "schema": "comptoir/receipt/v1",
            "dispatch": prev,
            "received_at": RECEIVED,
            "state": "acknowledged",
        }
        made.append(
            {
                "dispatch": rfc8785.dumps(record).decode(),
                "dispatch_digest": prev,
                "package": rfc8785.dumps(package).decode(),
                "receipt": rfc8785.dumps(receipt).decode(),
                "receipt_jws": SIGNER.jws("comptoir-receipt+jws", rfc8785.dumps(receipt)),
            }
        )
    return made


def refusal_of(package: Record, code: str) -> str:
    """The refusal (JWS) of a package."""
    envelope = package["envelope"]
    record = {
        "schema": "comptoir/refusal/v1",
        "claim_id": envelope["claim_id"],
        "insurer": INSURER,
        "device": DEVICE.kid,
        "envelope": digest(rfc8785.dumps(envelope)),
        "dispatch": digest(package["dispatch"].encode("ascii")),
        "refused_at": RECEIVED,
        "code": code,
    }
    return SIGNER.jws("comptoir-refusal+jws", rfc8785.dumps(record))


def tampered(envelope: Record) -> list[Record]:
    """Packages that an intake refuses, each with its code, and the refusal where the package can be read."""
    right = dispatch_of(envelope, 1, GENESIS)

    def refolded(**changed: Any) -> Record:
        other = {**envelope, **changed}
        return packed(other, dispatch_of(other, 1, GENESIS))

    readable: Mapping[str, tuple[str, Record]] = {
        "another convention": ("routing_mismatch", refolded(convention="AUTRE")),
        "a csr that was not agreed": ("routing_mismatch", refolded(csr="01")),
        "another insurer in the dispatch": (
            "routing_mismatch",
            packed(envelope, dispatch_of(envelope, 1, GENESIS, insurer="11111111")),
        ),
        "an unknown recipient": ("recipient_unknown", refolded(recipient="A" * 43)),
        "another bucket": ("package_invalid", refolded(bucket=8192)),
        "a seal cut short": ("package_invalid", refolded(sealed=envelope["sealed"][:-4])),
        "another envelope's digest": ("dispatch_invalid", packed(envelope, {**right, "envelope": GENESIS})),
        "another terminal's signature": ("dispatch_invalid", packed(envelope, right, OTHER)),
        "a dispatch signed as a receipt": ("dispatch_invalid", packed(envelope, right, DEVICE, "comptoir-receipt+jws")),
        "a dispatch of number 0": ("dispatch_invalid", packed(envelope, {**right, "seq": 0})),
    }
    canonical = rfc8785.dumps(packed(envelope, right)).decode()
    unreadable = {
        "a space": canonical.replace('{"dispatch"', '{ "dispatch"'),
        "a repeated member": canonical[:-1] + ',"dispatch":"a.b.c"}',
        "an unknown member": canonical[:-1] + ',"more":1}',
        "a null": canonical.replace('"device":', '"csr":null,"device":', 1),
        "a number spelled 1.0": canonical.replace('"v":1', '"v":1.0'),
        "an escaped letter": canonical.replace('"insurer"', '"\\u0069nsurer"'),
        "half of it": canonical[: len(canonical) // 2],
    }
    found = [
        {"name": name, "package": rfc8785.dumps(one).decode(), "code": code, "refusal_jws": refusal_of(one, code)}
        for name, (code, one) in readable.items()
    ]
    return found + [{"name": name, "package": one, "code": "package_invalid"} for name, one in unreadable.items()]


def event() -> Record:
    """A document request, sealed to the shop and signed as an event."""
    request: Record = {
        "schema": "comptoir/document-request/v1",
        "request_id": "01980000-0000-7000-8000-000000000901",
        "insurer": INSURER,
        "claim_id": "01980000-0000-7000-8000-000000000001",
        "document": "lpp_code",
        "ground": "contrôle, art. 1",
        "deadline": "2026-12-31",
    }
    signed = SIGNER.jws("comptoir-document-request+jws", rfc8785.dumps(request))
    header: Record = {
        "schema": "comptoir/event/v1",
        "insurer": INSURER,
        "device": DEVICE.kid,
        "seq": 1,
        "prev": GENESIS,
        "recipient": SHOP_KEY.kid,
        "suite": SHOP_KEY.suite,
        "bucket": 1024,
    }
    info = b"comptoir/event/v1\x00" + rfc8785.dumps(header)
    padded = (signed.encode("ascii") + b"\x80").ljust(1024, b"\x00")
    record = {**header, "sealed": SHOP_KEY.seal(info, padded, "event")}
    jws = SIGNER.jws("comptoir-event+jws", rfc8785.dumps(record))
    return {"request": rfc8785.dumps(request).decode(), "signed": signed, "info_hex": info.hex(), "event_jws": jws}


def enrolment() -> Record:
    """An enrolment request and its proof; the certificate request is a text that no vector opens."""
    code = "0123456789ABCDEFGHJK"
    offer: Record = {
        "schema": "comptoir/enrolment/v1",
        "insurer": INSURER,
        "invitation": "ABCDEFGH",
        "nonce": text_of(drawn("nonce")),
        "certificate_request": "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
        "signing": DEVICE.jwk,
        "sealing": {"kid": SHOP_KEY.kid, "suite": SHOP_KEY.suite, "public": text_of(SHOP_KEY.public)},
    }
    proof = hmac.digest(code.encode(), b"comptoir/enrolment/v1\x00" + rfc8785.dumps(offer), "sha256").hex()
    return {
        "code_symbols": code,
        "code_printed": "0123-4567-89AB-CDEF-GHJK-" + _check_symbol(code),
        "request": rfc8785.dumps({**offer, "proof": proof}).decode(),
        "pseudonym_key_hex": drawn("pseudonym").hex(),
        "pseudonym_key": SHOP_KEY.seal(b"comptoir/pseudonym/v1\x00", drawn("pseudonym"), "pseudonym seal"),
        "nir13": NIR13,
        "pseudonym": hmac.digest(drawn("pseudonym"), NIR13.encode(), "sha256").hex(),
    }


def _check_symbol(code: str) -> str:
    symbols = "0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U"
    number = sum(symbols.index(one) * 32**place for place, one in enumerate(reversed(code)))
    return symbols[number % 37]


def request(package: str) -> Record:
    """A signed PUT (RFC 9421)."""
    claim_id = json.loads(package)["envelope"]["claim_id"]
    told = base64.b64encode(hashlib.sha256(package.encode()).digest()).decode()
    fields = {
        "content-digest": f"sha-256=:{told}:",
        "content-type": "application/vnd.comptoir.package.v1+json",
        "idempotency-key": f'"{claim_id}"',
    }
    target = f"{ORIGIN}/v1/claims/{claim_id}"
    listed = " ".join(f'"{name}"' for name in ("@method", "@target-uri", *fields))
    value = f'({listed});created=1795348800;keyid="{DEVICE.kid}";nonce="{text_of(drawn("request", 16))}"'
    value += ';alg="ecdsa-p256-sha256"'
    lines = {"@method": "PUT", "@target-uri": target, **fields, "@signature-params": value}
    base = "\n".join(f'"{name}": {line}' for name, line in lines.items())
    signature = base64.b64encode(DEVICE.raw(base.encode())).decode()
    signed = {**fields, "signature-input": f"comptoir={value}", "signature": f"comptoir=:{signature}:"}
    return {"method": "PUT", "target": target, "body": package, "base": base, "fields": signed}


def vectors() -> dict[str, Any]:
    """Every file of vectors, by name."""
    made = {
        suite: [envelope_of(claim, key, f"envelope {suite} {place}") for place, claim in enumerate(claims())]
        for suite, key in RECIPIENTS.items()
    }
    first = made["xwing-hkdfsha256-aes256gcm"]
    links = chain([envelope for envelope, _ in first])
    state: Record = {"schema": "comptoir/state/v1", "insurer": INSURER, "device": DEVICE.kid, "seq": 3}
    state["head"] = links[-1]["dispatch_digest"]
    spare, first_event = (RECIPIENTS["xwing-hkdfsha256-aes256gcm"], "envelope of a fourth claim"), event()
    key_set: Record = {
        "schema": "comptoir/keys/v1",
        "insurer": INSURER,
        "version": 1,
        "signing": [{"kid": SIGNER.kid, "jwk": SIGNER.jwk}],
        "sealing": [{"kid": key.kid, "suite": key.suite, "public": text_of(key.public)} for key in RECIPIENTS.values()],
    }
    return {
        "parties": {"insurer": INSURER, "convention": CONVENTION, "shop": SHOP, "endpoint": ORIGIN},
        "keys": {
            "device": DEVICE.told(),
            "other_device": OTHER.told(),
            "insurer": SIGNER.told(),
            "openers": [key.told() for key in RECIPIENTS.values()],
            "shop": SHOP_KEY.told(),
            "key_set_jws": SIGNER.jws("comptoir-keys+jws", rfc8785.dumps(key_set)),
        },
        "envelopes": [{"suite": suite, **steps} for suite, some in made.items() for _, steps in some],
        "chain": {"links": links, "state_jws": SIGNER.jws("comptoir-state+jws", rfc8785.dumps(state))},
        "conflicts": conflicts(links, made["x25519-hkdfsha256-aes256gcm"][0][0], envelope_of(claim_of(4), *spare)[0]),
        "tampered": tampered(first[0][0]),
        "event": first_event,
        "events": events(first_event["event_jws"]),
        "log": log_of([steps["digest"] for _, steps in first]),
        "enrolment": enrolment(),
        "request": request(links[0]["package"]),
    }


def written(value: Any) -> str:
    """The text of a file."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for name, value in vectors().items():
        (FOLDER / f"{name}.json").write_text(written(value), "utf-8")
