"""The German eGK session: who is insured and by whom, as the card lets anybody with contacts read it.

Rules: the card's serial number is read first and again at the end; the files between are compressed with a checksum, so
a card exchanged at any moment shows. What is unpacked is bounded, and XML with a document type is refused: nothing of
the card is expanded. Any failure discards everything. The chip is also sold for other cards, so an unknown answer to
reset is no obstacle and the card itself is asked; bytes that it sends are judged as strictly as a Vitale's.

Layout (gematik's public specifications and schema VSD 5.2): EF.GDO = short identifier 2 of the root; in the health care
application EF.PD = 1 (two bytes of length, then gzip) and EF.VD = 2 (start and end of the open part, start and end of
the protected part, two bytes each, then gzip); XML in ISO-8859-15. Prefixes of a name (Vorsatzwort) are left out.
"""

import re
import zlib
from dataclasses import dataclass, field
from xml.parsers import expat

from hardware.apdu import SW_OK, Command
from hardware.atr import CardKind, identify_atr
from hardware.connection import CardConnection
from hardware.dialogue import read_file, require_ok, send
from hardware.errors import CardInvalid, CardSwapped, CardUnknown

ROOT_AID = bytes.fromhex("D2760001448000")
HEALTH_AID = bytes.fromhex("D27600000102")
SERIAL_SFI, PERSONAL_SFI, INSURANCE_SFI = 2, 1, 2
MAX_XML = 32 * 1024
"""Bytes of one unpacked file; the card's longest file has 1.2 KiB packed."""
MAX_DEPTH = 16
"""Elements inside one another; the schema has six."""
_PERSON = "UC_PersoenlicheVersichertendatenXML/Versicherter"
_INSURER = "UC_AllgemeineVersicherungsdatenXML/Versicherter/Versicherungsschutz/Kostentraeger"
_DATE = re.compile(r"\d{4}(0\d|1[0-2])([0-2]\d|3[01])", re.ASCII)
_IK = re.compile(r"\d{9}", re.ASCII)
_INSURED_ID = re.compile(r"[A-Z]\d{9}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class EgkRecord:
    """The person insured, and the insurer.

    `birth_date` is YYYYMMDD, month or day 00 when unknown; `insured_id` is the ten characters of the
    Versicherten-ID, `insurer_number` the nine digits of the insurer's Institutionskennzeichen.
    """

    surname: str = field(repr=False)
    given_name: str = field(repr=False)
    birth_date: str = field(repr=False)
    insured_id: str = field(repr=False)
    insurer_number: str
    insurer_name: str


def read_egk(connection: CardConnection) -> EgkRecord:
    """The person and the insurer that the card names.

    Raises CardUnknown (another card), CardInvalid, CardSwapped, and whatever the connection raises; then nothing of the
    card is kept. The connection stays open, its owner closes it.
    """
    kind = identify_atr(connection.atr)
    if kind not in (CardKind.EGK, CardKind.UNKNOWN) or send(connection, _select(ROOT_AID)).sw != SW_OK:
        raise CardUnknown("not an eGK", kind=kind.value)
    serial = read_file(connection, SERIAL_SFI, "read_serial")
    require_ok(send(connection, _select(HEALTH_AID)), "select_health")
    personal = read_file(connection, PERSONAL_SFI, "read_personal")
    insurance = read_file(connection, INSURANCE_SFI, "read_insurance")
    require_ok(send(connection, _select(ROOT_AID)), "select_root")
    if read_file(connection, SERIAL_SFI, "read_serial") != serial:
        raise CardSwapped("the card is not the one of the beginning", reason="serial_changed")
    connection.confirm()
    return parse_egk(personal, insurance)


def parse_egk(personal: bytes, insurance: bytes) -> EgkRecord:
    """The record that the contents of EF.PD and EF.VD make; CardInvalid names the field that is wrong."""
    person = _leaves(_unzip(personal[2 : 2 + _number(personal, 0)]))
    insurer = _leaves(_unzip(insurance[_number(insurance, 0) : _number(insurance, 2) + 1]))
    return EgkRecord(
        surname=_text(person, f"{_PERSON}/Person/Nachname"),
        given_name=_text(person, f"{_PERSON}/Person/Vorname"),
        birth_date=_shaped(person, f"{_PERSON}/Person/Geburtsdatum", _DATE),
        insured_id=_insured_id(person),
        insurer_number=_shaped(insurer, f"{_INSURER}/Kostentraegerkennung", _IK),
        insurer_name=_text(insurer, f"{_INSURER}/Name"),
    )


def is_insured_id(text: str) -> bool:
    """Whether `text` is a letter, eight digits and the right check digit (Luhn's sums over the letter's two digits)."""
    if not _INSURED_ID.fullmatch(text):
        return False
    digits = f"{ord(text[0]) - ord('A') + 1:02d}{text[1:9]}"
    weighed = (int(digit) * (1 + position % 2) for position, digit in enumerate(digits))
    return sum(number // 10 + number % 10 for number in weighed) % 10 == int(text[9])


def _select(aid: bytes) -> Command:
    return Command(0xA4, 0x04, 0x0C, data=aid)


def _number(content: bytes, at: int) -> int:
    return int.from_bytes(content[at : at + 2], "big")


def _unzip(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj(wbits=31)
    try:
        content = unpacking.decompress(packed, MAX_XML)
    except zlib.error as error:
        raise CardInvalid("a file that is not gzip", reason="gzip") from error
    if not unpacking.eof:
        raise CardInvalid("a file that is cut, or too long when unpacked", reason="gzip_length")
    return content


def _leaves(content: bytes) -> dict[str, list[str]]:
    """The texts of all elements, by the path of their local names."""
    reader = _XmlReader()
    try:
        reader.parser.Parse(content.decode("iso8859-15").encode(), True)  # noqa: FBT003 (expat's own signature)
    except expat.ExpatError as error:
        raise CardInvalid("a file that is not XML", reason="xml") from error
    return reader.found


class _XmlReader:
    """Collects texts; refuses document types, hence entities of one's own, hence bombs and files from elsewhere."""

    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {}
        self._open: list[tuple[str, list[str]]] = []
        self.parser = expat.ParserCreate("utf-8", "}")
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.CharacterDataHandler = self._characters
        self.parser.EndElementHandler = self._end

    def _refuse(self, *_declared: object) -> None:
        raise CardInvalid("XML with a document type", reason="xml_doctype")

    def _start(self, name: str, _attributes: object) -> None:
        above = f"{self._open[-1][0]}/" if self._open else ""
        if len(self._open) == MAX_DEPTH:
            raise CardInvalid("XML nested too deep", reason="xml_depth")
        self._open.append((above + name.rpartition("}")[2], []))

    def _characters(self, text: str) -> None:
        self._open[-1][1].append(text)

    def _end(self, _name: str) -> None:
        path, texts = self._open.pop()
        self.found.setdefault(path, []).append("".join(texts))


def _text(found: dict[str, list[str]], path: str) -> str:
    name = path.rpartition("/")[2]
    texts = found.get(path, [])
    if len(texts) != 1:
        raise CardInvalid("a field is missing or repeated", field=name, reason="field_count")
    text = texts[0].strip()
    if not text or _CONTROL.search(text):
        raise CardInvalid("a text that is empty or has control characters", field=name, reason="text")
    return text


def _shaped(found: dict[str, list[str]], path: str, form: re.Pattern[str]) -> str:
    text = _text(found, path)
    if not form.fullmatch(text):
        raise CardInvalid("a field that is not of its form", field=path.rpartition("/")[2], reason="form")
    return text


def _insured_id(person: dict[str, list[str]]) -> str:
    text = _text(person, f"{_PERSON}/Versicherten_ID")
    if not is_insured_id(text):
        raise CardInvalid("an insured person's number of the wrong form", field="Versicherten_ID", reason="check_digit")
    return text
