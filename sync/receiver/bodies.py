"""Reading a request's body without trusting it: media type, length, time, and the bound on what gzip unfolds to.

Rules: exact media types without parameters; a declared length over the limit is refused before a byte is read, and
reading stops at the limit anyway; one gzip member, nothing after it; what is unfolded never exceeds the limit by more
than a byte.
"""

import asyncio
import zlib
from typing import Final

from starlette.requests import ClientDisconnect, Request

from sync.receiver.refusal import Refusal

BODY_SECONDS: Final = 120
"""A batch of a hundred claims takes a minute on a line of 64 kbit/s."""
_GZIP_WINDOW: Final = 31


async def read_body(request: Request, media_type: str, limit: int) -> bytes:
    """The body as sent, of this media type and at most `limit` bytes; Refusal otherwise."""
    if request.headers.getlist("content-type") != [media_type]:
        raise Refusal("media_type_unsupported")
    return await read_bounded(request, limit)


async def read_bounded(request: Request, limit: int) -> bytes:
    """The body as sent, at most `limit` bytes; Refusal otherwise."""
    declared = request.headers.get("content-length", "0")
    if not (declared.isascii() and declared.isdigit()) or int(declared) > limit:
        raise Refusal("too_large")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read_at_most(request, limit)
    except (TimeoutError, ClientDisconnect) as error:
        raise Refusal("request_timeout") from error


def unfold(body: bytes, coding: str | None, limit: int) -> bytes:
    """The body without its content coding (none, or gzip), at most `limit` bytes; Refusal otherwise."""
    if coding is None:
        return body
    if coding != "gzip":
        raise Refusal("media_type_unsupported")
    unzip = zlib.decompressobj(_GZIP_WINDOW)
    try:
        plain = unzip.decompress(body, limit + 1)
    except zlib.error as error:
        raise Refusal("request_invalid") from error
    if len(plain) > limit:
        raise Refusal("too_large")
    if not unzip.eof or unzip.unused_data:
        raise Refusal("request_invalid")
    return plain


async def _read_at_most(request: Request, limit: int) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise Refusal("too_large")
    return bytes(body)
