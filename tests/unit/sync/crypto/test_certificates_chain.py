"""An insurer's certificates, judged by the TLS library that will judge them."""

import datetime
import ipaddress
import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from sync.crypto.certificates import (
    Authority,
    der_of,
    fingerprint,
    issue_client,
    issue_server,
    key_from_pem,
    key_pem,
    make_authority,
    make_csr,
    new_tls_key,
    not_after,
)
from sync.errors import KeyInvalid

NOW = datetime.datetime.now(datetime.UTC)  # the TLS library judges by the machine's own clock
PASSWORD = b"a password of this moment"
DEVICE = "7rGosFe0MgW7iPSZWaOTz5vPB9SS_pYPpjS4ZCHo8eI"


@pytest.fixture(scope="module")
def authority() -> Authority:
    """An insurer's authority."""
    return make_authority("Mutuelle de test", NOW)


def context(folder: Path, side: int, authority: Authority, certificate: bytes, key: bytes) -> ssl.SSLContext:
    """A TLS 1.3 context that shows `certificate`, and trusts `authority` strictly."""
    (folder / "certificate.pem").write_bytes(certificate)
    (folder / "key.pem").write_bytes(key_pem(key, PASSWORD))
    made = ssl.SSLContext(side)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    made.verify_mode = ssl.CERT_REQUIRED
    made.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    made.load_verify_locations(cadata=authority.certificate_pem.decode())
    made.load_cert_chain(folder / "certificate.pem", folder / "key.pem", PASSWORD)
    return made


def shaken(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> tuple[str | None, bytes | None]:
    """TLS version and client certificate as the server saw them, after a real handshake."""
    near, far = socket.socketpair()
    seen: list[tuple[str | None, bytes | None]] = []

    def serve() -> None:
        with far, server.wrap_socket(far, server_side=True) as wrapped:
            seen.append((wrapped.version(), wrapped.getpeercert(binary_form=True)))
            wrapped.sendall(b"x")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with near, client.wrap_socket(near, server_hostname=name) as wrapped:
            wrapped.recv(1)
    finally:
        thread.join()
    return seen[0]


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_both_sides_accept_each_other_strictly(tmp_path: Path, authority: Authority, name: str) -> None:
    """TLS 1.3 with VERIFY_X509_STRICT succeeds under each name, and the server sees the terminal's certificate."""
    server_key, client_key = new_tls_key(), new_tls_key()
    server = issue_server(authority, ["localhost", "127.0.0.1", "::1"], server_key, NOW)
    client = issue_client(authority, make_csr(client_key, "whatever"), DEVICE, NOW)
    version, seen = shaken(
        context(tmp_path, ssl.PROTOCOL_TLS_CLIENT, authority, client, client_key),
        context(tmp_path, ssl.PROTOCOL_TLS_SERVER, authority, server, server_key),
        name,
    )
    assert version == "TLSv1.3"
    assert seen == der_of(client)
    assert fingerprint(seen) == x509.load_pem_x509_certificate(client).fingerprint(hashes.SHA256()).hex()


def test_a_terminal_cannot_stand_for_a_server(tmp_path: Path, authority: Authority) -> None:
    """A certificate for a client is refused by a client, although the authority signed it."""
    key = new_tls_key()
    terminal = issue_client(authority, make_csr(key, DEVICE), "localhost", NOW)
    client = context(tmp_path, ssl.PROTOCOL_TLS_CLIENT, authority, terminal, key)
    client.check_hostname = False
    incoming, outgoing, back = ssl.MemoryBIO(), ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context(tmp_path, ssl.PROTOCOL_TLS_SERVER, authority, terminal, key)
    near, far = client.wrap_bio(incoming, outgoing), server.wrap_bio(outgoing, back, server_side=True)
    for side in (near, far):
        with pytest.raises(ssl.SSLWantReadError):
            side.do_handshake()
    incoming.write(back.read())
    with pytest.raises(ssl.SSLCertVerificationError, match="purpose"):
        near.do_handshake()


def test_each_certificate_says_what_it_is_for(authority: Authority) -> None:
    """Subject, dates, basic constraints, key identifiers, usage and names are as issued."""
    ca = x509.load_pem_x509_certificate(authority.certificate_pem)
    server = x509.load_pem_x509_certificate(issue_server(authority, ["localhost", "127.0.0.1"], new_tls_key(), NOW))
    client = x509.load_pem_x509_certificate(issue_client(authority, make_csr(new_tls_key(), "x"), DEVICE, NOW))
    constraints = [
        one.extensions.get_extension_for_class(x509.BasicConstraints).value.ca for one in (ca, server, client)
    ]
    assert constraints == [True, False, False]
    for certificate in (ca, server, client):
        certificate.verify_directly_issued_by(ca)
        assert certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier == (
            ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        )
        assert certificate.extensions.get_extension_for_class(x509.KeyUsage).critical
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("127.0.0.1")]
    assert client.subject.rfc4514_string() == f"CN={DEVICE}"
    assert (client.not_valid_after_utc - NOW).days in (89, 90)


def test_an_issuer_takes_only_the_key_of_a_request(authority: Authority) -> None:
    """The name a terminal asks for is not the name it gets."""
    key = new_tls_key()
    issued = x509.load_pem_x509_certificate(issue_client(authority, make_csr(key, "CN=admin"), DEVICE, NOW))
    public = issued.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    expected = ec.derive_private_key(int.from_bytes(key, "big"), ec.SECP256R1()).public_key().public_numbers()
    assert public.public_numbers() == expected


def test_the_end_of_a_certificate_is_readable(authority: Authority) -> None:
    """A terminal knows when to renew."""
    client = issue_client(authority, make_csr(new_tls_key(), DEVICE), DEVICE, NOW, days=3)
    assert not_after(client) == NOW.replace(microsecond=0) + datetime.timedelta(days=3)


def foreign_request(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    """A request for a key that the contract does not know."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, algorithm).public_bytes(Encoding.PEM)


def tampered_request() -> bytes:
    """A request in which one byte of the signature is another."""
    der = bytearray(x509.load_pem_x509_csr(make_csr(new_tls_key(), DEVICE)).public_bytes(Encoding.DER))
    der[-1] ^= 1
    return x509.load_der_x509_csr(bytes(der)).public_bytes(Encoding.PEM)


@pytest.mark.parametrize(
    "request_pem",
    [
        b"",
        b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
        foreign_request(ec.generate_private_key(ec.SECP384R1())),
        foreign_request(ed25519.Ed25519PrivateKey.generate()),
        tampered_request(),
    ],
)
def test_other_requests_are_refused(authority: Authority, request_pem: bytes) -> None:
    """Garbage, keys of other kinds, and a request that its own key did not sign are KeyInvalid."""
    with pytest.raises(KeyInvalid):
        issue_client(authority, request_pem, DEVICE, NOW)


def test_a_private_key_is_written_under_a_password_only() -> None:
    """PEM needs a password, is encrypted, and gives the scalar back to whoever knows it."""
    key = new_tls_key()
    pem = key_pem(key, PASSWORD)
    assert b"ENCRYPTED PRIVATE KEY" in pem
    assert key_from_pem(pem, PASSWORD) == key
    with pytest.raises(KeyInvalid):
        key_from_pem(pem, b"another")
    with pytest.raises(KeyInvalid):
        key_pem(key, b"")


@pytest.mark.parametrize("name", ["", "x" * 65])
def test_names_that_x509_has_not_are_refused(name: str) -> None:
    """An empty or overlong subject is KeyInvalid."""
    with pytest.raises(KeyInvalid):
        make_authority(name, NOW)


def test_what_is_no_certificate_is_refused(authority: Authority) -> None:
    """Reading garbage is KeyInvalid, and a server needs a name."""
    with pytest.raises(KeyInvalid):
        der_of(b"-----BEGIN NOTHING-----")
    with pytest.raises(KeyInvalid):
        issue_server(authority, [], new_tls_key(), NOW)


def test_an_authority_does_not_show_its_key(authority: Authority) -> None:
    """The representation holds no private byte."""
    assert repr(authority.key) not in repr(authority)
    assert "key=" not in repr(authority)
