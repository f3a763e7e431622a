"""Commands as the card hears them, answers as the program sees them, and the conversation of T=0."""

import logging
from collections.abc import Callable
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware import CardInvalid, HardwareError
from hardware.apdu import (
    Command,
    Response,
    get_response,
    read_first_block,
    read_next_block,
    select_application,
    select_master_file,
)
from hardware.connection import CardConnection
from hardware.dialogue import MAX_FILE, read_file, require_ok, send
from hardware.emulator import EmulatedSource
from hardware.emulator.card import VirtualVitale

ATR = bytes.fromhex("3B75130000 4709EA9000")


@pytest.mark.parametrize(
    ("command", "spelled"),
    [
        (select_master_file(), "00A40000023F00"),
        (select_application(b"\xd2\x50\x00\x00\x02VITALE"), "00A404000BD250000002564954414C45"),
        (read_first_block(2), "00B0820000"),
        (read_next_block(0x1234), "00B0123400"),
        (get_response(0x0F), "00C000000F"),
        (get_response(0), "00C0000000"),
        (Command(0x20, 0, 1, b"\x31", le=2, cla=0xBC), "BC200001013102"),
    ],
)
def test_commands_are_spelled_as_the_norm_says(command: Command, spelled: str) -> None:
    """Each command has the bytes of ISO/IEC 7816-4, the ones seen on real cards included."""
    assert command.encode() == bytes.fromhex(spelled)


@given(st.binary(max_size=260))
def test_an_answer_is_data_and_two_bytes(raw: bytes) -> None:
    """Two bytes at least make an answer; less is refused."""
    if len(raw) < 2:
        with pytest.raises(CardInvalid):
            Response.parse(raw)
    else:
        response = Response.parse(raw)
        assert response.data + bytes([response.sw1, response.sw2]) == raw


def test_contents_stay_out_of_reprs() -> None:
    """Neither a command's nor an answer's data is shown."""
    assert "VERDIERE" not in repr(Command(0xD6, data=b"VERDIERE")) + repr(Response(b"VERDIERE", 0x9000))


@pytest.fixture
def talk(scripted: Callable[..., object]) -> Callable[..., object]:
    """A function that sends one command to a scripted card and gives the answer and what the card heard."""

    def run(*answers: str, ask: Callable[[CardConnection], object] | None = None) -> tuple[object, list[str]]:
        card = scripted(bytes.fromhex(answer) for answer in answers)
        source = EmulatedSource()
        source.insert(card)  # type: ignore[arg-type]  # the fixture hides the class
        ask = ask or (lambda connection: send(connection, read_first_block(2)))
        with closing(source.open(source.readers()[0])) as connection:
            answer = ask(connection)
        return answer, [heard.hex() for heard in card.heard]  # type: ignore[attr-defined]

    return run


def test_announced_data_are_fetched(talk: Callable[..., tuple[Response, list[str]]]) -> None:
    """61xx is followed by GET RESPONSE of that length, as often as the card announces more."""
    answer, heard = talk("6102", "41426101", "439000")
    assert (answer.data, answer.sw) == (b"ABC", 0x9000)
    assert heard == ["00b0820000", "00c0000002", "00c0000001"]


def test_a_wrong_length_is_asked_again_with_the_right_one(talk: Callable[..., tuple[Response, list[str]]]) -> None:
    """6Cxx is followed by the same command with the length that the card named."""
    answer, heard = talk("6C03", "4142439000")
    assert (answer.data, answer.sw) == (b"ABC", 0x9000)
    assert heard == ["00b0820000", "00b0820003"]


def test_a_card_that_names_lengths_for_ever_is_refused(talk: Callable[..., tuple[Response, list[str]]]) -> None:
    """A second 6Cxx, and 61xx without end, are refused after a bounded number of commands."""
    with pytest.raises(CardInvalid, match="announces"):
        talk("6C03", "6C04")
    with pytest.raises(CardInvalid, match="announces"):
        talk(*["6101"] * (MAX_FILE // 256 + 1))


def test_other_status_words_are_left_to_the_caller(talk: Callable[..., tuple[Response, list[str]]]) -> None:
    """A refusal is an answer; `require_ok` turns it into an error that names step and status word."""
    answer, heard = talk("6982")
    assert (answer.sw, heard) == (0x6982, ["00b0820000"])
    with pytest.raises(CardInvalid) as caught:
        require_ok(answer, "read_nir")
    assert caught.value.facts == {"step": "read_nir", "sw": "6982"}


def test_nothing_refused_is_sent_again(talk: Callable[..., tuple[Response, list[str]]]) -> None:
    """A transport that fails once has failed: the card hears the command once."""
    _, heard = talk("6F00")
    assert heard == ["00b0820000"]


@pytest.mark.parametrize("procedure", [True, False])
@pytest.mark.parametrize("size", [1, 255, 256, 257, 511, 512, 513, 4096, MAX_FILE])
def test_files_of_any_length_are_read_whole(size: int, procedure: bool) -> None:
    """A file comes back byte for byte at and around the limits of a block, however the card announces lengths."""
    content = bytes(index * 7 % 251 for index in range(size))
    source = EmulatedSource()
    source.insert(VirtualVitale(ATR, content, b"", procedure=procedure))
    with closing(source.open(source.readers()[0])) as connection:
        assert read_file(connection, 2, "read_identity") == content


def test_the_end_of_a_file_may_be_told_by_a_warning(talk: Callable[..., tuple[object, list[str]]]) -> None:
    """6282 with what is left ends the file, and so does an empty answer after a full block."""
    full = bytes(256).hex() + "9000"
    content, _ = talk(full, "41426282", ask=lambda connection: read_file(connection, 2, "read_nir"))
    assert content == bytes(256) + b"AB"
    content, _ = talk(full, "6282", ask=lambda connection: read_file(connection, 2, "read_nir"))
    assert content == bytes(256)


def test_a_file_without_end_is_refused(talk: Callable[..., tuple[object, list[str]]]) -> None:
    """A card that always has another block is given up."""
    endless = [bytes(256).hex() + "9000"] * (MAX_FILE // 256 + 2)
    with pytest.raises(CardInvalid) as caught:
        talk(*endless, ask=lambda connection: read_file(connection, 2, "read_nir"))
    assert caught.value.facts["reason"] == "file_too_long"


@given(st.lists(st.binary(max_size=258), max_size=8))
def test_whatever_the_card_answers_is_bytes_or_an_error_of_the_tree(
    scripted: Callable[..., object], answers: list[bytes]
) -> None:
    """Arbitrary answers never lead outside the tree."""
    source = EmulatedSource()
    source.insert(scripted(answers))  # type: ignore[arg-type]  # the fixture hides the class
    with closing(source.open(source.readers()[0])) as connection:
        try:
            outcome: object = read_file(connection, 2, "read_nir")
        except HardwareError as error:
            outcome = error
    assert isinstance(outcome, bytes | CardInvalid)


def test_traffic_is_logged_without_contents(caplog: pytest.LogCaptureFixture) -> None:
    """The log shows instruction, lengths and status word; no name and no NIR, in clear or in hexadecimal."""
    source = EmulatedSource()
    source.insert("latin1")
    with caplog.at_level(logging.DEBUG), closing(source.open(source.readers()[0])) as connection:
        connection.transmit(select_master_file().encode())
        content = read_file(connection, 2, "read_identity")
    assert "ins b0, 5 bytes out, 98 in, sw 9000" in caplog.messages
    assert content[4:12].hex() not in caplog.text.lower()
    assert "LEF" not in caplog.text
