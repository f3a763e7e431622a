"""The contents of a virtual Vitale's two readable files, made from a profile.

Rules: one template 65 per holder, in the profile's order, text in Latin-1, zero padding up to the profile's file size.
"""

from hardware import tlv
from hardware.emulator.profiles import Profile

_PERSON, _SURNAME, _GIVEN_NAME, _BIRTH_DATE, _COUNTRY, _NIR = 0x65, 0x80, 0x81, 0x82, 0x90, 0x93


def identity_file(profile: Profile) -> bytes:
    """Names and birth dates."""
    country = ((_COUNTRY, profile.country),) if profile.country else ()
    people = (
        ((_SURNAME, person.surname), (_GIVEN_NAME, person.given_name), (_BIRTH_DATE, person.birth_date), *country)
        for person in profile.holders
    )
    return _file(profile, *people)


def nir_file(profile: Profile) -> bytes:
    """NIRs with their keys."""
    return _file(profile, *(((_NIR, person.nir),) for person in profile.holders))


def _file(profile: Profile, *people: tuple[tuple[int, str], ...]) -> bytes:
    long_form = profile.lengths == "long"
    templates = []
    for person in people:
        fields = (tlv.encode(tag, text.encode("latin-1"), long_form=long_form) for tag, text in person)
        templates.append(tlv.encode(_PERSON, b"".join(fields), long_form=long_form))
    return b"".join(templates).ljust(profile.file_size, b"\0")
