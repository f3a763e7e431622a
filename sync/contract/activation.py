"""What is posted to a shop: the invitation's id and the activation code, both typed by a person.

Rules: Crockford base32 (no I, L, O, U; read as 1, 1, 0 where they are meant), upper case; the code has 100 bits in 20
symbols and a 21st, the check symbol (value modulo 37), so that one wrong or exchanged symbol is noticed before anything
is sent; hyphens and spaces are for the eye. The code never travels: see `enrolment.proof_of`.
"""

import re
import secrets
from dataclasses import dataclass, field
from typing import Final, Self

from sync.errors import ActivationCodeInvalid

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_SYMBOLS: Final = 20
INVITATION_SYMBOLS: Final = 8
_CHECK_ALPHABET: Final = ALPHABET + "*~$=U"
_READ_AS: Final = str.maketrans("OIL", "011")
_GROUP: Final = 4


@dataclass(frozen=True, slots=True)
class ActivationCode:
    """The 100-bit secret of one invitation, as its 20 symbols; not shown by `repr`."""

    symbols: str = field(repr=False)

    @classmethod
    def generate(cls) -> Self:
        """A new random code."""
        return cls(_random_symbols(CODE_SYMBOLS))

    @classmethod
    def parse(cls, typed: str) -> Self:
        """The code a person typed, check symbol included; ActivationCodeInvalid when it cannot be one."""
        text = re.sub(r"[\s-]", "", typed).upper()
        symbols, check = text[:-1].translate(_READ_AS), text[-1:]
        if len(symbols) != CODE_SYMBOLS or not set(symbols) <= set(ALPHABET):
            raise ActivationCodeInvalid("a code has 20 symbols and a check symbol", symbols=CODE_SYMBOLS + 1)
        if check.translate(_READ_AS) != check_symbol(symbols):
            raise ActivationCodeInvalid("the check symbol does not agree: a symbol is wrong", symbols=CODE_SYMBOLS + 1)
        return cls(symbols)

    def grouped(self) -> str:
        """The code as it is printed: groups of four, then the check symbol."""
        text = self.symbols + check_symbol(self.symbols)
        return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))


def new_invitation() -> str:
    """A new invitation id: 40 random bits in 8 symbols. It names a letter and is no secret."""
    return _random_symbols(INVITATION_SYMBOLS)


def parse_invitation(typed: str) -> str:
    """The invitation id a person typed; ActivationCodeInvalid when it cannot be one."""
    text = re.sub(r"[\s-]", "", typed).upper().translate(_READ_AS)
    if len(text) != INVITATION_SYMBOLS or not set(text) <= set(ALPHABET):
        raise ActivationCodeInvalid("an invitation has 8 symbols", symbols=INVITATION_SYMBOLS)
    return text


def check_symbol(symbols: str) -> str:
    """Crockford's check symbol: the number the symbols write in base 32, modulo 37."""
    value = 0
    for symbol in symbols:
        value = value * 32 + ALPHABET.index(symbol)
    return _CHECK_ALPHABET[value % 37]


def _random_symbols(count: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(count))
