"""Hostile insurers by name: what each answers over TLS, and the code under which the queue says so.

Rules: a case departs from the contract in one thing; the rest is right, signed with the insurer's own key where it has
one, so that a terminal which falls for it falls for this alone. Whatever a case does, the claim is still there, as the
same bytes, and can be sent to an honest insurer afterwards.
"""

import gzip
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sync.adversary.face import honest, is_push, packages_in, receipt, refused
from sync.adversary.insurer import Mode, SimulatedInsurer
from sync.adversary.server import HostileServer, Request, Shown, answer
from sync.contract.envelope import STATE_TYP, encode
from sync.contract.exchange import PROBLEM_TYPE, RECEIPT_TYPE, STATE_TYPE

_DRIP_SECONDS: Final = 0.05
_MEGABYTE: Final = 1_048_576
_ZEROS: Final = bytes(65_536)

Answering = Callable[[SimulatedInsurer, HostileServer, Request], Iterable[bytes]]


@dataclass(frozen=True)
class Case:
    """One way to misbehave; `code` is what the queue says, `state` where the claim stands then."""

    code: str
    answering: Answering | None = None
    shown: Shown = "right"
    state: str = "sending"
    mode: Mode = "honest"
    asked: str = "push"
    """What is answered wrongly: push, state or events."""

    def reply(self, insurer: SimulatedInsurer, server: HostileServer) -> Callable[[Request], Iterable[bytes]]:
        """The answers of this case."""
        insurer.mode = self.mode

        def answers(request: Request) -> Iterable[bytes]:
            kind = "push" if is_push(request) else "events" if "/events" in request.path else "state"
            if self.answering is None or kind != self.asked:
                return honest(insurer, request)
            return self.answering(insurer, server, request)

        return answers


def _says(*pieces: bytes) -> Answering:
    return lambda _insurer, _server, _request: pieces


def _claims(make: Callable[[SimulatedInsurer, bytes], object]) -> Answering:
    """A success with whatever `make` makes of the package instead of its receipt."""
    return lambda insurer, _server, request: [receipt(make(insurer, packages_in(request)[0]))]


def _changed(**members: Any) -> Answering:
    return _claims(lambda insurer, package: insurer.changed_receipt(package, **members))


def _right(insurer: SimulatedInsurer, request: Request) -> bytes:
    """What an honest insurer would answer; nothing is filed."""
    return receipt(insurer.changed_receipt(packages_in(request)[0]))


def _body(insurer: SimulatedInsurer, request: Request) -> bytes:
    return _right(insurer, request).partition(b"\r\n\r\n")[2]


def _receipt_of_another_kind(insurer: SimulatedInsurer, package: bytes) -> str:
    return insurer.key.sign(STATE_TYP, encode(insurer.receipt_for(package)))


def _another_claims(insurer: SimulatedInsurer, package: bytes) -> str:
    """The genuine receipt of a claim that was sent before this one."""
    genuine = next((one.receipt for one in insurer.filed.values() if one.package != package), None)
    return genuine or insurer.changed_receipt(package, claim_id="01890a5d-ac96-774b-8000-00000000ffff")


def _unsigned(insurer: SimulatedInsurer, package: bytes) -> str:
    """A receipt that says `none` where its algorithm should stand."""
    _, payload, _ = insurer.changed_receipt(package).split(".")
    return f"eyJhbGciOiJub25lIiwidHlwIjoiY29tcHRvaXItcmVjZWlwdCtqd3MifQ.{payload}.AA"


def _padded(insurer: SimulatedInsurer, _server: HostileServer, request: Request) -> list[bytes]:
    return [answer(201, RECEIPT_TYPE, _body(insurer, request) + b" " * 2 * _MEGABYTE)]


def _gigabyte(_insurer: SimulatedInsurer, server: HostileServer, _request: Request) -> Iterator[bytes]:
    yield f"HTTP/1.1 201 X\r\ncontent-type: {RECEIPT_TYPE}\r\ncontent-length: 1073741824\r\n\r\n".encode()
    for _ in range(16_384):
        if server.over.is_set():
            return
        yield _ZEROS


def _endless_chunks(_insurer: SimulatedInsurer, server: HostileServer, _request: Request) -> Iterator[bytes]:
    yield f"HTTP/1.1 201 X\r\ncontent-type: {RECEIPT_TYPE}\r\ntransfer-encoding: chunked\r\n\r\n".encode()
    while not server.over.is_set():
        yield b"10000\r\n" + _ZEROS + b"\r\n"


def _coded(coding: str, body: Callable[[bytes], bytes]) -> Answering:
    def coded(insurer: SimulatedInsurer, _server: HostileServer, request: Request) -> list[bytes]:
        return [answer(201, RECEIPT_TYPE, body(_body(insurer, request)), f"content-encoding: {coding}")]

    return coded


def _redirect(status: int) -> Answering:
    """Elsewhere on the same server, where a genuine receipt waits."""

    def elsewhere(insurer: SimulatedInsurer, server: HostileServer, request: Request) -> list[bytes]:
        if request.path == "/v1/elsewhere":
            return [_right(insurer, request)]
        return [answer(status, "text/plain", b"", f"location: {server.endpoint}/v1/elsewhere")]

    return elsewhere


def _cut_short(insurer: SimulatedInsurer, _server: HostileServer, request: Request) -> list[bytes]:
    return [_right(insurer, request)[:-40]]


def _two_lengths(insurer: SimulatedInsurer, _server: HostileServer, request: Request) -> list[bytes]:
    return [_right(insurer, request).replace(b"content-length", b"content-length: 1\r\ncontent-length", 1)]


def _slow_head(_insurer: SimulatedInsurer, server: HostileServer, _request: Request) -> Iterator[bytes]:
    head = b"HTTP/1.1 201 X\r\nx-slow: " + b"x" * 60_000
    return server.dripping((head[place : place + 1] for place in range(len(head))), _DRIP_SECONDS)


def _slow_body(insurer: SimulatedInsurer, server: HostileServer, request: Request) -> Iterator[bytes]:
    told = answer(201, RECEIPT_TYPE, _body(insurer, request) + b" " * 60_000)
    return server.dripping((told[place : place + 1] for place in range(len(told))), _DRIP_SECONDS)


def _silence(_insurer: SimulatedInsurer, server: HostileServer, _request: Request) -> Iterator[bytes]:
    server.over.wait()
    yield b""


def _refusal(**options: object) -> Answering:
    """A refusal of the claim, signed by the insurer, by somebody else (`forged`), or by nobody (`bare`)."""

    def refusing(insurer: SimulatedInsurer, _server: HostileServer, request: Request) -> list[bytes]:
        if "bare" in options:
            return [refused("package_invalid")]
        package = packages_in(request)[0]
        return [refused("package_invalid", refusal=insurer.refusal(package, insurer.stranger))]

    return refusing


def _problem(status: int, code: str, *more: str) -> Answering:
    body = {"type": "about:blank", "title": "x", "status": status, "code": code}
    return _says(answer(status, PROBLEM_TYPE, json.dumps(body).encode(), *more))


def _state(*, by_stranger: bool = False, **changed: object) -> Answering:
    def lying(insurer: SimulatedInsurer, _server: HostileServer, _request: Request) -> list[bytes]:
        told = {**json.loads(encode(insurer.state())), **changed}
        payload = json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
        signed = (insurer.stranger if by_stranger else insurer.key).sign(STATE_TYP, payload)
        return [answer(200, STATE_TYPE, json.dumps({"state": signed}).encode())]

    return lying


def _garbage_chunks() -> bytes:
    return f"HTTP/1.1 201 X\r\ncontent-type: {RECEIPT_TYPE}\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nxx\r\n".encode()


_UNREACHABLE: Final = "insurer_unreachable"
_NO_RECEIPT: Final = "receipt_invalid"
_INVALID_UTF8: Final = answer(201, RECEIPT_TYPE, b'{"receipt":"\xff\xfe"}')
_MANY_FIELDS: Final = [f"x-{number}: {number}" for number in range(10_000)]

CASES: Final[dict[str, Case]] = {
    # receipts that are none
    "signed_by_a_stranger": Case(_NO_RECEIPT, _claims(lambda one, package: one.changed_receipt(package, one.stranger))),
    "receipt_of_another_claim": Case(_NO_RECEIPT, _claims(_another_claims)),
    "receipt_of_another_number": Case(_NO_RECEIPT, _changed(seq=4711)),
    "receipt_for_another_terminal": Case(_NO_RECEIPT, _changed(device="E" * 43)),
    "receipt_of_another_insurer": Case(_NO_RECEIPT, _changed(insurer="11111111")),
    "receipt_over_another_envelope": Case(_NO_RECEIPT, _changed(envelope="c" * 64)),
    "receipt_over_another_dispatch": Case(_NO_RECEIPT, _changed(dispatch="d" * 64)),
    "receipt_of_another_kind": Case(_NO_RECEIPT, _claims(_receipt_of_another_kind)),
    "receipt_without_signature": Case(_NO_RECEIPT, _claims(_unsigned)),
    "receipt_of_nothing": Case(_NO_RECEIPT, _says(receipt("a.b.c"))),
    "receipt_too_long": Case(_UNREACHABLE, _says(receipt("a." + "b" * 5000 + ".c"))),
    "receipt_is_a_number": Case(_UNREACHABLE, _says(receipt(1))),
    # successes without a receipt
    "success_without_receipt": Case(_UNREACHABLE, _says(answer(200, RECEIPT_TYPE, b"{}"))),
    "success_without_body": Case(_UNREACHABLE, _says(answer(200, RECEIPT_TYPE, b""))),
    "no_content": Case(_UNREACHABLE, _says(answer(204, RECEIPT_TYPE, b""))),
    # bodies
    "invalid_utf8": Case(_UNREACHABLE, _says(_INVALID_UTF8)),
    "deeply_nested": Case(_UNREACHABLE, _says(answer(201, RECEIPT_TYPE, b"[" * 100_000))),
    "another_media_type": Case(
        _UNREACHABLE, lambda one, _, asked: [_right(one, asked).replace(b"vnd.comptoir.receipt.v1+", b"")]
    ),
    "a_web_page": Case(_UNREACHABLE, _says(answer(200, "text/html", b"<html>Portail</html>"))),
    "two_megabytes": Case(_UNREACHABLE, _padded),
    "one_gigabyte": Case(_UNREACHABLE, _gigabyte),
    "gzip_bomb": Case(_UNREACHABLE, _coded("gzip", lambda _: gzip.compress(bytes(50 * _MEGABYTE), 9))),
    "gzip_nobody_asked_for": Case(_UNREACHABLE, _coded("gzip", gzip.compress)),
    # HTTP
    "nothing": Case(_UNREACHABLE, _says()),
    "no_http": Case(_UNREACHABLE, _says(b"\x00\xff garbage\r\n\r\n")),
    "cut_short": Case(_UNREACHABLE, _cut_short),
    "two_lengths": Case(_UNREACHABLE, _two_lengths),
    "garbage_for_chunks": Case(_UNREACHABLE, _says(_garbage_chunks())),
    "endless_chunks": Case(_UNREACHABLE, _endless_chunks),
    "huge_header": Case(_UNREACHABLE, _says(b"HTTP/1.1 201 X\r\nx-huge: " + b"x" * 4 * _MEGABYTE + b"\r\n\r\n")),
    "ten_thousand_headers": Case(_UNREACHABLE, _says(answer(201, RECEIPT_TYPE, b"{}", *_MANY_FIELDS))),
    "informational_for_ever": Case(_UNREACHABLE, _says(*itertools.repeat(b"HTTP/1.1 103 X\r\n\r\n", 50))),
    "another_protocol": Case(_UNREACHABLE, _says(b"HTTP/1.1 101 X\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n")),
    "redirected": Case(_UNREACHABLE, _redirect(302)),
    "redirected_with_body": Case(_UNREACHABLE, _redirect(307)),
    "redirected_for_ever": Case(_UNREACHABLE, _redirect(308)),
    # time
    "slow_head": Case(_UNREACHABLE, _slow_head),
    "slow_body": Case(_UNREACHABLE, _slow_body),
    "silence": Case(_UNREACHABLE, _silence),
    # problems
    "failure_without_problem": Case(_UNREACHABLE, _says(answer(500, "text/plain", b"x"))),
    "failure": Case("internal", _says(refused("internal"))),
    "busy_for_ten_years": Case("unavailable", _says(refused("unavailable", "retry-after: 315360000"))),
    "not_enrolled_any_more": Case("certificate_unknown", _says(refused("certificate_unknown"))),
    "a_problem_nobody_knows": Case("bad_weather", _problem(422, "bad_weather")),
    "a_problem_that_is_no_code": Case("unknown", _problem(422, "<b>'; DROP TABLE outbox</b>")),
    "refused_by_nobody": Case("package_invalid", _refusal(bare=True)),
    "refused_by_a_stranger": Case("refusal_invalid", _refusal(forged=True)),
    "a_fork_that_nobody_signs": Case("conflict_unproved", _says(refused("fork"))),
    "a_conflict_that_nobody_signs": Case("conflict_unproved", _says(refused("digest_conflict"))),
    # the line
    "no_tls": Case(_UNREACHABLE, shown="none", state="queued"),
    "certificate_of_another_authority": Case("insurer_untrusted", shown="of_another_authority", state="queued"),
    "certificate_expired": Case("insurer_untrusted", shown="expired", state="queued"),
    "certificate_of_another_name": Case("insurer_untrusted", shown="of_another_name", state="queued"),
    # where the chain stands
    "state_ahead": Case("chain_ahead", _state(seq=7, head="a" * 64), asked="state", state="queued"),
    "state_of_another_terminal": Case("signature_invalid", _state(device="E" * 43), asked="state", state="queued"),
    "state_signed_by_a_stranger": Case("signature_invalid", _state(by_stranger=True), asked="state", state="queued"),
    "state_of_no_form": Case("contract_invalid", _state(seq="many"), asked="state", state="queued"),
    # events
    "events_replayed": Case("event_invalid", mode="events_replayed", asked="events", state="acknowledged"),
    "events_out_of_order": Case("event_invalid", mode="events_out_of_order", asked="events", state="acknowledged"),
    "events_by_a_stranger": Case("event_invalid", mode="events_forged", asked="events", state="acknowledged"),
}
