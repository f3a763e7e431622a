"""base64url without padding (RFC 4648 §5), one spelling only.

Rule: what decodes is what would have been encoded: two texts never mean the same bytes, so digests over texts hold.
"""

import base64
import binascii

from sync.errors import ContractError


def to_text(data: bytes) -> str:
    """`data` as unpadded base64url."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def to_bytes(text: str) -> bytes:
    """The bytes of an unpadded base64url text; ContractError unless it is the only spelling of them."""
    try:
        data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ContractError("not base64url") from error
    if to_text(data) != text:
        raise ContractError("not canonical base64url")
    return data
