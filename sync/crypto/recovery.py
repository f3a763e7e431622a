"""The paper recovery code: what still opens the shop key when every PIN is forgotten or the machine is gone.

Rules: 120 random bits as 24 printed symbols and a check symbol, in five groups of five. It is shown once, typed back,
and stored nowhere. It needs no stretching and no device: with the paper, a copy of the keyslots opens elsewhere, which
is what it is for. The code makes an X-Wing key pair whose public half stands in the file, so that a backup can be
sealed to the paper without anybody typing it.
"""

from dataclasses import dataclass, field
from typing import Final, Self

from sync.contract.printed import grouped, random_symbols, read_checked
from sync.crypto.sealing import OpeningKey
from sync.crypto.symmetric import derive
from sync.errors import RecoveryCodeInvalid

SYMBOLS: Final = 24
_GROUP: Final = 5


@dataclass(frozen=True, slots=True)
class RecoveryCode:
    """The secret on the paper, as its 24 symbols; not shown by `repr`."""

    symbols: str = field(repr=False)

    @classmethod
    def generate(cls) -> Self:
        """A new random code."""
        return cls(random_symbols(SYMBOLS))

    @classmethod
    def parse(cls, typed: str) -> Self:
        """The code a person typed; RecoveryCodeInvalid when it cannot be one."""
        symbols = read_checked(typed, SYMBOLS)
        if not symbols:
            reason = "form" if symbols is None else "check"
            raise RecoveryCodeInvalid("not a recovery code", symbols=SYMBOLS + 1, reason=reason)
        return cls(symbols)

    def grouped(self) -> str:
        """The code as it is printed: five groups of five, the check symbol last."""
        return grouped(self.symbols, _GROUP)

    def kek(self) -> bytes:
        """What the shop key is wrapped under."""
        return derive(self.symbols.encode("ascii"), "comptoir/keyslots/recovery/v2")

    def opening(self) -> OpeningKey:
        """The key pair to whose public half backups are sealed."""
        return OpeningKey.from_seed(derive(self.symbols.encode("ascii"), "comptoir/recovery/seal/v1"))
