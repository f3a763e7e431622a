"""A customer's ticket: what it says to a person, and to a machine which claim it is and its envelope's digest.

Rules: nothing of a person. The code is `CT1:` and 48 bytes in base 32 (RFC 4648, no padding): the claim's UUID, then
SHA-256 of the envelope; it has only signs of a QR code's alphanumeric mode (ISO/IEC 18004), so it stays small.
"""

import base64
import re
import uuid
from dataclasses import dataclass
from datetime import date
from typing import Final

from terminal.domain.errors import DomainError

PREFIX: Final = "CT1:"
_BYTES: Final = 48
_ID_BYTES: Final = 16
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class TicketCodeInvalid(DomainError):
    """The text is not what a ticket of Comptoir says."""

    code = "ticket_code_invalid"


@dataclass(frozen=True, slots=True)
class TicketCode:
    """A claim's id (UUID) and its envelope's SHA-256 in lower-case hexadecimal."""

    claim_id: str
    digest: str

    def text(self) -> str:
        """As the QR code holds it; TicketCodeInvalid when id or digest have another form."""
        if not _DIGEST.fullmatch(self.digest):
            raise TicketCodeInvalid("not the code of a ticket")
        content = _uuid(self.claim_id).bytes + bytes.fromhex(self.digest)
        return PREFIX + base64.b32encode(content).decode("ascii").rstrip("=")

    @classmethod
    def parse(cls, text: str) -> "TicketCode":
        """What a scanner read or a person typed; TicketCodeInvalid."""
        content = _content("".join(text.split()).upper())
        return cls(str(uuid.UUID(bytes=content[:_ID_BYTES])), content[_ID_BYTES:].hex())


@dataclass(frozen=True, slots=True)
class CustomerTicket:
    """What a customer takes along; amounts in cents."""

    number: str
    shop: str
    insurer: str
    day: date
    price: int
    amo: int
    amc: int
    reste_a_charge: int
    code: str


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise TicketCodeInvalid("not the code of a ticket") from error


def _content(text: str) -> bytes:
    if not text.startswith(PREFIX):
        raise TicketCodeInvalid("not the code of a ticket")
    symbols = text.removeprefix(PREFIX)
    try:
        content = base64.b32decode(symbols + "=" * (-len(symbols) % 8))
    except ValueError as error:
        raise TicketCodeInvalid("not the code of a ticket") from error
    if len(content) != _BYTES or base64.b32encode(content).decode("ascii").rstrip("=") != symbols:
        raise TicketCodeInvalid("not the code of a ticket")
    return content
