"""What a card said, as values.

Rules: values are kept as the card spells them (a lunar birth date has a month or a day that no calendar has, an old one
has no century) and never shown by a repr. A NIR is believed only when its key agrees (reference: SFG rule RG_BS603).
"""

import re
from dataclasses import dataclass, field

_NIR = re.compile(r"[1-478]\d{4}(\d{2}|2[AB])\d{6}\d{2}", re.ASCII)


@dataclass(frozen=True)
class VitalePerson:
    """One holder of a Vitale card.

    `birth_date` is the card's own text, normally YYYYMMDD; YYMMDD when the card has no century. `nir` is 13 characters
    and the two of its key.
    """

    surname: str = field(repr=False)
    given_name: str = field(repr=False)
    birth_date: str = field(repr=False)
    nir: str = field(repr=False)


@dataclass(frozen=True)
class VitaleRecord:
    """The people on one Vitale card, in the card's order; the first is the insured person."""

    people: tuple[VitalePerson, ...] = field(repr=False)


def is_nir(text: str) -> bool:
    """Whether `text` has the form of a NIR and the right key (97 - number mod 97; 2A counts as 19, 2B as 18)."""
    if not _NIR.fullmatch(text):
        return False
    number = int(text[:13].replace("2A", "19", 1).replace("2B", "18", 1))
    return int(text[13:]) == 97 - number % 97
