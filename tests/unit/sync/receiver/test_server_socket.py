"""The socket that an insurer listens on."""

import asyncio
import socket

from sync.receiver.monitoring import LOOPBACK
from sync.receiver.server import bind


def test_an_answer_does_not_wait_for_the_last_segments_acknowledgement() -> None:
    """A connection taken from it sends the end of an answer at once; Nagle's delay costs 40 ms an answer."""

    async def delays_of_one() -> int:
        taken = asyncio.get_running_loop().create_future()
        server = await asyncio.start_server(lambda _reader, writer: taken.set_result(writer), sock=bind(LOOPBACK, 0))
        async with server:
            _, caller = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer: asyncio.StreamWriter = await taken
            found: int = writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            for end in (caller, writer):
                end.close()
                await end.wait_closed()
            return found

    assert asyncio.run(delays_of_one()) != 0
