"""One type per identifier, parsed once at the edge; an instance is proof that the form and the key were checked.

Rules: what was typed is never repaired beyond spaces and letter case. A NIR never shows whole in `str` or `repr`, and
errors carry no part of it. Sources: NIR key and Corsica, INSEE and SOURCE §8 (key through python-stdnum,
which does not check sex, month, department, commune or order); LPP key, SOURCE §3; billing id, SOURCE §8.
python-stdnum is loaded when a key is judged: a screen that names a type has no number yet.
"""

import re
from dataclasses import dataclass
from typing import Self

from terminal.domain.errors import AmcNumberInvalid, AmIdInvalid, LppCodeInvalid, NirInvalid, NirKeyWrong

_NIR_PARTS: tuple[tuple[str, str], ...] = (
    ("length", r".{13}"),
    ("characters", r"[0-9]{5}([0-9]{2}|2[AB])[0-9]{6}"),
    ("sex", r"[123478].*"),
    ("month", r"...(0[1-9]|1[0-2]|20|3[0-9]|4[0-2]|[5-9][0-9]).*"),
    ("department", r".{5}(?!00).*"),
    ("commune", r".{7}(?!000).*"),
    ("order", r".{10}(?!000).*"),
)
"""What each part must match, in the order of report. Months over 12: a birth registered without its month."""


def _compact(text: str) -> str:
    """`text` without any white space, in capitals."""
    return "".join(text.split()).upper()


@dataclass(frozen=True, repr=False)
class Nir:
    """The national number of a person: `digits` are its 13 characters (2A or 2B for Corsica), `key` the two after."""

    digits: str

    def __post_init__(self) -> None:
        for reason, pattern in _NIR_PARTS:
            if re.fullmatch(pattern, self.digits) is None:
                raise NirInvalid("not a NIR", reason=reason, accepted="13 + 2")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The NIR in `text`: 13 characters and the key, spaces allowed. Raises NirInvalid or NirKeyWrong."""
        compact = _compact(text)
        if len(compact) != 15:
            raise NirInvalid("a NIR has 13 characters and a key of 2", reason="length", accepted="13 + 2")
        nir = cls(compact[:13])
        if re.fullmatch("[0-9]{2}", compact[13:]) is None:
            raise NirInvalid("the key is two digits", reason="characters", accepted="13 + 2")
        from stdnum.exceptions import ValidationError  # noqa: PLC0415 - see above
        from stdnum.fr import nir as stdnum_nir  # noqa: PLC0415 - see above

        try:
            stdnum_nir.validate(compact)
        except ValidationError:
            raise NirKeyWrong("the key does not match") from None
        return nir

    @property
    def key(self) -> str:
        """The two digits of control: 97 minus the number modulo 97, 2A read as 19 and 2B as 18."""
        from stdnum.fr import nir as stdnum_nir  # noqa: PLC0415 - see above

        return stdnum_nir.calc_check_digits(self.digits)

    def masked(self) -> str:
        """What a screen may show unasked: sex, year and month of birth."""
        return f"{self.digits[0]} {self.digits[1:3]} {self.digits[3:5]} •• ••• ••• ••"

    def __str__(self) -> str:
        return self.masked()

    def __repr__(self) -> str:
        return f"Nir({self.masked()})"


@dataclass(frozen=True)
class AmId:
    """The nine digits, Luhn key included, under which a point of sale bills (FINESS form; Corsica as digits)."""

    digits: str

    def __post_init__(self) -> None:
        if re.fullmatch("[0-9]{9}", self.digits) is None:
            raise AmIdInvalid("a billing id has nine digits", reason="form", accepted="9")
        from stdnum import luhn  # noqa: PLC0415 - see above

        if not luhn.is_valid(self.digits):
            raise AmIdInvalid("the last digit is not the key of the others", reason="key", accepted="9")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The billing id in `text`, spaces allowed. Raises AmIdInvalid."""
        return cls(_compact(text))

    def __str__(self) -> str:
        return self.digits


@dataclass(frozen=True)
class AmcNumber:
    """The number of a complementary insurer as its card shows it: eight to ten digits, no key is known."""

    digits: str

    def __post_init__(self) -> None:
        if re.fullmatch("[0-9]{8,10}", self.digits) is None:
            raise AmcNumberInvalid("an AMC number has eight to ten digits", accepted="8-10")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The AMC number in `text`, spaces allowed. Raises AmcNumberInvalid."""
        return cls(_compact(text))

    def __str__(self) -> str:
        return self.digits


def lpp_key(six: str) -> str:
    """The seventh digit of an LPP code: sum of (rank + 1) x digit, modulo 11, with 10 written 0 (SOURCE §3)."""
    return str(sum((rank + 2) * int(digit) for rank, digit in enumerate(six)) % 11 % 10)


@dataclass(frozen=True, order=True)
class LppCode:
    """A code of the LPP: seven digits of which the last is the key."""

    digits: str

    def __post_init__(self) -> None:
        if re.fullmatch("[0-9]{7}", self.digits) is None:
            raise LppCodeInvalid("an LPP code has seven digits", reason="form", accepted="7")
        if lpp_key(self.digits[:6]) != self.digits[6]:
            raise LppCodeInvalid("the key does not match", reason="key", lpp_code=self.digits)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The LPP code in `text`, spaces allowed. Raises LppCodeInvalid."""
        return cls(_compact(text))

    @property
    def individual(self) -> bool:
        """True for a maker's own code (72...), false for a generic one."""
        return self.digits.startswith("72")

    def __str__(self) -> str:
        return self.digits
