"""A server's certificate, judged by the system's clock or by what is surely past."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest

from sync.crypto.certificates import Authority, issue_server, make_authority, new_tls_key
from sync.tls import client_context, present

NOW = datetime.now(UTC)


@contextmanager
def served(authority: Authority, begins: datetime, days: int) -> Iterator[int]:
    """A server on this machine with a certificate of these dates; its port."""
    key = new_tls_key()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    present(context, issue_server(authority, ["127.0.0.1"], key, begins, days).decode("ascii"), key)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            with suppress(OSError):
                connection, _ = listening.accept()
                with connection, context.wrap_socket(connection, server_side=True) as secured:
                    secured.recv(1)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            thread.join()


def believed(authority: Authority, port: int, surely_past: datetime | None, name: str = "127.0.0.1") -> bool:
    """Whether a client believes this server."""
    context = client_context(authority.certificate_pem.decode("ascii"), surely_past)
    with socket.create_connection(("127.0.0.1", port)) as line:
        try:
            with context.wrap_socket(line, server_hostname=name):
                return True
        except ssl.SSLCertVerificationError:
            return False


@pytest.fixture(scope="module")
def authority() -> Authority:
    """An authority of long ago."""
    return make_authority("Autorité", NOW - timedelta(days=2000))


@pytest.mark.parametrize(
    ("begins", "days", "past", "is_believed"),
    [
        (-10, 397, None, True),
        (-500, 397, None, False),
        (5, 397, None, False),
        (-10, 397, -1000, True),
        (-500, 397, -1000, True),
        (-500, 397, -50, False),
        (5, 397, -50, True),
    ],
)
def test_dates_are_judged_by_what_is_known(
    begins: int, days: int, past: int | None, is_believed: bool, authority: Authority
) -> None:
    """What had ended by the surely past is refused; what begins later may be new; a believed clock judges both ends."""
    moment = None if past is None else NOW + timedelta(days=past)
    with served(authority, NOW + timedelta(days=begins), days) as port:
        assert believed(authority, port, moment) is is_believed


def test_a_doubtful_clock_excuses_nothing_else(authority: Authority) -> None:
    """Another authority and another name are refused whatever the clock says."""
    other = make_authority("Autre", NOW - timedelta(days=2000))
    past = NOW - timedelta(days=1000)
    with served(authority, NOW, 397) as port:
        assert not believed(other, port, past)
    with served(authority, NOW, 397) as port:
        assert not believed(authority, port, past, "ailleurs.example")
