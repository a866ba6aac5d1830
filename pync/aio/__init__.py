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

A connection has the methods of those of ``import pync``, as coroutines. ``send_eof`` ends one
direction over TLS too, which asyncio's own transports cannot do. Cancelling a call that receives
loses nothing; after cancelling one that sends, the connection refuses to send more, because it is
unknown how much was sent.
"""

from __future__ import annotations

from .conn import Conn, DatagramConn, StreamConn
from .dialling import dial
from .listening import Listener
from .relaying import relay
from .serving import listen, serve
from .websocket import WebSocketConn

__all__ = [
    "Conn",
    "DatagramConn",
    "Listener",
    "StreamConn",
    "WebSocketConn",
    "dial",
    "listen",
    "relay",
    "serve",
]
