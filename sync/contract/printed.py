"""Symbols that are printed on paper and typed by a person: Crockford base32.

Rules: no I, L, O, U; read as 1, 1, 0 where they are meant; upper case; hyphens and spaces are for the eye. A check
symbol (value modulo 37) follows, so that one wrong or exchanged symbol is noticed at once.
"""

import re
import secrets
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHECK_ALPHABET: Final = ALPHABET + "*~$=U"
_READ_AS: Final = str.maketrans("OIL", "011")


def random_symbols(count: int) -> str:
    """So many symbols of five random bits each."""
    return "".join(secrets.choice(ALPHABET) for _ in range(count))


def read_symbols(typed: str, count: int) -> str | None:
    """The `count` symbols that a person typed; None for another length or other signs."""
    text = re.sub(r"[\s-]", "", typed).upper().translate(_READ_AS)
    return text if len(text) == count and set(text) <= set(ALPHABET) else None


def read_checked(typed: str, count: int) -> str | None:
    """The `count` symbols before a check symbol; "" when they are symbols and the check does not agree."""
    text = re.sub(r"[\s-]", "", typed).upper()
    symbols = read_symbols(text[:-1], count)
    if symbols is None:
        return None
    return symbols if text[-1:].translate(_READ_AS) == check_symbol(symbols) else ""


def grouped(symbols: str, size: int) -> str:
    """The symbols and their check symbol as they are printed, in groups."""
    text = symbols + check_symbol(symbols)
    return "-".join(text[start : start + size] for start in range(0, len(text), size))


def check_symbol(symbols: str) -> str:
    """Crockford's check symbol: the number the symbols write in base 32, modulo 37."""
    value = 0
    for symbol in symbols:
        value = value * 32 + ALPHABET.index(symbol)
    return _CHECK_ALPHABET[value % 37]
