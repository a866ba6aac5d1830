"""Making listeners under asyncio from the text of an address, and serving clients."""

from __future__ import annotations

from functools import partial

from ..core.address import DATAGRAMS, WEBSOCKETS
from ..core.errors import UsageError
from ..core.typed import TYPE_CHECKING
from ..library import for_many, to_listen
from ..transports import listen as listen_blocking
from .dialling import in_thread
from .listening import Listener

if TYPE_CHECKING:
    from .listening import Handler


async def listen(
    address: str, *, certificate: str | None = None, key: str | None = None
) -> Listener:
    """Listen on an address; arguments and errors are those of ``pync.listen``."""
    where, secured = to_listen(address)
    if where.scheme in WEBSOCKETS:
        raise UsageError(f"pync.aio does not listen on WebSockets; pync.listen does: {address}")
    if secured and where.scheme in DATAGRAMS:
        raise UsageError(f"{address}: pync.aio does not speak DTLS; pync.listen does")
    if not secured:
        return Listener(await in_thread(partial(listen_blocking, where, for_many(where))))
    from ..transports.tls.handshake import Security, server_context
    from .shaking import TlsListener

    security = Security(certificate=certificate, key=key)
    context = await in_thread(partial(server_context, security))
    return TlsListener(await in_thread(partial(listen_blocking, where, for_many(where))), context)


async def serve(
    handler: Handler,
    listener: Listener | str,
    *,
    max_clients: int | None = None,
) -> None:
    """Listen, and serve clients until the task is cancelled; see Listener.serve.

    Arguments:
        listener: a listener, or an address to listen on during this call.
    """
    if isinstance(listener, str):
        listener = await listen(listener)
    async with listener:
        await listener.serve(handler, max_clients=max_clients)
