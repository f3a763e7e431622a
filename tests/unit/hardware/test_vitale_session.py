"""Reading a Vitale 2: every holder or none, and never two cards in one record."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hardware import (
    CardConnection,
    CardInvalid,
    CardMute,
    CardNotReadable,
    CardRemoved,
    CardSwapped,
    CardUnknown,
    CountsDiffer,
    HardwareError,
    VitalePerson,
    VitaleRecord,
    read_vitale,
)
from hardware.emulator import EmulatedSource, load_profile, make_card
from hardware.emulator.card import Reply, VirtualCard, VirtualVitale
from hardware.records import is_nir
from hardware.tlv import encode

Read = Callable[[VirtualCard | str], VitaleRecord]
READABLE = ("simple", "famille", "latin1", "corse", "centenaire")
ATR = load_profile("simple").atr
VERDIERE = load_profile("simple").holders[0]
READ_ALL = 12
"""More commands than the reading of a one-block card takes."""


def card_of(identity: bytes, number: bytes) -> VirtualVitale:
    """A Vitale 2 with these two files."""
    return VirtualVitale(ATR, identity, number)


def template(**fields: bytes) -> bytes:
    """One person's template; the names are `f` and the tag in hexadecimal."""
    return encode(0x65, b"".join(encode(int(name[1:], 16), value) for name, value in fields.items()))


IDENTITY = template(f80=b"VERDIERE", f81=b"CAMILLE", f82=b"19840523")
NUMBER = template(f93=VERDIERE.nir.encode())


@pytest.mark.parametrize("name", READABLE)
def test_each_readable_profile_is_read_whole(name: str, read_card: Read) -> None:
    """The record holds the profile's people, in its order, letter for letter."""
    assert read_card(name).people == load_profile(name).holders


def test_a_mute_card_is_an_error() -> None:
    """The mute profile ends as CardMute."""
    source = EmulatedSource(timeout=0.2)
    source.insert("muette")
    with closing(source.open(source.readers()[0])) as connection, pytest.raises(CardMute):
        read_vitale(connection)
    source.remove()


def test_other_cards_are_refused_before_a_command_is_sent(
    read_card: Read, scripted: Callable[..., VirtualCard]
) -> None:
    """A Vitale 1 is known and not readable, a CPS and a parking card are not Vitale cards."""
    with pytest.raises(CardNotReadable):
        read_card("vitale1")
    with pytest.raises(CardUnknown) as caught:
        read_card("cps")
    assert caught.value.facts == {"kind": "cps"}
    parking = scripted([], bytes.fromhex("3F6525002B09699000"))
    with pytest.raises(CardUnknown):
        read_card(parking)
    assert parking.heard == []  # type: ignore[attr-defined]  # the fixture hides the class


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("truncated", CardInvalid),
        ("counts_differ", CountsDiffer),
        ("garbage", CardInvalid),
        ("garbage:2", CardInvalid),
        ("wrong_status", CardInvalid),
    ],
)
@pytest.mark.parametrize("name", READABLE)
def test_a_faulty_card_is_refused(name: str, fault: str, error: type[HardwareError], read_card: Read) -> None:
    """Each fault of contents or status ends in its error, on every profile."""
    with pytest.raises(error):
        read_card(make_card(name, fault))


@pytest.mark.parametrize("name", READABLE)
def test_a_card_pulled_at_any_command_gives_no_record(name: str, read_card: Read) -> None:
    """Whatever the command at which the card leaves, the session ends as CardRemoved until there is nothing to ask."""
    outcomes: list[VitaleRecord | None] = []
    for position in range(1, 30):
        try:
            outcomes.append(read_card(make_card(name, f"pulled:{position}")))
        except CardRemoved:
            outcomes.append(None)
    whole = outcomes.index(next(outcome for outcome in outcomes if outcome))
    assert whole >= 6
    assert {outcome.people for outcome in outcomes[whole:] if outcome} == {load_profile(name).holders}
    assert None not in outcomes[whole:]


@pytest.mark.parametrize("name", READABLE)
def test_a_wrong_status_at_any_command_gives_no_record(name: str, read_card: Read) -> None:
    """6F00 in place of any answer is refused."""
    for position in range(1, 7):
        with pytest.raises(CardInvalid):
            read_card(make_card(name, f"wrong_status:{position}"))


class Exchanged:
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


@pytest.mark.parametrize("second", ["simple", "corse", "famille"])
@pytest.mark.parametrize("first", ["simple", "latin1", "centenaire"])
def test_two_cards_never_make_one_record(first: str, second: str, read_card: Read) -> None:
    """Exchanged after any number of commands and unnoticed by the reader, two cards give one's record or an error."""
    possible = {load_profile(first).holders, load_profile(second).holders}
    results: list[tuple[VitalePerson, ...] | None] = []
    for after in range(30):
        try:
            results.append(read_card(Exchanged(make_card(first), make_card(second), after)).people)
        except HardwareError:
            results.append(None)
    assert set(results) - {None} == possible
    assert results[0] == load_profile(second).holders
    assert results[-1] == load_profile(first).holders


class Meddled:
    """A session that counts its commands, and during which something happens after the one of this number."""

    def __init__(self, inner: CardConnection, number: int = 0, meddle: Callable[[], None] = lambda: None) -> None:
        self.atr = inner.atr
        self.close = inner.close
        self.confirm = inner.confirm
        self.heard = 0
        self._inner = inner
        self._number = number
        self._meddle = meddle

    def transmit(self, apdu: bytes) -> bytes:
        """Pass on, count, meddle."""
        answer = self._inner.transmit(apdu)
        self.heard += 1
        if self.heard == self._number:
            self._meddle()
        return answer


def test_a_record_is_believed_only_when_the_card_never_moved() -> None:
    """The same card, taken out and put back after its last answer, is refused: only the reader can have seen it."""
    source = EmulatedSource()
    reader = source.readers()[0]
    source.insert("latin1")
    with closing(Meddled(source.open(reader))) as counted:
        read_vitale(counted)
    with closing(Meddled(source.open(reader), counted.heard, lambda: source.insert("latin1"))) as meddled:
        with pytest.raises(CardSwapped):
            read_vitale(meddled)
        assert meddled.heard == counted.heard


def test_names_and_numbers_are_paired_by_position(read_card: Read) -> None:
    """The first name goes with the first NIR."""
    people = [load_profile(name).holders[0] for name in ("corse", "centenaire")]
    identities = [
        template(f80=p.surname.encode(), f81=p.given_name.encode(), f82=p.birth_date.encode()) for p in people
    ]
    numbers = [template(f93=person.nir.encode()) for person in people]
    assert read_card(card_of(b"".join(identities), b"".join(numbers))).people == tuple(people)


@pytest.mark.parametrize(("names", "nirs"), [(1, 0), (0, 1), (2, 1), (1, 2)])
def test_counts_must_agree(names: int, nirs: int, read_card: Read) -> None:
    """Names without NIRs and NIRs without names are refused, with both numbers."""
    with pytest.raises(CountsDiffer) as caught:
        read_card(card_of(IDENTITY * names + bytes(9), NUMBER * nirs + bytes(9)))
    assert caught.value.facts == {"names": names, "nirs": nirs}


def test_a_card_that_names_nobody_is_refused(read_card: Read) -> None:
    """Two files of zeros agree on zero holders and are still no record."""
    with pytest.raises(CardInvalid) as caught:
        read_card(card_of(bytes(64), bytes(64)))
    assert caught.value.facts["reason"] == "no_holder"


@pytest.mark.parametrize(
    ("spelled", "read"),
    [
        (b"19841332", "19841332"),
        (b"19840000", "19840000"),
        (b"840523", "840523"),
    ],
)
def test_birth_dates_are_kept_as_spelled(spelled: bytes, read: str, read_card: Read) -> None:
    """Lunar dates and dates without a century are not made into other dates."""
    identity = template(f80=b"VERDIERE", f81=b"CAMILLE", f82=spelled)
    assert read_card(card_of(identity, NUMBER)).people[0].birth_date == read


def test_padding_around_texts_is_dropped(read_card: Read) -> None:
    """Spaces and zeros around a text are the card's filling, those inside are the name's."""
    identity = template(f80=b" DE  LA TOUR \0\0", f81=b"", f82=b"19840523", f90=b"FR")
    person = read_card(card_of(identity, NUMBER)).people[0]
    assert (person.surname, person.given_name) == ("DE  LA TOUR", "")


@pytest.mark.parametrize(
    ("identity", "number", "field", "reason"),
    [
        (template(f81=b"CAMILLE", f82=b"19840523"), NUMBER, "80", "field_count"),
        (template(f80=b"A", f81=b"B"), NUMBER, "82", "field_count"),
        (template(f80=b"A", f82=b"19840523"), NUMBER, "81", "field_count"),
        (encode(0x65, encode(0x80, b"A") * 2), NUMBER, "80", "field_count"),
        (template(f80=b"  ", f81=b"B", f82=b"19840523"), NUMBER, "80", "empty"),
        (template(f80=b"A\x1b[2J", f81=b"B", f82=b"19840523"), NUMBER, "80", "control_character"),
        (template(f80=b"A", f81=b"\x9b2J", f82=b"19840523"), NUMBER, "81", "control_character"),
        (template(f80=b"A", f81=b"B", f82=b"1984-05-23"), NUMBER, "82", "date"),
        (template(f80=b"A", f81=b"B", f82=b"1984\xb2523"), NUMBER, "82", "date"),
        (IDENTITY, template(f93=b"284057599912325"), "93", "nir"),
        (IDENTITY, template(f93=b"2840575999123"), "93", "nir"),
        (IDENTITY, template(f92=VERDIERE.nir.encode()), "93", "field_count"),
    ],
)
def test_a_field_that_is_not_of_its_form_is_named(
    identity: bytes, number: bytes, field: str, reason: str, read_card: Read
) -> None:
    """The error tells the field's tag and why, and nothing of its contents."""
    with pytest.raises(CardInvalid) as caught:
        read_card(card_of(identity, number))
    assert caught.value.facts == {"field": field, "reason": reason}


NAMES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_categories=["Cc"]), max_size=150)
PEOPLE = st.lists(
    st.builds(
        VitalePerson,
        surname=NAMES.map(str.strip).filter(lambda name: name.strip(" ")),
        given_name=NAMES.map(str.strip),
        birth_date=st.from_regex(r"\A[0-9]{8}\Z"),
        nir=st.sampled_from([load_profile(name).holders[0].nir for name in READABLE]),
    ),
    min_size=1,
    max_size=6,
)


@given(PEOPLE, st.sampled_from(["procedure", "direct"]), st.sampled_from(["short", "long"]), st.integers(0, 2000))
def test_any_family_is_read_as_it_is_written(
    read_card: Read, people: list[VitalePerson], answers: str, lengths: str, size: int
) -> None:
    """Any number of people with any Latin-1 names is read back, however the card spells lengths and pads its files."""
    profile = replace(load_profile("simple"), holders=tuple(people), answers=answers, lengths=lengths, file_size=size)
    assert read_card(make_card(profile)).people == tuple(people)


@given(st.binary(max_size=700), st.binary(max_size=700))
@example(IDENTITY, b"")
def test_any_files_make_a_record_or_an_error_of_the_tree(read_card: Read, identity: bytes, number: bytes) -> None:
    """Arbitrary file contents never lead outside the tree."""
    with pytest.raises(HardwareError):
        read_card(card_of(identity, number))


@given(st.lists(st.binary(max_size=300), max_size=READ_ALL))
def test_any_answers_make_an_error_of_the_tree(
    read_card: Read, scripted: Callable[..., VirtualCard], answers: list[bytes]
) -> None:
    """Arbitrary answers never lead outside the tree."""
    with pytest.raises(HardwareError):
        read_card(scripted(answers))


@given(st.integers(0, 10**13 - 1).map(lambda number: f"{number:013d}"), st.integers(0, 99))
def test_a_number_with_a_wrong_key_is_no_nir(number: str, key: int) -> None:
    """Only one key fits a number."""
    if key != 97 - int(number) % 97:
        assert not is_nir(f"{number}{key:02d}")


@pytest.mark.parametrize("name", READABLE)
def test_every_other_key_is_refused(name: str) -> None:
    """Of a hundred keys, exactly the holder's makes a NIR, letters of Corsica included."""
    nir = load_profile(name).holders[0].nir
    assert [key for key in range(100) if is_nir(f"{nir[:13]}{key:02d}")] == [int(nir[13:])]


def test_a_record_shows_nobody() -> None:
    """Neither a person nor a record has personal data in its repr."""
    record = VitaleRecord((VERDIERE,))
    assert repr(record) + repr(VERDIERE) == "VitaleRecord()VitalePerson()"
