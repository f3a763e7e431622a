"""A web server on this machine, over TLS, whose authority is made for it."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sync.crypto.certificates import issue_server, make_authority, new_tls_key
from sync.tls import present, server_context

_LOOK_SECONDS = 0.02


@contextmanager
def served_over_tls(handler: type[BaseHTTPRequestHandler], authority_file: Path) -> Iterator[str]:
    """Serve with this handler, the authority in a file; the address, without a path."""
    authority, key = make_authority("depot", datetime.now(UTC)), new_tls_key()
    pem = authority.certificate_pem.decode()
    authority_file.write_text(pem, "ascii")
    context = server_context(pem)
    context.verify_mode = ssl.CERT_NONE
    present(context, issue_server(authority, ["127.0.0.1"], key, datetime.now(UTC)).decode(), key)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(_LOOK_SECONDS,))
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
