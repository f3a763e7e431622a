"""From a card to the people it covers.

Rules: the NIR of every person is parsed and its key checked, or the whole card is refused; the rank is the position
on the card; a lunar birth date is kept raw for the insurer, and its age is reckoned as the domain says.
"""

from datetime import date

from hardware import CardSource, VitalePerson, read_vitale
from terminal.domain.age import birth_date
from terminal.domain.errors import BirthDateInvalid
from terminal.domain.identifiers import Nir
from terminal.workflow.types import Person


def read_people(source: CardSource, reader: str) -> tuple[Person, ...]:
    """The people on the Vitale card in `reader`; HardwareError or NirInvalid otherwise."""
    record = source.read(reader, read_vitale)
    return tuple(_person(person, rank) for rank, person in enumerate(record.people, start=1))


def _person(person: VitalePerson, rank: int) -> Person:
    return Person(
        surname=person.surname,
        given_name=person.given_name,
        birth_date=_civil(person.birth_date),
        birth_date_raw=person.birth_date,
        nir=Nir.parse(person.nir),
        rank=rank,
        source="card",
    )


def _civil(raw: str) -> date | None:
    try:
        return birth_date(raw)
    except BirthDateInvalid:
        return None
