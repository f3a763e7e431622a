"""Reading a German eGK: the second patient card, from its public specification, judged as strictly as the first."""

import gzip
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware import (
    CardForeign,
    CardInvalid,
    CardKind,
    CardRemoved,
    CardSwapped,
    CardUnknown,
    EgkRecord,
    HardwareError,
    identify_atr,
    read_egk,
    read_vitale,
)
from hardware.egk import MAX_DEPTH, MAX_XML, is_insured_id, parse_egk
from hardware.emulator import EmulatedSource, load_profile, make_card
from hardware.emulator.card import AtrOnlyCard, Reply, VirtualCard
from hardware.emulator.egk import egk_card, insurance_file, personal_file

CARDS = ("egk", "egk_enfant")
UNLISTED = bytes.fromhex("3B8280011122334455")


def _insured(name: str) -> EgkRecord:
    found = load_profile(name).insured
    assert found
    return found


NORTH = _insured("egk")
PERSONAL, INSURANCE = personal_file(NORTH), insurance_file(NORTH)


def _read(card: VirtualCard | str) -> EgkRecord:
    source = EmulatedSource()
    source.insert(card)
    with closing(source.open(source.readers()[0])) as connection:
        return read_egk(connection)


def _personal(xml: str) -> bytes:
    packed = gzip.compress(xml.encode("iso8859-15"))
    return len(packed).to_bytes(2, "big") + packed


def _xml() -> str:
    return gzip.decompress(PERSONAL[2:]).decode("iso8859-15")


@pytest.mark.parametrize("name", CARDS)
def test_each_profile_is_read_whole(name: str) -> None:
    """The record is the profile's person and insurer, letter for letter, whatever ISO-8859-15 can write."""
    assert identify_atr(load_profile(name).atr) is CardKind.EGK
    assert _read(name) == load_profile(name).insured


@pytest.mark.parametrize("name", CARDS)
def test_a_french_counter_says_that_the_card_is_foreign(name: str) -> None:
    """The Vitale session refuses an eGK by its answer to reset, with its country, before any command."""
    source = EmulatedSource()
    source.insert(name, fault="mute")
    with closing(source.open(source.readers()[0])) as connection, pytest.raises(CardForeign) as caught:
        read_vitale(connection)
    assert (caught.value.code, caught.value.facts) == ("card_foreign", {"kind": "egk", "country": "DE"})


@pytest.mark.parametrize("name", ["simple", "vitale1", "cps"])
def test_french_cards_are_no_egk(name: str) -> None:
    """A Vitale and a CPS are refused by the German session."""
    with pytest.raises(CardUnknown):
        _read(name)


def test_an_unlisted_answer_to_reset_is_no_obstacle() -> None:
    """The card itself is asked: it is an eGK when it has the root and the application of one, else unknown."""
    assert _read(egk_card(UNLISTED, NORTH, PERSONAL, INSURANCE)) == NORTH
    with pytest.raises(CardUnknown):
        _read(AtrOnlyCard(UNLISTED))


@pytest.mark.parametrize("command", range(1, 9))
@pytest.mark.parametrize(("fault", "error"), [("pulled", CardRemoved), ("swapped", CardSwapped)])
def test_a_card_that_leaves_at_any_command_gives_no_record(
    fault: str, error: type[HardwareError], command: int
) -> None:
    """Pulled or exchanged at any of the eight commands, the session ends in its error."""
    with pytest.raises(error):
        _read(make_card("egk", f"{fault}:{command}"))


@pytest.mark.parametrize(
    ("fault", "reason"), [("truncated", "gzip_length"), ("garbage", "gzip"), ("garbage:2", "gzip")]
)
def test_spoilt_files_are_refused(fault: str, reason: str) -> None:
    """Cut and random files are told apart by their reason."""
    with pytest.raises(CardInvalid) as caught:
        _read(make_card("egk_enfant", fault))
    assert caught.value.facts == {"reason": reason}


class _Unnoticed:
    """A card that becomes another one after some commands, as seen by a reader that does not notice."""

    def __init__(self, first: VirtualCard, second: VirtualCard, after: int) -> None:
        self.atr = first.atr
        self._cards = [first] * after + [second]

    def reset(self) -> None:
        """Both cards are fresh."""

    def respond(self, apdu: bytes) -> Reply:
        """The answer of the card that is in the reader by now."""
        card = self._cards.pop(0) if len(self._cards) > 1 else self._cards[0]
        return card.respond(apdu)


def test_two_cards_never_make_one_record() -> None:
    """Exchanged after any number of commands and unnoticed by the reader, two cards give one's record or an error."""
    results: list[EgkRecord | None] = []
    for after in range(12):
        try:
            results.append(_read(_Unnoticed(make_card("egk"), make_card("egk_enfant"), after)))
        except HardwareError:
            results.append(None)
    assert set(results) == {None, *(load_profile(name).insured for name in CARDS)}
    assert results[2:8] == [None] * 6


@pytest.mark.parametrize("size", [MAX_XML + 1, 50_000_000])
def test_a_bomb_is_refused_unpacked_only_so_far(size: int) -> None:
    """A file that unpacks to more than the bound is refused, and no more than the bound is ever unpacked."""
    packed = gzip.compress(bytes(size))
    assert len(packed) < 2**16
    with pytest.raises(CardInvalid) as caught:
        parse_egk(len(packed).to_bytes(2, "big") + packed, INSURANCE)
    assert caught.value.facts == {"reason": "gzip_length"}


@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        ('<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "xml_doctype"),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', "xml_doctype"),
        ("<x>&undeclared;</x>", "xml"),
        ("<x>", "xml"),
        ("", "xml"),
        ("<a>" * (MAX_DEPTH + 1), "xml_depth"),
        ("<u:x/>", "xml"),
        ("<x/>", "field_count"),
    ],
)
def test_xml_that_is_not_plain_is_refused(xml: str, reason: str) -> None:
    """Document types, hence entities, are refused as such; nothing is expanded and nothing is fetched."""
    with pytest.raises(CardInvalid) as caught:
        parse_egk(_personal(xml), INSURANCE)
    assert caught.value.facts["reason"] == reason


@pytest.mark.parametrize(
    ("old", "new", "field", "reason"),
    [
        ("19710304", "19711304", "Geburtsdatum", "form"),
        ("19710304", "710304", "Geburtsdatum", "form"),
        ("X999900121", "X999900122", "Versicherten_ID", "check_digit"),
        ("X999900121", "1999900121", "Versicherten_ID", "check_digit"),
        ("JÜRGEN", " ", "Vorname", "text"),
        ("JÜRGEN", "J&#x9B;2J", "Vorname", "text"),
        ("MÜLLER-WEIß", "A</Nachname><Nachname>B", "Nachname", "field_count"),
    ],
)
def test_a_field_that_is_not_of_its_form_is_named(old: str, new: str, field: str, reason: str) -> None:
    """The error tells the element and why, and nothing of its contents."""
    with pytest.raises(CardInvalid) as caught:
        parse_egk(_personal(_xml().replace(old, new)), INSURANCE)
    assert caught.value.facts == {"field": field, "reason": reason}


def test_the_declared_encoding_cannot_change_how_bytes_are_read() -> None:
    """The specification fixes the encoding, so a card that declares another is read with the fixed one."""
    changed = _xml().replace("ISO-8859-15", "UTF-7")
    assert parse_egk(_personal(changed), INSURANCE).surname == NORTH.surname


def test_the_length_may_count_itself() -> None:
    """The packed data end where gzip says, so two more bytes of length change nothing."""
    longer = (len(PERSONAL)).to_bytes(2, "big") + PERSONAL[2:] + bytes(300)
    assert parse_egk(longer, INSURANCE + bytes(300)) == NORTH


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_any_files_make_a_record_or_an_error_of_the_tree(personal: bytes, insurance: bytes) -> None:
    """Arbitrary files, and arbitrary bytes in a right file, never lead outside the tree."""
    for first, second in [(personal, insurance), (_personal(personal.decode("iso8859-15")), INSURANCE)]:
        with pytest.raises(HardwareError):
            parse_egk(first, second)


@given(st.text(alphabet="ABCXYZ", min_size=1, max_size=1), st.integers(0, 10**8 - 1))
def test_exactly_one_check_digit_is_right(letter: str, number: int) -> None:
    """Of ten last digits one makes a number of an insured person."""
    assert sum(is_insured_id(f"{letter}{number:08d}{digit}") for digit in range(10)) == 1


def test_a_published_number_has_its_check_digit() -> None:
    """The number that German specimen cards show is right."""
    assert is_insured_id("A123456780")


def test_a_record_shows_nobody() -> None:
    """A record's repr names the insurer and not the person."""
    assert repr(NORTH) == "EgkRecord(insurer_number='999999990', insurer_name='Prüfkasse Nord')"
