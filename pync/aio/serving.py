"""Making listeners under asyncio from the text of an address, and serving clients."""

from __future__ import annotations

from functools import partial

from ..core.address import DATAGRAMS, WEBSOCKETS
from ..core.typed import TYPE_CHECKING
from ..library import for_many, to_listen
from ..transports import listen as listen_blocking
from .dialling import in_thread
from .listening import Listener

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..core.address import Address
    from ..transports.listener import Listener as BlockingListener
    from ..transports.tls.accept import Steps
    from ..transports.tls.handshake import Security
    from .listening import Handler


async def listen(
    address: str, *, certificate: str | None = None, key: str | None = None
) -> Listener:
    """Listen on an address; arguments and errors are those of ``pync.listen``."""
    where, secured = to_listen(address)
    if not secured and where.scheme not in WEBSOCKETS:
        return Listener(await in_thread(partial(listen_blocking, where, for_many(where))))
    from ..transports.tls.handshake import Security
    from .shaking import ShakingListener

    security = Security(certificate=certificate, key=key)
    listening = _by_tls
    if where.scheme in WEBSOCKETS:
        listening = _by_websocket
    elif where.scheme in DATAGRAMS:
        listening = _by_dtls
    return ShakingListener(*await in_thread(partial(listening, where, security)))


if TYPE_CHECKING:
    #: A listener of connections without handshakes, what begins one, and what a connection and an
    #: address of the listener are called.
    Parts = tuple[
        BlockingListener,
        Callable[[Any], Steps],
        Callable[[Any], Any],
        Callable[[Address], Address],
    ]


def _by_tls(where: Address, security: Security) -> Parts:
    from ..transports.tls.handshake import Securing, server_context

    begin = partial(Securing, context=server_context(security), server_side=True)
    listener = listen_blocking(where, for_many(where))
    return listener, begin, _same, lambda plain: plain._replace(scheme="tls")


def _by_dtls(where: Address, security: Security) -> Parts:
    from ..transports import dtls

    listener = dtls.listen_unsecured(where, security)
    return listener, dtls.begin, _same, lambda plain: plain._replace(scheme="dtls")


def _by_websocket(where: Address, security: Security) -> Parts:
    from ..transports import websockets

    begin = websockets.accepting(where, security)
    listener = listen_blocking(websockets.carrier(where), for_many(where))
    at = websockets.shown(where, listener.address)
    return (
        listener,
        begin,
        lambda conn: websockets.named(conn, at),
        lambda plain: websockets.shown(where, plain),
    )


def _same(conn: Any) -> Any:
    return conn


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
