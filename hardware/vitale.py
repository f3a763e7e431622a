"""The Vitale 2 session: who the card names, and nothing else (what a shop may read without a professional card).

Rules: the NIR file is read first and again at the end, with the identity file between, so a card exchanged at any
moment shows as two different NIR files. Names and NIRs are paired by position, hence refused when their counts differ.
Any failure discards everything; there is no half-read person and no second try. A name holds no control character: a
card must not be able to write escape sequences on a screen.

Layout (public knowledge, see the sources named in emulator/README.md): identity file = short identifier 2 of the
root, NIR file = short identifier 2 of the application VITALE; in both one template 65 per person, zero padded; 80
surname, 81 given name, 82 birth date, 93 NIR; text is Latin-1.
"""

import re

from hardware import tlv
from hardware.apdu import select_application, select_master_file
from hardware.atr import CardKind, identify_atr
from hardware.connection import CardConnection
from hardware.dialogue import read_file, require_ok, send
from hardware.errors import CardForeign, CardInvalid, CardNotReadable, CardSwapped, CardUnknown, CountsDiffer
from hardware.records import VitalePerson, VitaleRecord, is_nir

AID = b"\xd2\x50\x00\x00\x02VITALE"
SFI = 2
PERSON, SURNAME, GIVEN_NAME, BIRTH_DATE, NIR = 0x65, 0x80, 0x81, 0x82, 0x93
_DATE = re.compile(r"\d{6}(\d\d)?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def read_vitale(connection: CardConnection) -> VitaleRecord:
    """The people on the card, in its order.

    Raises CardNotReadable (Vitale 1), CardForeign (eGK), CardUnknown (another card), CardInvalid, CountsDiffer,
    CardSwapped, and whatever the connection raises; then nothing of the card is kept. The connection stays open, its
    owner closes it.
    """
    _require_vitale_2(connection.atr)
    require_ok(send(connection, select_master_file()), "select_root")
    nir_file = _read_nir_file(connection)
    identity_file = _read_identity_file(connection)
    if _read_nir_file(connection) != nir_file:
        raise CardSwapped("the card is not the one of the beginning", reason="nir_file_changed")
    connection.confirm()
    return _pair(_templates(identity_file), _templates(nir_file))


def _require_vitale_2(atr: bytes) -> None:
    kind = identify_atr(atr)
    if kind is CardKind.VITALE_1:
        raise CardNotReadable("a first-generation Vitale", kind=kind.value)
    if kind is CardKind.EGK:
        raise CardForeign("a health card of another country", kind=kind.value, country="DE")
    if kind is not CardKind.VITALE_2:
        raise CardUnknown("not a Vitale card", kind=kind.value)


def _read_nir_file(connection: CardConnection) -> bytes:
    require_ok(send(connection, select_application(AID)), "select_vitale")
    return read_file(connection, SFI, "read_nir")


def _read_identity_file(connection: CardConnection) -> bytes:
    require_ok(send(connection, select_master_file()), "select_root")
    return read_file(connection, SFI, "read_identity")


def _templates(content: bytes) -> tuple[bytes, ...]:
    return tlv.values(tlv.parse(content), PERSON)


def _pair(identities: tuple[bytes, ...], nirs: tuple[bytes, ...]) -> VitaleRecord:
    if len(identities) != len(nirs):
        raise CountsDiffer("names and NIRs differ in number", names=len(identities), nirs=len(nirs))
    if not identities:
        raise CardInvalid("the card names nobody", reason="no_holder")
    return VitaleRecord(tuple(map(_person, identities, nirs)))


def _person(identity: bytes, number: bytes) -> VitalePerson:
    fields = tlv.parse(identity)
    surname, birth_date = _text(fields, SURNAME), _text(fields, BIRTH_DATE)
    nir = _text(tlv.parse(number), NIR)
    if not surname:
        raise CardInvalid("a holder without a name", field=f"{SURNAME:02X}", reason="empty")
    if not _DATE.fullmatch(birth_date):
        raise CardInvalid("a birth date that is not digits", field=f"{BIRTH_DATE:02X}", reason="date")
    if not is_nir(nir):
        raise CardInvalid("a NIR whose form or key is wrong", field=f"{NIR:02X}", reason="nir")
    return VitalePerson(surname, _text(fields, GIVEN_NAME), birth_date, nir)


def _text(fields: tuple[tlv.Tlv, ...], tag: int) -> str:
    found = tlv.values(fields, tag)
    if len(found) != 1:
        raise CardInvalid("a field is missing or repeated", field=f"{tag:02X}", reason="field_count")
    text = found[0].decode("latin-1").strip(" \x00")
    if _CONTROL.search(text):
        raise CardInvalid("a text with control characters", field=f"{tag:02X}", reason="control_character")
    return text
