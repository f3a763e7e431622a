"""The one way this project speaks TLS: 1.3 only, pinned authorities, P-256 certificates on both sides.

Rules: a context trusts exactly the authority it is given; the system's only where signatures inside the content decide
(`public_context`). A private key reaches OpenSSL through a file that is encrypted under a password of this moment and
removed at once, so no key lies in the clear on the medium.
"""

import secrets
import ssl
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Final

from sync.crypto.certificates import key_pem, not_after
from sync.errors import KeyInvalid

_NO_CHECK_TIME: Final = ssl.VerifyFlags(0x200000)
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which Python does not name (X509_VERIFY_PARAM_set_flags(3))."""


def client_context(authority_pem: str, surely_past: datetime | None = None) -> ssl.SSLContext:
    """A context that believes a server only under this authority (PEM) and under its own name.

    Dates are judged by the system's clock; where that is not believed, `surely_past` stands in: a certificate that
    had ended by then is refused, and one that begins later may be a new one.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    _trust(context, authority_pem)
    if surely_past is not None:
        _judge_dates_by(context, surely_past)
    return context


def server_context(clients_pem: str) -> ssl.SSLContext:
    """A server's context: a client may stay without a certificate, but one it shows is of this authority (PEM)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_OPTIONAL
    _trust(context, clients_pem)
    return context


def public_context() -> ssl.SSLContext:
    """A context for addresses whose content is verified by its own signatures: the system's authorities."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def present(context: ssl.SSLContext, certificate_pem: str, key: bytes) -> None:
    """Let `context` show this certificate (PEM) with its key (32-byte scalar); KeyInvalid when they do not belong."""
    password = secrets.token_urlsafe(32)
    with tempfile.TemporaryDirectory(prefix="comptoir-") as folder:
        certificate_file, key_file = Path(folder, "certificate.pem"), Path(folder, "key.pem")
        certificate_file.write_text(certificate_pem, encoding="ascii")
        key_file.write_bytes(key_pem(key, password.encode("ascii")))
        try:
            context.load_cert_chain(certificate_file, key_file, password)
        except ssl.SSLError as error:
            raise KeyInvalid("certificate and key do not belong together") from error


def _judge_dates_by(context: ssl.SSLContext, moment: datetime) -> None:
    """OpenSSL then judges everything but dates; the server's dates are judged once the handshake gave its certificate.

    Nothing was sent by then but the handshake itself.
    """

    class Judging(ssl.SSLSocket):
        def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002  # the library's own signature
            super().do_handshake(block)
            shown = self.getpeercert(binary_form=True)
            if shown is None or not_after(ssl.DER_cert_to_PEM_cert(shown).encode("ascii")) < moment:
                raise ssl.SSLCertVerificationError("the certificate had ended by what is surely past")

    context.sslsocket_class = Judging
    context.verify_flags |= _NO_CHECK_TIME


def _trust(context: ssl.SSLContext, authority_pem: str) -> None:
    try:
        context.load_verify_locations(cadata=authority_pem)
    except ssl.SSLError as error:
        raise KeyInvalid("not a certificate authority") from error
