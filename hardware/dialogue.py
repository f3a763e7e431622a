"""One command and its whole answer over T=0, where the card may first say how much there is.

Rules: 61xx is followed by GET RESPONSE, 6Cxx by the same command with the length that the card asked for (it has not
executed the first, so this is no retry), each a bounded number of times. Nothing else is sent twice.
"""

from dataclasses import replace

from hardware.apdu import (
    BLOCK,
    SW_END_OF_FILE,
    SW_OK,
    SW_WRONG_OFFSET,
    Command,
    Response,
    get_response,
    read_first_block,
    read_next_block,
)
from hardware.connection import CardConnection
from hardware.errors import CardInvalid

MAX_FILE = 16 * 1024
"""No patient card holds a file this long, in bytes; a card that never ends is not believed."""
_MORE = 0x61
_OTHER_LENGTH = 0x6C


def send(connection: CardConnection, command: Command) -> Response:
    """The answer to `command` with all its data; any status word but 61xx and 6Cxx is left to the caller."""
    response = _ask(connection, command)
    if response.sw1 == _OTHER_LENGTH:
        response = _ask(connection, replace(command, le=response.sw2 or BLOCK))
    data = response.data
    for _ in range(MAX_FILE // BLOCK):
        if response.sw1 != _MORE:
            break
        response = _ask(connection, get_response(response.sw2))
        data += response.data
    if response.sw1 in (_MORE, _OTHER_LENGTH):
        raise CardInvalid("the card announces data that it does not give", sw=f"{response.sw:04X}")
    return Response(data, response.sw)


def require_ok(response: Response, step: str) -> bytes:
    """The data of an answer; CardInvalid with the step and the status word unless it is 9000."""
    if response.sw != SW_OK:
        raise CardInvalid(f"{step} was refused", step=step, sw=f"{response.sw:04X}")
    return response.data


def read_file(connection: CardConnection, sfi: int, step: str) -> bytes:
    """All of the file with this short identifier in the current application, block after block."""
    block = _block(send(connection, read_first_block(sfi)), step)
    content = block
    while len(block) >= BLOCK:
        if len(content) > MAX_FILE:
            raise CardInvalid("a file without end", step=step, reason="file_too_long")
        response = send(connection, read_next_block(len(content)))
        block = b"" if response.sw == SW_WRONG_OFFSET else _block(response, step)
        content += block
    return content


def _block(response: Response, step: str) -> bytes:
    return response.data if response.sw == SW_END_OF_FILE else require_ok(response, step)


def _ask(connection: CardConnection, command: Command) -> Response:
    return Response.parse(connection.transmit(command.encode()))
