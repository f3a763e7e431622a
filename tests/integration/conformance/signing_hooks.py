"""For schemathesis: every request is signed as an enrolled terminal signs it, just before it leaves.

Rules: what was generated is sent as it was generated; only the three fields of the signature are added, as TLS adds the
certificate. Where the terminal's key and the origin are is told by the environment.
"""

import os
from pathlib import Path
from typing import Any, Final

import requests
import schemathesis
from requests.auth import AuthBase

from sync.conformance.wire import Stamp, stamped
from sync.crypto.signing import SigningKey

FOLDER: Final = "COMPTOIR_SIGNING_FOLDER"
SIGNATURE_FIELDS: Final = ("content-digest", "signature-input", "signature")
_COVERED: Final = ("content-type", "idempotency-key")


class Signed(AuthBase):
    """Adds the signature to a request that is ready."""

    def __init__(self, folder: Path) -> None:
        self._signer = SigningKey.from_bytes((folder / "device.key").read_bytes())
        self._origin = (folder / "origin").read_text("ascii")

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The request with its signature."""
        body = request.body or b""
        told = {name.lower(): _text(value) for name, value in request.headers.items()}
        fields: dict[str, str] = {name: told[name] for name in _COVERED if name in told}
        url = self._origin + request.path_url
        sent = body.encode() if isinstance(body, str) else body
        assert isinstance(sent, bytes)
        signed = stamped(Stamp(self._signer), str(request.method), url, fields, sent)
        request.headers.update({name: signed[name] for name in SIGNATURE_FIELDS if name in signed})
        return request


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


@schemathesis.hook
def before_call(_context: Any, _case: Any, kwargs: dict[str, Any]) -> None:
    """Sign what is about to leave."""
    kwargs["auth"] = Signed(Path(os.environ[FOLDER]))
