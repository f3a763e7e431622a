"""A host of updates on this machine, over TLS, that breaks off, lies and changes its files when it is told to."""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.tls_server import served_over_tls


@dataclass
class Depot:
    """What the host says and does; tests change it at any time."""

    content: bytes
    version: str = "0.1.0-1790000100"
    told: dict[str, Any] = field(default_factory=dict)
    """What it says else than the truth of its file."""
    mark: str = '"one"'
    cuts: list[int] = field(default_factory=list)
    """After how many bytes of the file each of the next connections breaks off."""
    length: int | None = None
    """The length it announces, when that is a lie."""
    knows_ranges: bool = True
    status: int = 200
    address: str = ""
    asked: list[str] = field(default_factory=list)
    """The requests for the file, by the range they asked for."""

    def newest(self) -> bytes:
        """Its small file."""
        truth = {"version": self.version, "size": len(self.content), "sha256": hashlib.sha256(self.content).hexdigest()}
        return json.dumps(truth | self.told).encode()


def _handler(depot: Depot) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/comptoir/comptoir.update.json":
                self._send(200, depot.newest(), {})
                return
            wanted = self.headers.get("Range", "")
            depot.asked.append(wanted)
            begins = re.fullmatch(r"bytes=(\d+)-", wanted)
            same = self.headers.get("If-Range") == depot.mark
            size = len(depot.content)
            if begins and same and depot.knows_ranges:
                part = depot.content[int(begins[1]) :]
                self._send(206, part, {"Content-Range": f"bytes {begins[1]}-{size - 1}/{size}"})
            else:
                self._send(depot.status, depot.content, {})

        def _send(self, status: int, body: bytes, fields: dict[str, str]) -> None:
            small = self.path.endswith(".json")
            self.send_response(status)
            for name, value in ({"ETag": depot.mark} | fields).items():
                self.send_header(name, value)
            announced = len(body) if small or depot.length is None else depot.length
            self.send_header("Content-Length", str(announced))
            self.end_headers()
            cut = depot.cuts.pop(0) if depot.cuts and not small else None
            self.wfile.write(body[:cut])
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def serving(depot: Depot, authority_file: Path) -> Iterator[Depot]:
    """The depot at an address of this machine, its authority in a file."""
    with served_over_tls(_handler(depot), authority_file) as address:
        depot.address = f"{address}/comptoir/"
        yield depot
