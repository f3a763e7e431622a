"""Signed requests: RFC 9421 with exactly the components of the contract, and Content-Digest (RFC 9530, sha-256).

Rules: covered are `@method`, `@target-uri`, then `content-digest`, `content-type`, `idempotency-key` in this order as
far as the request has them; a body is always covered through its digest. One signature, labelled `comptoir`, with
`created`, `keyid`, `nonce`, `alg="ecdsa-p256-sha256"`, each once and nothing else. What a verifier reads is compared
with what it would itself have written, so there is no lenient parser; what is not of this form is refused.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sync.crypto.signing import SigningKey, VerifyingKey
from sync.errors import SignatureInvalid

LABEL: Final = "comptoir"
ALGORITHM: Final = "ecdsa-p256-sha256"
MAX_AGE: Final = timedelta(minutes=5)
_MAX_LEAD: Final = timedelta(minutes=1)
_COVERED_HEADERS: Final = ("content-digest", "content-type", "idempotency-key")
_SIGNATURE_HEADERS: Final = ("signature-input", "signature")
_PARAM: Final = r';(?:created=[0-9]{1,11}|(?:keyid|nonce|alg)="[A-Za-z0-9_-]{1,64}")'
_INPUT: Final = re.compile(rf'{LABEL}=(?P<components>\([a-z0-9@" -]*\))(?P<params>(?:{_PARAM}){{4}})', re.ASCII)
_PARAM_PARTS: Final = re.compile(r';([a-z]+)="?([A-Za-z0-9_-]+)"?', re.ASCII)
_NONCE_CHARACTERS: Final = 16
_SIGNATURE: Final = re.compile(rf"{LABEL}=:(?P<value>[A-Za-z0-9+/]{{85}}[AQgw]==):", re.ASCII)
"""64 bytes; four bits of the last sign mean nothing and have to be zero: a signature has one spelling."""


@dataclass(frozen=True)
class Request:
    """What is signed: method, absolute target URI as the server sees it, fields already set, body as sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)


def content_digest(body: bytes) -> str:
    """The Content-Digest field value of the bytes as they are sent (after any content coding)."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode('ascii')}:"


def sign_request(signer: SigningKey, request: Request, created: datetime) -> dict[str, str]:
    """The fields to add to `request`: `content-digest` (when there is a body), `signature-input`, `signature`."""
    fields = {"content-digest": content_digest(request.body)} if request.body else {}
    covered = _covered({**_lowered(request.headers), **fields})
    nonce = secrets.token_urlsafe(16)
    created_seconds = int(created.timestamp())
    params = f'{_listed(covered)};created={created_seconds};keyid="{signer.kid}";nonce="{nonce}";alg="{ALGORITHM}"'
    value = base64.b64encode(signer.sign_raw(_base(request, covered, params))).decode("ascii")
    return {**fields, "signature-input": f"{LABEL}={params}", "signature": f"{LABEL}=:{value}:"}


def verify_request(
    request: Request,
    key_of: Callable[[str], VerifyingKey | None],
    now: datetime,
    nonce_seen: Callable[[str, str], bool],
    max_age: timedelta = MAX_AGE,
) -> str:
    """The key id that signed `request`; SignatureInvalid for anything that is not wholly of the contract's form.

    `key_of` gives the enrolled key of an id. `nonce_seen(kid, nonce)` remembers a nonce and says whether it was known:
    it is asked last, for requests that verify, and need remember no longer than `max_age` and one minute.
    """
    fields = _lowered(request.headers)
    found = _matched(_INPUT, fields.get("signature-input"))
    covered = _covered(fields)
    if found["components"] != _listed(covered):
        raise SignatureInvalid("the signature does not cover what the contract names")
    _check_digest(fields.get("content-digest"), request.body)
    params = _params(found["params"])
    _check_age(int(params["created"]), now, max_age)
    key = key_of(params["keyid"])
    if key is None or key.kid != params["keyid"]:
        raise SignatureInvalid("signed by a key that is not enrolled")
    signature = base64.b64decode(_matched(_SIGNATURE, fields.get("signature"))["value"])
    key.verify_raw(_base(request, covered, fields["signature-input"].removeprefix(f"{LABEL}=")), signature)
    if nonce_seen(key.kid, params["nonce"]):
        raise SignatureInvalid("this request was seen before")
    return key.kid


def nonce_of(signed: Mapping[str, str]) -> str:
    """The nonce in the fields that `sign_request` gave."""
    return _params(_matched(_INPUT, signed["signature-input"])["params"])["nonce"]


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    lowered: dict[str, str] = {}
    for name, value in ((name.lower(), value.strip()) for name, value in headers.items()):
        if name not in _COVERED_HEADERS + _SIGNATURE_HEADERS:
            continue
        if name in lowered or not value.isprintable() or not value.isascii():
            raise SignatureInvalid("a signed field appears once and is one line of ASCII")
        lowered[name] = value
    return lowered


def _covered(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: fields[name] for name in _COVERED_HEADERS if name in fields}


def _listed(covered: Mapping[str, str]) -> str:
    return "(" + " ".join(f'"{name}"' for name in ("@method", "@target-uri", *covered)) + ")"


def _base(request: Request, covered: Mapping[str, str], params: str) -> bytes:
    lines = {"@method": request.method, "@target-uri": request.url, **covered, "@signature-params": params}
    return "\n".join(f'"{name}": {value}' for name, value in lines.items()).encode("utf-8")


def _matched(pattern: re.Pattern[str], value: str | None) -> dict[str, str]:
    found = pattern.fullmatch(value or "")
    if found is None:
        raise SignatureInvalid("the request carries no signature of the contract's form")
    return found.groupdict()


def _params(text: str) -> dict[str, str]:
    found = dict(_PARAM_PARTS.findall(text))
    if len(found) != 4 or found["alg"] != ALGORITHM or len(found["nonce"]) < _NONCE_CHARACTERS:
        raise SignatureInvalid("the signature's parameters are not those of the contract")
    return found


def _check_digest(stated: str | None, body: bytes) -> None:
    if (stated is not None or body) and stated != content_digest(body):
        raise SignatureInvalid("the body is not the one that was signed")


def _check_age(created: int, now: datetime, max_age: timedelta) -> None:
    age = timedelta(seconds=now.timestamp() - created)
    if not -_MAX_LEAD <= age <= max_age:
        raise SignatureInvalid("the request is too old, or from a clock that runs ahead")
