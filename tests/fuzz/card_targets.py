"""What a hostile card can send, as functions of bytes: each ends quietly or with an error outside the tree.

Rules: an error of the tree is the right answer to rubbish, so it ends a target quietly; anything else is a finding. A
target that comes to a record checks it. No target needs a thread, a socket or a file.
"""

import gzip
from collections.abc import Callable, Iterator

from hardware import HardwareError, read_egk, read_vitale, tlv
from hardware.apdu import read_first_block
from hardware.dialogue import MAX_FILE, read_file, send
from hardware.egk import HEALTH_AID, ROOT_AID, parse_egk
from hardware.emulator import load_profile, parse_profile
from hardware.emulator.card import MASTER_FILE, FileCard, VirtualVitale
from hardware.emulator.egk import insurance_file, personal_file
from hardware.emulator.image import identity_file, nir_file
from hardware.records import is_nir

VITALE, GERMAN = load_profile("simple"), load_profile("egk")
assert GERMAN.insured
PERSONAL, INSURANCE = personal_file(GERMAN.insured), insurance_file(GERMAN.insured)
Target = Callable[[bytes], None]


class Answering:
    """A connection whose card says what a function of the command says."""

    def __init__(self, atr: bytes, answer: Callable[[bytes], bytes]) -> None:
        self.atr = atr
        self.transmit = answer

    def confirm(self) -> None:
        """The card stayed."""

    def close(self) -> None:
        """Nothing is held."""


def _pieces(data: bytes) -> Iterator[bytes]:
    """Answers cut from `data`: a byte of length, then so many bytes and, when there are, the two of a status word."""
    while data:
        end = data[0] + 3
        yield data[1:end]
        data = data[end:]


def _scripted(atr: bytes, data: bytes) -> Answering:
    answers = _pieces(data)
    return Answering(atr, lambda _command: next(answers, b"\x6f\x00"))


def _halves(data: bytes) -> tuple[bytes, bytes]:
    """Two files: the first two bytes say how long the first is."""
    end = 2 + int.from_bytes(data[:2], "big")
    return data[2:end], data[end:]


def objects(data: bytes) -> None:
    """TLV of any bytes."""
    try:
        found = tlv.parse(data)
    except HardwareError:
        return
    assert sum(len(item.value) for item in found) <= len(data)


def answers(data: bytes) -> None:
    """One command, and one file, out of any answers."""
    for ask in (lambda card: send(card, read_first_block(2)), lambda card: read_file(card, 2, "read_nir")):
        try:
            ask(_scripted(VITALE.atr, data))
        except HardwareError:
            continue


def vitale_answers(data: bytes) -> None:
    """A whole Vitale session out of any answers."""
    _read_vitale(_scripted(VITALE.atr, data))


def vitale_files(data: bytes) -> None:
    """A well-behaved Vitale with any two files."""
    identity, numbers = _halves(data)
    _read_vitale(Answering(VITALE.atr, VirtualVitale(VITALE.atr, identity[:MAX_FILE], numbers[:MAX_FILE]).process))


def egk_answers(data: bytes) -> None:
    """A whole eGK session out of any answers."""
    _read_egk(_scripted(GERMAN.atr, data))


def egk_files(data: bytes) -> None:
    """A well-behaved eGK with any two files, read over the card and directly."""
    personal, insurance = _halves(data)
    files = {MASTER_FILE: {2: b"Z"}, ROOT_AID: {2: b"Z"}, HEALTH_AID: {1: personal[:MAX_FILE], 2: insurance[:MAX_FILE]}}
    _read_egk(Answering(GERMAN.atr, FileCard(GERMAN.atr, files, procedure=False).process))


def egk_xml(data: bytes) -> None:
    """Any XML, well packed, as either file."""
    packed = gzip.compress(data, 1, mtime=0)
    for first, second in (
        (len(packed).to_bytes(2, "big") + packed, INSURANCE),
        (PERSONAL, b"\0\x08" + (7 + len(packed)).to_bytes(2, "big") + b"\xff" * 4 + packed),
    ):
        try:
            parse_egk(first, second)
        except HardwareError:
            continue


def profiles(data: bytes) -> None:
    """A card writer's file of any text."""
    try:
        parse_profile(data.decode("utf-8", "replace"))
    except HardwareError:
        return


def _read_vitale(card: Answering) -> None:
    try:
        record = read_vitale(card)
    except HardwareError:
        return
    assert record.people
    assert all(person.surname and is_nir(person.nir) for person in record.people)


def _read_egk(card: Answering) -> None:
    try:
        record = read_egk(card)
    except HardwareError:
        return
    assert record.surname.isprintable()


TARGETS: dict[str, Target] = {
    target.__name__: target
    for target in (objects, answers, vitale_answers, vitale_files, egk_answers, egk_files, egk_xml, profiles)
}


def _as_files(first: bytes, second: bytes) -> bytes:
    return len(first).to_bytes(2, "big") + first + second


def _conversation(card: FileCard, read: Callable[[Answering], object]) -> bytes:
    """What a card said while it was read, in the form that `_pieces` cuts."""
    said = bytearray()

    def answer(command: bytes) -> bytes:
        reply = card.process(command)
        said.extend(bytes([len(reply) - 2]) + reply)
        return reply

    read(Answering(card.atr, answer))
    return bytes(said)


def seeds() -> dict[str, list[bytes]]:
    """For each target, inputs that a good card makes."""
    identity, numbers = identity_file(VITALE), nir_file(VITALE)
    vitale = VirtualVitale(VITALE.atr, identity.rstrip(b"\0"), numbers.rstrip(b"\0"))
    files = {MASTER_FILE: {2: b"Z"}, ROOT_AID: {2: b"Z"}, HEALTH_AID: {1: PERSONAL[:250], 2: INSURANCE[:250]}}
    german = FileCard(GERMAN.atr, files, procedure=False)
    talk = _conversation(vitale, read_vitale)
    return {
        "objects": [identity, numbers],
        "answers": [talk],
        "vitale_answers": [talk],
        "vitale_files": [_as_files(identity, numbers)],
        "egk_answers": [_conversation(german, _read_egk)],
        "egk_files": [_as_files(PERSONAL, INSURANCE)],
        "egk_xml": [gzip.decompress(PERSONAL[2:]), gzip.decompress(INSURANCE[8:])],
        "profiles": [b'{"schema": "comptoir/card-profile/v1", "name": "x", "card": "egk", "holders": []}'],
    }
