"""A virtual German eGK with its freely readable files, made from a profile.

Rules: as in `hardware.egk`, which reads them: gzip, ISO-8859-15, lengths and offsets in front. The protected part is
absent, and a file that ends early is told by 6282. The same profile makes the same bytes.
"""

import gzip
from xml.sax.saxutils import escape

from hardware.egk import HEALTH_AID, INSURANCE_SFI, PERSONAL_SFI, ROOT_AID, SERIAL_SFI, EgkRecord
from hardware.emulator.card import MASTER_FILE, FileCard

ENCODING = "ISO-8859-15"
_END_OF_FILE = b"\x62\x82"
_ABSENT = b"\xff\xff"
_NAMESPACE = "http://ws.gematik.de/fa/vsdm/vsd/v5.2"
_PERSONAL = (
    '<UC_PersoenlicheVersichertendatenXML CDM_VERSION="5.2.0" xmlns="{ns}"><Versicherter>'
    "<Versicherten_ID>{insured_id}</Versicherten_ID><Person><Geburtsdatum>{birth_date}</Geburtsdatum>"
    "<Vorname>{given_name}</Vorname><Nachname>{surname}</Nachname><Geschlecht>X</Geschlecht></Person>"
    "</Versicherter></UC_PersoenlicheVersichertendatenXML>"
)
_INSURANCE = (
    '<v:UC_AllgemeineVersicherungsdatenXML CDM_VERSION="5.2.0" xmlns:v="{ns}"><v:Versicherter><v:Versicherungsschutz>'
    "<v:Beginn>20200101</v:Beginn><v:Kostentraeger><v:Kostentraegerkennung>{insurer_number}</v:Kostentraegerkennung>"
    "<v:Kostentraegerlaendercode>D</v:Kostentraegerlaendercode><v:Name>{insurer_name}</v:Name></v:Kostentraeger>"
    "</v:Versicherungsschutz></v:Versicherter></v:UC_AllgemeineVersicherungsdatenXML>"
)


def egk_card(atr: bytes, insured: EgkRecord, personal: bytes, insurance: bytes) -> FileCard:
    """The card with these two files, and with a serial number of its own for each insured person."""
    serial = b"\x5a\x0a" + bytes.fromhex(f"80276999999{insured.insured_id[1:]}")
    root = {SERIAL_SFI: serial}
    health = {PERSONAL_SFI: personal, INSURANCE_SFI: insurance}
    files = {MASTER_FILE: root, ROOT_AID: root, HEALTH_AID: health}
    return FileCard(atr, files, procedure=False, end=_END_OF_FILE)


def personal_file(insured: EgkRecord) -> bytes:
    """EF.PD: two bytes of length, then the packed XML."""
    packed = _packed(_PERSONAL, insured)
    return len(packed).to_bytes(2, "big") + packed


def insurance_file(insured: EgkRecord) -> bytes:
    """EF.VD: first and last byte of the open part, no protected part, then the packed XML."""
    packed = _packed(_INSURANCE, insured)
    return (8).to_bytes(2, "big") + (7 + len(packed)).to_bytes(2, "big") + 2 * _ABSENT + packed


def _packed(template: str, insured: EgkRecord) -> bytes:
    texts = {name: escape(str(value)) for name, value in vars(insured).items()}
    xml = f'<?xml version="1.0" encoding="{ENCODING}"?>{template.format(ns=_NAMESPACE, **texts)}'
    return gzip.compress(xml.encode(ENCODING), mtime=0)
