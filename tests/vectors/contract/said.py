"""Outcomes and payments as events (sections 17 and 19 of the contract's page), and events that a terminal refuses."""

from typing import Any

import rfc8785

from tests.vectors.contract.drawn_keys import Record, Signing, digest, drawn
from tests.vectors.contract.parties import DEVICE, INSURER, OTHER, SHOP_KEY, SIGNER

OUTCOME, PAYMENT, EVENT = "comptoir-outcome+jws", "comptoir-payment+jws", "comptoir-event+jws"


def _id(number: int) -> str:
    return f"01980000-0000-7000-8000-{number:012d}"


def _outcome(number: int, claim: int, verdict: str, amounts: list[int], **more: Any) -> Record:
    record: Record = {
        "schema": "comptoir/outcome/v1",
        "outcome_id": _id(number),
        "insurer": INSURER,
        "claim_id": _id(claim),
        "decided_on": "2026-11-23",
        "verdict": verdict,
        "lines": [{"line": place, "amc": amount} for place, amount in enumerate(amounts)],
    }
    return {**record, **more}


def _payment(paid: dict[int, int]) -> Record:
    return {
        "schema": "comptoir/payment/v1",
        "payment_id": _id(921),
        "insurer": INSURER,
        "reference": "VIR-2026-11-24",
        "paid_on": "2026-11-24",
        "claims": [{"claim_id": _id(claim), "amount": amount} for claim, amount in paid.items()],
    }


def _decisions() -> list[tuple[str, str, Record]]:
    """What is said of the three claims of the chain, and of a preauthorisation and a cancellation that nobody sent."""
    partial = _outcome(912, 3, "partial", [2460] * 7 + [1000])
    partial["lines"][7]["reasons"] = ["ceiling_reached"]
    agreement = {"number": "PEC-1", "date": "2026-11-23", "valid_until": "2027-05-23"}
    cancelled = _outcome(915, 6, "cancelled", [])
    del cancelled["lines"]
    return [
        ("accepted", OUTCOME, _outcome(911, 1, "accepted", [2460])),
        ("partial", OUTCOME, partial),
        ("refused", OUTCOME, _outcome(913, 2, "refused", [0], reasons=["rights_closed"])),
        ("a preauthorisation accepted", OUTCOME, _outcome(914, 5, "accepted", [2460], agreement=agreement)),
        ("cancelled", OUTCOME, cancelled),
        ("paid", PAYMENT, _payment({1: 2460, 3: 18220})),
    ]


def _header(seq: int, prev: str, bucket: int) -> Record:
    return {
        "schema": "comptoir/event/v1",
        "insurer": INSURER,
        "device": DEVICE.kid,
        "seq": seq,
        "prev": prev,
        "recipient": SHOP_KEY.kid,
        "suite": SHOP_KEY.suite,
        "bucket": bucket,
    }


def _padded(signed: str, size: int) -> bytes:
    return (signed.encode("ascii") + b"\x80").ljust(size, b"\x00")


def _info(header: Record) -> bytes:
    return b"comptoir/event/v1\x00" + rfc8785.dumps(header)


def events(before: str) -> Record:
    """The events that follow the one in event.json, and others in the place of the first of them."""
    links: list[Record] = []
    prev = digest(before.encode("ascii"))
    for seq, (name, typ, record) in enumerate(_decisions(), 2):
        signed = SIGNER.jws(typ, rfc8785.dumps(record))
        header = _header(seq, prev, 1024 if len(signed) < 1024 else 2048)
        sealed = SHOP_KEY.seal(_info(header), _padded(signed, header["bucket"]), f"event {seq}")
        event = SIGNER.jws(EVENT, rfc8785.dumps({**header, "sealed": sealed}))
        links.append(
            {
                "name": name,
                "typ": typ,
                "record": rfc8785.dumps(record).decode(),
                "signed": signed,
                "info_hex": _info(header).hex(),
                "randomness_hex": drawn(f"event {seq}", 64).hex(),
                "event_jws": event,
                "event_digest": digest(event.encode("ascii")),
            }
        )
        prev = digest(event.encode("ascii"))
    return {"links": links, "tampered": _tampered(digest(before.encode("ascii")))}


def _tampered(prev: str) -> list[Record]:
    """Events in the place of number 2, each with the step at which it fails."""
    record = _decisions()[0][2]
    right = SIGNER.jws(OUTCOME, rfc8785.dumps(record))
    header = _header(2, prev, 1024)

    def sealed(signed: str, shown: Record = header, bound: Record | None = None, size: int = 1024) -> Record:
        bytes_of = SHOP_KEY.seal(_info(bound or shown), _padded(signed, size), "tampered event")
        return {**shown, "sealed": bytes_of}

    def made(event: Record, signer: Signing = SIGNER, typ: str = EVENT) -> str:
        return signer.jws(typ, rfc8785.dumps(event))

    def inner(**changed: Any) -> str:
        return made(sealed(SIGNER.jws(OUTCOME, rfc8785.dumps({**record, **changed}))))

    whole = sealed(right)
    cut = {**whole, "sealed": whole["sealed"][:-4]}
    cases = [
        ("another key signed the event", "signature", made(whole, OTHER)),
        ("an event signed as an outcome", "signature", made(whole, SIGNER, OUTCOME)),
        ("an unknown member", "form", made({**whole, "more": 1})),
        ("a number left out", "place", made(sealed(right, {**header, "seq": 3}))),
        ("another event before", "place", made(sealed(right, {**header, "prev": "1" * 64}))),
        ("another terminal's", "place", made(sealed(right, {**header, "device": OTHER.kid}))),
        ("sealed for another number", "seal", made(sealed(right, bound={**header, "seq": 9}))),
        ("a seal cut short", "seal", made(cut)),
        ("another bucket than was sealed", "padding", made(sealed(right, {**header, "bucket": 2048}))),
        ("padded further than was needed", "padding", made(sealed(right, {**header, "bucket": 2048}, size=2048))),
        ("the terminal's own word", "inner signature", made(sealed(DEVICE.jws(OUTCOME, rfc8785.dumps(record))))),
        ("signed for something unknown", "inner signature", made(sealed(SIGNER.jws(EVENT, rfc8785.dumps(record))))),
        ("an outcome signed as a payment", "inner form", made(sealed(SIGNER.jws(PAYMENT, rfc8785.dumps(record))))),
        ("another insurer's word", "inner form", inner(insurer="11111111")),
        ("refused, and nothing says why", "inner form", inner(verdict="refused", lines=[{"line": 0, "amc": 0}])),
        ("refused, and an amount is agreed", "inner form", inner(verdict="refused", reasons=["other"])),
        ("lines that do not begin at 0", "inner form", inner(lines=[{"line": 1, "amc": 2460}])),
    ]
    return [{"name": name, "fails": step, "event_jws": text} for name, step, text in cases]
