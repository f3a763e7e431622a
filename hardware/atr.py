"""What an answer to reset tells about a card: its kind, never its holder. Pure.

Rules: a kind is recognised by the whole answer, because parking and bank cards share the first bytes of a Vitale
(reference: the public list of Ludovic Rousseau's pcsc-tools). A dot stands for one free hexadecimal digit.
"""

import re
from enum import StrEnum


class CardKind(StrEnum):
    """The kinds of card a shop meets."""

    VITALE_2 = "vitale_2"
    VITALE_1 = "vitale_1"
    CPS = "cps"
    UNKNOWN = "unknown"


_PATTERNS = (
    (CardKind.VITALE_2, r"3B751300004.09.A9000"),
    (CardKind.VITALE_1, r"3F6525002[2C]09[6F]99000"),
    (CardKind.VITALE_1, r"3F652500(52|A3|A4)096A9000"),
    (CardKind.CPS, r"3BAC00402A001225006480.{8}9000"),
    (CardKind.CPS, r"3BDC18FF00001225006480000401009000"),
    (CardKind.CPS, r"3B8F80010031B86404B0ECC1739401808290000E"),
)


def identify_atr(atr: bytes) -> CardKind:
    """The kind of card that answers so to a reset; UNKNOWN for anything else, the empty answer included."""
    text = atr.hex().upper()
    return next((kind for kind, pattern in _PATTERNS if re.fullmatch(pattern, text)), CardKind.UNKNOWN)
