"""What an answer to reset tells about a card: its kind, never its holder. Pure.

Rules: a kind is recognised by the whole answer, because parking and bank cards share the first bytes of a Vitale
(reference: the public list of Ludovic Rousseau's pcsc-tools). A dot stands for one free hexadecimal digit. The answer
tells the chip and not always the card: a CPE has the answer of a CPS, and the chip of an eGK is also sold to others, so
the eGK's session asks the card itself.
"""

import re
from enum import StrEnum


class CardKind(StrEnum):
    """The kinds of card a shop meets."""

    VITALE_2 = "vitale_2"
    VITALE_1 = "vitale_1"
    CPS = "cps"
    EGK = "egk"
    UNKNOWN = "unknown"


_PATTERNS = (
    (CardKind.VITALE_2, r"3B751300004.09.A9000"),
    (CardKind.VITALE_1, r"3F6525002[2C]09[6F]99000"),
    (CardKind.VITALE_1, r"3F652500(52|A3|A4)096A9000"),
    (CardKind.CPS, r"3BAC00402A001225006480.{8}9000"),
    (CardKind.CPS, r"3BDC18FF00001225006480000401009000"),
    (CardKind.CPS, r"3B8F80010031B86404B0ECC1739401808290000E"),
    (CardKind.EGK, r"3BD096FF81B1FE451F(032E|072A|C7EA)"),
    (CardKind.EGK, r"3BD097FF81B1FE451F072B"),
    (CardKind.EGK, r"3BD396FF81B1FE451F(0380810529|078081052D)"),
    (CardKind.EGK, r"3BD818FF81B1FE451F038064041AB403810561"),
    (CardKind.EGK, r"3BDD9[67]FF81B1FE451F0300640405(0803|0A02)739621D0009000.."),
    (CardKind.EGK, r"3BDD96FF81B1FE451F030064057310A673D621C000900053"),
    (CardKind.EGK, r"3B85800130010130(1014|3034)"),
)


def identify_atr(atr: bytes) -> CardKind:
    """The kind of card that answers so to a reset; UNKNOWN for anything else, the empty answer included."""
    text = atr.hex().upper()
    return next((kind for kind, pattern in _PATTERNS if re.fullmatch(pattern, text)), CardKind.UNKNOWN)
