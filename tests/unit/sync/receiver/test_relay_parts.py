"""The relay's parts without a network: who a request is from, where it goes, what is kept of it and how long."""

import os
import stat
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from sync.contract.envelope import Package, decode, encode
from sync.contract.exchange import join_batch
from sync.crypto.certificates import der_of, fingerprint, issue_client, make_authority, make_csr, new_tls_key
from sync.errors import ContractError
from sync.receiver.admission import Asked
from sync.receiver.db import Ledger
from sync.receiver.folder import IntakeMaterial
from sync.receiver.intake import Intake
from sync.receiver.refusal import Refusal
from sync.receiver.relay.folder import (
    RelayFolderExists,
    RelayFolderMissing,
    RelaySettings,
    Route,
    add_route,
    create_relay,
    open_relay,
)
from sync.receiver.relay.routing import BATCH, Carried, limit_of, way_of
from sync.receiver.relay.spool import KEPT, Spool
from sync.receiver.ways import FIELD, AdmittedRelay, Ways, admit_relay, admitted_relays, certificate_in, field_of
from tests.unit.sync.receiver.visitor import AMC, CONVENTION, ORIGIN, Clock, Visitor

RELAY = "https://relay.example:8443"
NOW = Clock().at


def relay_certificate(material: IntakeMaterial) -> bytes:
    """The certificate (DER) of a relay that this insurer admitted."""
    return der_of(issue_client(material.clients, make_csr(new_tls_key(), "relay"), "relay", NOW))


def admitted(certificate: bytes, material: IntakeMaterial, origin: str = RELAY) -> AdmittedRelay:
    """That relay as the insurer keeps it."""
    return AdmittedRelay(
        name="relay",
        origin=origin,
        fingerprint=fingerprint(certificate),
        authority_pem=material.authority_pem,
        admitted_at="2026-11-22T12:00:00Z",
    )


def by_relay(asked: Asked, relay: bytes, terminal: bytes | None) -> Asked:
    """A request as a relay passes it on."""
    told = {} if terminal is None else {FIELD: field_of(terminal)}
    return replace(asked, headers={**asked.headers, **told}, certificate=relay)


@pytest.fixture
def relay(material: IntakeMaterial) -> bytes:
    """A relay's certificate."""
    return relay_certificate(material)


@pytest.fixture
def intake(ledger: Ledger, material: IntakeMaterial, clock: Clock, relay: bytes) -> Intake:
    """The intake of an insurer that admitted the relay."""
    return Intake(ledger, replace(material, relays=(admitted(relay, material),)), ORIGIN, clock)


def refused(intake: Intake, asked: Asked) -> str:
    """The problem with which the intake refuses a question for its state."""
    with pytest.raises(Refusal) as caught:
        intake.state(asked)
    return caught.value.problem.code


def test_a_terminal_by_way_of_a_relay_signs_the_relays_address(intake: Intake, visitor: Visitor, relay: bytes) -> None:
    """Signed over the relay's origin it is admitted by the relay's certificate; over the insurer's own, it is not."""
    there = replace(visitor, clock=visitor.clock)
    asked = there.ask("GET", "/v1/state", origin=RELAY)
    assert intake.state(by_relay(asked, relay, visitor.certificate)).status == 200
    own = there.ask("GET", "/v1/state")
    assert refused(intake, by_relay(own, relay, visitor.certificate)) == "signature_invalid"
    assert intake.state(own).status == 200


def test_only_an_admitted_relay_is_believed(intake: Intake, visitor: Visitor, material: IntakeMaterial) -> None:
    """A certificate of the same authority that is no admitted relay's is a stranger, whatever it names."""
    stranger = relay_certificate(material)
    asked = visitor.ask("GET", "/v1/state", origin=RELAY)
    assert refused(intake, by_relay(asked, stranger, visitor.certificate)) == "certificate_unknown"


def test_a_relay_is_no_terminal(intake: Intake, visitor: Visitor, relay: bytes) -> None:
    """Without a terminal's certificate, or with its own, or with what is none, it is refused."""
    asked = visitor.ask("GET", "/v1/state", origin=RELAY)
    assert refused(intake, by_relay(asked, relay, None)) == "certificate_missing"
    assert refused(intake, by_relay(asked, relay, relay)) == "certificate_unknown"
    assert refused(intake, by_relay(asked, relay, b"nothing")) == "certificate_unknown"


def test_a_relay_cannot_exchange_terminals(intake: Intake, visitor: Visitor, relay: bytes, enrolled: object) -> None:
    """A request of one terminal under the certificate of another is refused: the signature is not the other's."""
    other = enrolled()  # type: ignore[operator]  # a fixture that makes terminals
    asked = visitor.ask("GET", "/v1/state", origin=RELAY)
    assert refused(intake, by_relay(asked, relay, other.certificate)) == "signature_invalid"


@pytest.mark.parametrize("value", ["", ":", "::x", "abc", ":a:b", ":%%%%:", f":{'A' * 9000}:"])
def test_a_field_that_is_no_certificate_is_refused(value: str) -> None:
    """RFC 9440: one byte sequence, between colons, base64."""
    with pytest.raises(Refusal):
        certificate_in(value)


def test_the_field_comes_back(material: IntakeMaterial, relay: bytes) -> None:
    """What was written is what is read; a request that came straight is left as it is."""
    assert certificate_in(field_of(relay)) == relay
    straight = Asked("GET", "/v1/state", {FIELD: field_of(relay)}, b"", b"somebody")
    assert Ways(ORIGIN, (admitted(relay, material),)).of(straight) == (ORIGIN, straight)


def test_an_admitted_relay_is_kept_and_replaced(tmp_path: Path, material: IntakeMaterial, relay: bytes) -> None:
    """One entry for an origin; the directory leads to it under its own authority."""
    first, second = admitted(relay, material), admitted(relay_certificate(material), material)
    assert admitted_relays(tmp_path) == ()
    for one in (first, admitted(relay, material, "https://other.example"), second):
        admit_relay(tmp_path, one)
    assert [one.origin for one in admitted_relays(tmp_path)] == ["https://other.example", RELAY]
    assert admitted_relays(tmp_path)[1] == second
    pinned = msgspec.structs.replace(second, authority_pem=make_pem())
    entry = replace(material, relays=(pinned,)).directory_entry(RELAY)
    assert (entry.endpoint, entry.authority_pem) == (RELAY, pinned.authority_pem)
    assert replace(material, relays=(pinned,)).directory_entry(ORIGIN).authority_pem == material.authority_pem


def make_pem() -> str:
    """An authority of nobody."""
    return make_authority("nobody", NOW).certificate_pem.decode()


@pytest.fixture
def route(material: IntakeMaterial, relay: bytes) -> Route:
    """The route to the insurer."""
    return Route(
        insurer=AMC,
        convention=CONVENTION,
        endpoint=ORIGIN,
        authority_pem=material.authority_pem,
        clients_pem=material.clients.certificate_pem.decode(),
        certificate=make_pem(),
    )


@pytest.fixture
def other(route: Route) -> Route:
    """The route to another insurer, whose terminals have another authority."""
    return msgspec.structs.replace(route, insurer="99999972", clients_pem=make_pem())


def put(package: bytes, certificate: bytes | None) -> Carried:
    """A push of one package."""
    return Carried("PUT", "/v1/claims/x", {}, package, certificate)


def code_of(carried: Carried, *routes: Route) -> str:
    """Why a relay carries this nowhere."""
    with pytest.raises(Refusal) as caught:
        way_of(carried, routes)
    return caught.value.problem.code


def test_the_clear_header_and_the_certificate_name_the_insurer(visitor: Visitor, route: Route, other: Route) -> None:
    """A push, a batch and a question of an enrolled terminal go to its insurer, byte for byte."""
    first, second = visitor.package(), visitor.package()
    assert way_of(put(first, visitor.certificate), (other, route)).packages == (first,)
    batch = Carried("POST", BATCH, {}, join_batch((first, second)), visitor.certificate)
    assert way_of(batch, (other, route)).packages == (first, second)
    question = way_of(Carried("GET", "/v1/state", {}, b"", visitor.certificate), (other, route))
    assert (question.route, question.packages) == (route, ())


def test_a_header_that_names_another_insurer_is_not_carried(visitor: Visitor, route: Route, other: Route) -> None:
    """Not to the one, nor to the other; nor a batch in which one package differs."""
    package = visitor.package()
    envelope = decode(package, Package).envelope
    elsewhere = encode(Package(dispatch="a.b.c", envelope=msgspec.structs.replace(envelope, insurer=other.insurer)))
    assert code_of(put(elsewhere, visitor.certificate), route, other) == "routing_mismatch"
    mixed = Carried("POST", BATCH, {}, join_batch((package, elsewhere)), visitor.certificate)
    assert code_of(mixed, route, other) == "routing_mismatch"


def test_who_is_not_known_is_not_carried(visitor: Visitor, route: Route, other: Route) -> None:
    """No certificate, one of another authority, no package, an enrolment with an insurer without a route."""
    package = visitor.package()
    assert code_of(put(package, None), route) == "certificate_missing"
    assert code_of(put(package, visitor.certificate), other) == "certificate_unknown"
    assert code_of(put(package, b"nothing"), route) == "certificate_unknown"
    assert code_of(put(b"{}", visitor.certificate), route) == "package_invalid"
    assert code_of(Carried("POST", BATCH, {}, b"{}", visitor.certificate), route) == "request_invalid"
    enrolment = Carried("POST", "/v1/enrolments", {}, b'{"insurer":"99999972"}', None)
    assert code_of(enrolment, route) == "routing_mismatch"
    assert way_of(enrolment, (route, other)).route == other


def test_a_body_is_bounded_by_who_sends_it() -> None:
    """Nobody without a certificate can make the relay hold a batch."""
    assert limit_of(BATCH, enrolled=True) > limit_of("/v1/claims/x", enrolled=True) > limit_of(BATCH, enrolled=False)


def test_the_spool_keeps_bytes_until_an_answer_or_seven_days(tmp_path: Path) -> None:
    """Files of mode 0600 with the very bytes; released or old, they are gone; the same package is kept once."""
    spool = Spool(tmp_path)
    (first,) = spool.hold(AMC, [b"one"])
    (again,) = spool.hold(AMC, [b"one"])
    (second,) = spool.hold("99999972", [b"two"])
    assert first == again
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert {(one.insurer, one.package) for one in spool.held()} == {(AMC, b"one"), ("99999972", b"two")}
    past = time.time() - KEPT.total_seconds() - 1
    os.utime(first, (past, past))
    assert spool.purge() == 1
    spool.release((first, second))
    assert spool.held() == ()


def test_a_relay_is_made_once(tmp_path: Path, route: Route) -> None:
    """Its files are private and never overwritten; a route replaces the one of the same header."""
    folder = tmp_path / "relay"
    settings = RelaySettings(name="essai", origin=RELAY)
    offer = create_relay(folder, settings, NOW)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()} == {0o600}
    with pytest.raises(RelayFolderExists):
        create_relay(folder, settings, NOW)
    with pytest.raises(RelayFolderMissing):
        open_relay(tmp_path)
    for one in (route, msgspec.structs.replace(route, endpoint="https://moved.example")):
        add_route(folder, encode(one))
    with pytest.raises(ContractError):
        add_route(folder, b"{}")
    material = open_relay(folder)
    assert [one.endpoint for one in material.routes] == ["https://moved.example"]
    assert (material.settings, material.port(), offer.origin) == (settings, 8443, RELAY)
