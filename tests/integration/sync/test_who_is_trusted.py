"""Who speaks to whom: pinned authority, own certificate, one terminal per connection, a clock that is off."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sync.client import InsurerClient
from sync.client.channel import Channel, Question
from sync.contract.exchange import STATE_TYPE, StateAnswer
from sync.crypto.certificates import issue_client, make_authority, make_csr
from sync.crypto.signing import SigningKey
from sync.errors import InsurerRefused, InsurerUnreachable, InsurerUntrusted, KeyInvalid, SignatureInvalid
from sync.insurers import InsurerRecord
from sync.receiver.folder import open_intake
from sync.tls import client_context, present
from tests.integration.sync.world import Insurer, Terminal, now
from tests.unit.sync.receiver.visitor import AMC


def exchanged(terminal: Terminal, **changed: object) -> InsurerRecord:
    """Put a changed enrolment in the place of the right one."""
    record = replace(terminal.home.insurers.get(AMC), **changed)  # type: ignore[arg-type]  # fields named by the tests
    terminal.home.insurers.add(record)
    return record


def test_another_authority_is_not_trusted(enrolled: Terminal) -> None:
    """A server that is not of the pinned authority gets nothing, and the claim stays in the queue."""
    exchanged(enrolled, authority_pem=make_authority("impostor", now()).certificate_pem.decode())
    (claim_id,) = enrolled.register(AMC)
    report = enrolled.drain()
    assert report.errors == {AMC: "insurer_untrusted"}
    assert (enrolled.home.outbox.get(claim_id).state, report.acknowledged) == ("queued", 0)
    with enrolled.client(AMC) as client, pytest.raises(InsurerUntrusted):
        client.health()


def test_another_name_is_not_trusted(enrolled: Terminal, insurer: Insurer) -> None:
    """The certificate counts for the host it names only."""
    exchanged(enrolled, endpoint=f"https://localhost:{insurer.port}")
    with enrolled.client(AMC) as client, pytest.raises(InsurerUntrusted):
        client.state()


def test_without_a_certificate_nothing_is_answered(enrolled: Terminal, insurer: Insurer) -> None:
    """A signed request over a connection without client certificate is refused."""
    record = enrolled.home.insurers.get(AMC)
    channel = Channel(insurer.endpoint, client_context(record.authority_pem), enrolled.home.signer, now)
    with pytest.raises(InsurerRefused) as caught:
        channel.ask(Question("GET", "/v1/state", STATE_TYPE), StateAnswer)
    channel.close()
    assert caught.value.facts == {"problem": "certificate_missing", "status": 401}


def test_a_foreign_certificate_ends_the_handshake(enrolled: Terminal) -> None:
    """A client certificate of another authority is refused, and the claim stays in the queue."""
    foreign = issue_client(make_authority("x", now()), make_csr(enrolled.home.tls_key, "x"), "x", now())
    exchanged(enrolled, certificate_pem=foreign.decode())
    (claim_id,) = enrolled.register(AMC)
    with enrolled.client(AMC) as client, pytest.raises((InsurerRefused, InsurerUnreachable)):
        client.push([enrolled.package(claim_id)])
    assert enrolled.drain().acknowledged == 0
    assert enrolled.states() == ["sending"]


def test_an_expired_certificate_ends_the_handshake(enrolled: Terminal, insurer: Insurer) -> None:
    """A certificate that this very insurer issued long ago is refused."""
    clients = open_intake(insurer.folder).clients
    old = issue_client(clients, make_csr(enrolled.home.tls_key, "x"), "x", now() - timedelta(days=100))
    exchanged(enrolled, certificate_pem=old.decode())
    with enrolled.client(AMC) as client, pytest.raises((InsurerRefused, InsurerUnreachable)):
        client.state()


def test_the_certificate_of_one_terminal_carries_no_other(
    make_terminal: Callable[[], Terminal], insurer: Insurer
) -> None:
    """A request signed by one enrolled terminal over the connection of another is refused."""
    first, second = make_terminal(), make_terminal()
    records = [terminal.enrol(insurer) for terminal in (first, second)]
    context = client_context(records[0].authority_pem)
    present(context, records[0].certificate_pem, first.home.tls_key)
    channel = Channel(insurer.endpoint, context, second.home.signer, now)
    with pytest.raises(InsurerRefused) as caught:
        channel.ask(Question("GET", "/v1/state", STATE_TYPE), StateAnswer)
    channel.close()
    assert caught.value.facts["problem"] == "signature_invalid"


def test_a_certificate_without_its_key_is_noticed_here(make_terminal: Callable[[], Terminal], insurer: Insurer) -> None:
    """A certificate that does not belong to this terminal's key is refused before anything is sent."""
    first, second = make_terminal(), make_terminal()
    record = first.enrol(insurer)
    with pytest.raises(KeyInvalid):
        InsurerClient(record, second.home.tls_key, second.home.signer)


@pytest.mark.parametrize("days", [-400, -1, 30, 3650])
def test_a_clock_that_is_off_still_signs(enrolled: Terminal, insurer: Insurer, days: int) -> None:
    """A terminal whose clock is wrong learns the insurer's time from its answer and is understood at once."""

    def wrong() -> datetime:
        return now() + timedelta(days=days)

    assert wrong().tzinfo is UTC
    record, home = enrolled.home.insurers.get(AMC), enrolled.home
    with InsurerClient(record, home.tls_key, home.signer, wrong) as client:
        assert client.state().seq == 0
        (claim_id,) = enrolled.register(AMC)
        assert client.push([enrolled.package(claim_id)])[0].status == 201


def test_keys_signed_by_a_stranger_do_not_count(enrolled: Terminal) -> None:
    """An enrolment whose pinned key did not sign the key set is refused before a connection is opened."""
    (claim_id,) = enrolled.register(AMC)
    exchanged(enrolled, signing_jwk=SigningKey.generate().public.jwk)
    with pytest.raises(SignatureInvalid):
        enrolled.client(AMC)
    assert enrolled.drain().errors == {AMC: "signature_invalid"}
    assert enrolled.home.outbox.get(claim_id).state == "queued"
