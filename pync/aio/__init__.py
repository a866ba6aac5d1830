"""The library under asyncio: dial, listen, serve and relay, over the same transports and TLS.

    import asyncio

    from pync import aio

    async def main() -> None:
        async with await aio.dial("localhost:9000", timeout=5) as conn:
            await conn.send_line(b"hello")
            await conn.send_eof()
            async for line in conn:
                print(line)

    asyncio.run(main())

A connection has what those of ``import pync`` have, as coroutines. ``send_eof`` ends one
direction over TLS too, which asyncio's own transports cannot do. A call that is cancelled while
it receives loses nothing; one that is cancelled while it sends makes the connection refuse to
send more, because nobody knows how much was sent.
"""

from __future__ import annotations

from .conn import Conn, DatagramConn, StreamConn
from .dialling import dial
from .listening import Listener
from .relaying import relay
from .serving import listen, serve

__all__ = [
    "Conn",
    "DatagramConn",
    "Listener",
    "StreamConn",
    "dial",
    "listen",
    "relay",
    "serve",
]
