"""Files of a data repository over HTTP or HTTPS, as a source for `sync.reference`.

Rules: nothing that comes this way is believed: signatures decide, so plain HTTP is allowed and the system's
authorities are good enough for HTTPS. No redirect, no proxy from the environment, no content coding. A file has a
minute, and one second more for each 2,000 bytes that came: whoever is slower would never end.
"""

import ssl
import time
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import quote

import httpx

from sync.reference.refusals import DataSlow, DataUnreachable
from sync.reference.sources import FileMissing
from sync.tls import public_context

SCHEMES: Final = ("http://", "https://")
_TIMEOUT: Final = httpx.Timeout(10.0, read=30.0)
_GRACE_SECONDS: Final = 60.0
_SLOWEST: Final = 2000.0
_ABSENT: Final = (403, 404, 410)


class HttpRepository:
    """The repository at an address. `elapsed` counts seconds; `go_on` is asked between parts."""

    def __init__(
        self,
        address: str,
        elapsed: Callable[[], float] = time.monotonic,
        go_on: Callable[[], bool] = lambda: True,
    ) -> None:
        self.name = address
        self._elapsed = elapsed
        self._go_on = go_on

    def stream(self, path: str) -> Iterator[bytes]:
        """The bytes of a file; FileMissing, DataUnreachable, DataSlow."""
        address = f"{self.name.rstrip('/')}/{quote(path)}"
        try:
            with self._client() as client, client.stream("GET", address) as response:
                yield from self._parts(response, path)
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, ssl.SSLError, OSError) as error:
            raise DataUnreachable(type(error).__name__, source=self.name) from error

    def _client(self) -> httpx.Client:
        return httpx.Client(
            verify=public_context(),
            http2=False,
            trust_env=False,
            follow_redirects=False,
            timeout=_TIMEOUT,
            headers={"user-agent": "comptoir", "accept-encoding": "identity"},
        )

    def _parts(self, response: httpx.Response, path: str) -> Iterator[bytes]:
        if response.status_code in _ABSENT:
            raise FileMissing(path)
        if response.status_code != httpx.codes.OK:
            raise DataUnreachable("an answer without the file", source=self.name, status=response.status_code)
        began, received = self._elapsed(), 0
        for part in response.iter_raw():
            received += len(part)
            if self._elapsed() - began > _GRACE_SECONDS + received / _SLOWEST:
                raise DataSlow("slower than any line of a shop", file=path)
            if not self._go_on():
                raise DataUnreachable("stopped", source=self.name)
            yield part
