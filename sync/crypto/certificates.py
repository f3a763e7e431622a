"""The small X.509 world of one insurer: its own authority, its server, its terminals (RFC 5280, TLS 1.3).

Rules: P-256 everywhere (Ed25519 client certificates are refused by common verifiers); every certificate carries SKI,
AKI, KeyUsage and BasicConstraints, as strict verifiers (Python 3.13) demand; an issuer chooses the subject and takes
only the key from a request; dates are passed in, aware; a private key is a 32-byte scalar that leaves only as PEM
under a password. The subject of a terminal's certificate is its key id, never a person.
"""

import datetime
import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sync.crypto.signing import SCALAR_BYTES, private_key
from sync.errors import KeyInvalid

AUTHORITY_DAYS: Final = 3650
SERVER_DAYS: Final = 397
CLIENT_DAYS: Final = 90
_BACKDATE: Final = datetime.timedelta(minutes=5)
"""A peer's clock may be a little behind the issuer's."""


@dataclass(frozen=True)
class Authority:
    """An insurer's certificate authority: its certificate (PEM) and its private scalar (32 bytes, secret)."""

    certificate_pem: bytes
    key: bytes = field(repr=False)


def new_tls_key() -> bytes:
    """A new P-256 private key as its 32-byte scalar."""
    return ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value.to_bytes(SCALAR_BYTES, "big")


def key_pem(key: bytes, password: bytes) -> bytes:
    """PKCS#8 PEM of a scalar, encrypted under `password`: the only form in which TLS libraries are given it."""
    if not password:
        raise KeyInvalid("a private key is written under a password only")
    return private_key(key).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))


def key_from_pem(pem: bytes, password: bytes) -> bytes:
    """The scalar that `key_pem` wrote; KeyInvalid for another file or password."""
    try:
        key = load_pem_private_key(pem, password)
    except (TypeError, ValueError):
        raise KeyInvalid("not a private key under this password") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise KeyInvalid("not a P-256 private key")
    return key.private_numbers().private_value.to_bytes(SCALAR_BYTES, "big")


def make_authority(name: str, not_before: datetime.datetime, days: int = AUTHORITY_DAYS) -> Authority:
    """A new self-signed authority that may sign end certificates only (path length 0)."""
    key = new_tls_key()
    public = private_key(key).public_key()
    subject = _name(name)
    builder = _builder(subject, subject, public, public, _lifetime(not_before, days))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    return Authority(_signed_pem(builder, key), key)


def issue_server(
    authority: Authority, hosts: Sequence[str], key: bytes, not_before: datetime.datetime, days: int = SERVER_DAYS
) -> bytes:
    """PEM certificate of a server that answers under `hosts` (DNS names or IP addresses; the first is its subject)."""
    if not hosts:
        raise KeyInvalid("a server certificate names at least one host")
    public = private_key(key).public_key()
    alternative = x509.SubjectAlternativeName([_host(host) for host in hosts])
    builder = _end_builder(authority, hosts[0], public, _lifetime(not_before, days))
    builder = builder.add_extension(alternative, critical=False)
    return _signed_pem(_for_purpose(builder, ExtendedKeyUsageOID.SERVER_AUTH), authority.key)


def make_csr(key: bytes, name: str) -> bytes:
    """PEM certificate request (PKCS#10, RFC 2986): proof that the sender holds the key."""
    request = x509.CertificateSigningRequestBuilder().subject_name(_name(name))
    return request.sign(private_key(key), hashes.SHA256()).public_bytes(Encoding.PEM)


def issue_client(
    authority: Authority, csr: bytes, name: str, not_before: datetime.datetime, days: int = CLIENT_DAYS
) -> bytes:
    """PEM certificate of terminal `name` for the key of `csr`; KeyInvalid unless that is P-256 and signed by itself."""
    builder = _end_builder(authority, name, _requested_key(csr), _lifetime(not_before, days))
    return _signed_pem(_for_purpose(builder, ExtendedKeyUsageOID.CLIENT_AUTH), authority.key)


def fingerprint(der: bytes) -> str:
    """SHA-256 (hex) of a certificate's DER: how a peer's certificate is recognised."""
    return hashlib.sha256(der).hexdigest()


def der_of(certificate_pem: bytes) -> bytes:
    """DER of the first certificate in a PEM text; KeyInvalid when there is none."""
    return _certificate(certificate_pem).public_bytes(Encoding.DER)


def is_issued_by(der: bytes, authority_pem: str) -> bool:
    """Whether the certificate (DER) was signed by this authority (PEM); its dates are not judged here. KeyInvalid."""
    authority = _certificate(authority_pem.encode("ascii"))
    try:
        x509.load_der_x509_certificate(der).verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def requested_key(csr: bytes) -> str:
    """SHA-256 (hex) of the public key (SPKI, DER) a request is for; KeyInvalid as in `issue_client`."""
    return _key_digest(_requested_key(csr))


def certified_key(certificate_pem: bytes) -> str:
    """SHA-256 (hex) of the public key (SPKI, DER) a certificate is for; KeyInvalid."""
    return _key_digest(_certificate(certificate_pem).public_key())


def subject(certificate_pem: bytes) -> str:
    """The name a certificate was issued to; KeyInvalid."""
    names = _certificate(certificate_pem).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def not_before(certificate_pem: bytes) -> datetime.datetime:
    """The first instant (UTC) at which the certificate is valid; KeyInvalid."""
    return _certificate(certificate_pem).not_valid_before_utc


def not_after(certificate_pem: bytes) -> datetime.datetime:
    """The last instant (UTC) at which the certificate is valid."""
    return _certificate(certificate_pem).not_valid_after_utc


_Public = ec.EllipticCurvePublicKey
_Lifetime = tuple[datetime.datetime, datetime.datetime]


def _lifetime(not_before: datetime.datetime, days: int) -> _Lifetime:
    start = not_before.astimezone(datetime.UTC).replace(microsecond=0)
    return start - _BACKDATE, start + datetime.timedelta(days=days)


def _builder(
    subject: x509.Name, issuer: x509.Name, public: _Public, issuer_public: _Public, lifetime: _Lifetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(lifetime[0])
        .not_valid_after(lifetime[1])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_public), critical=False)
    )


def _end_builder(authority: Authority, name: str, public: _Public, lifetime: _Lifetime) -> x509.CertificateBuilder:
    issuer = _certificate(authority.certificate_pem).subject
    builder = _builder(_name(name), issuer, public, private_key(authority.key).public_key(), lifetime)
    return builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)


def _for_purpose(builder: x509.CertificateBuilder, purpose: x509.ObjectIdentifier) -> x509.CertificateBuilder:
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    return builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(name: str) -> x509.Name:
    try:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    except ValueError as error:
        raise KeyInvalid("a certificate's name has 1 to 64 characters") from error


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _requested_key(csr: bytes) -> _Public:
    try:
        request = x509.load_pem_x509_csr(csr)
        public = request.public_key()
    except ValueError as error:
        raise KeyInvalid("not a certificate request") from error
    if not request.is_signature_valid:
        raise KeyInvalid("the request is not signed by its own key")
    if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256R1):
        raise KeyInvalid("a request is for a P-256 key")
    return public


def _key_digest(key: CertificatePublicKeyTypes) -> str:
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _certificate(pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise KeyInvalid("not a certificate") from error


def _signed_pem(builder: x509.CertificateBuilder, key: bytes) -> bytes:
    return builder.sign(private_key(key), hashes.SHA256()).public_bytes(Encoding.PEM)
