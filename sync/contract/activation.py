"""What is posted to a shop: the invitation's id and the activation code, both typed by a person.

Rules: printed symbols (`sync.contract.printed`); the code has 100 bits in 20 symbols and a 21st, the check symbol. The
code never travels: see `enrolment.proof_of`.
"""

from dataclasses import dataclass, field
from typing import Final, Self

from sync.contract.printed import grouped, random_symbols, read_checked, read_symbols
from sync.errors import ActivationCodeInvalid

CODE_SYMBOLS: Final = 20
INVITATION_SYMBOLS: Final = 8
_GROUP: Final = 4


@dataclass(frozen=True, slots=True)
class ActivationCode:
    """The 100-bit secret of one invitation, as its 20 symbols; not shown by `repr`."""

    symbols: str = field(repr=False)

    @classmethod
    def generate(cls) -> Self:
        """A new random code."""
        return cls(random_symbols(CODE_SYMBOLS))

    @classmethod
    def parse(cls, typed: str) -> Self:
        """The code a person typed, check symbol included; ActivationCodeInvalid when it cannot be one."""
        symbols = read_checked(typed, CODE_SYMBOLS)
        if symbols is None:
            raise ActivationCodeInvalid("a code has 20 symbols and a check symbol", symbols=CODE_SYMBOLS + 1)
        if not symbols:
            raise ActivationCodeInvalid("the check symbol does not agree: a symbol is wrong", symbols=CODE_SYMBOLS + 1)
        return cls(symbols)

    def grouped(self) -> str:
        """The code as it is printed: groups of four, then the check symbol."""
        return grouped(self.symbols, _GROUP)


def new_invitation() -> str:
    """A new invitation id: 40 random bits in 8 symbols. It names a letter and is no secret."""
    return random_symbols(INVITATION_SYMBOLS)


def parse_invitation(typed: str) -> str:
    """The invitation id a person typed; ActivationCodeInvalid when it cannot be one."""
    symbols = read_symbols(typed, INVITATION_SYMBOLS)
    if symbols is None:
        raise ActivationCodeInvalid("an invitation has 8 symbols", symbols=INVITATION_SYMBOLS)
    return symbols
