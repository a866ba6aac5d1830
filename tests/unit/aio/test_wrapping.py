"""The class that wraps each kind of connection under asyncio."""

from __future__ import annotations

from pync.aio import conn as module
from pync.aio.wrapping import wrapped
from pync.core.address import Address
from pync.transports import dial
from pync.transports.memory import pair

from ...peer import mailbox
from .conftest import Run


def test_class_for_streams_and_for_datagrams(run: Run) -> None:
    async def wrap() -> None:
        left, right = pair()
        with right, mailbox() as box:
            assert type(wrapped(left)) is module.StreamConn
            datagrams = dial(Address("udp", "127.0.0.1", box.port))
            assert type(wrapped(datagrams)) is module.DatagramConn
            left.close()
            datagrams.close()

    run(wrap())
