"""Dialling under asyncio: names are looked up in a thread, sockets and TLS are non-blocking."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from functools import partial
from typing import overload

from ..core.address import Address, without_zone
from ..core.broken import over_tls
from ..core.deadline import Deadline
from ..core.errors import DialError, TlsError, UsageError
from ..core.typed import TYPE_CHECKING, TypeVar
from ..library import dial as dial_blocking
from ..library import to_dial
from ..transports import Options
from ..transports.conn import StreamConn as BlockingStream
from ..transports.connecting import Connecting
from ..transports.internet import resolve
from .conn import Conn, StreamConn, wrapped
from .waits import Waits, watcher_of

if TYPE_CHECKING:
    from typing import Any

_C = TypeVar("_C", bound=Conn)
_Made = TypeVar("_Made")


@overload
async def dial(
    address: str,
    kind: type[_C],
    *,
    timeout: float | None = None,
    source: str | None = None,
    verify: bool = True,
    trusted: str | None = None,
    starttls: str | None = None,
    headers: Mapping[str, str] | None = None,
    subprotocols: tuple[str, ...] = (),
) -> _C: ...


@overload
async def dial(
    address: str,
    *,
    timeout: float | None = None,
    source: str | None = None,
    verify: bool = True,
    trusted: str | None = None,
    starttls: str | None = None,
    headers: Mapping[str, str] | None = None,
    subprotocols: tuple[str, ...] = (),
) -> StreamConn | Any: ...


async def dial(
    address: str,
    kind: type[Conn] = Conn,
    *,
    timeout: float | None = None,
    source: str | None = None,
    verify: bool = True,
    trusted: str | None = None,
    starttls: str | None = None,
    headers: Mapping[str, str] | None = None,
    subprotocols: tuple[str, ...] = (),
) -> Conn:
    """Connect to an address; arguments and errors are those of ``pync.dial``.

    ``kind``: the class that the connection must have.
    """
    where, secured = to_dial(address, starttls)
    if secured and where.scheme not in _CONNECTING:
        raise UsageError(f"{address}: pync.aio does not speak DTLS; pync.dial does")
    deadline = Deadline(timeout)
    if where.scheme in _CONNECTING and not (headers or subprotocols):
        made: Any = await _connected(where, Options(timeout=timeout, source=source), deadline)
        if secured:
            made = await _secured(made, where, deadline, verify, trusted, starttls)
    else:
        dialling: Callable[[], Any] = partial(
            dial_blocking,
            address,
            timeout=timeout,
            source=source,
            verify=verify,
            trusted=trusted,
            headers=headers,
            subprotocols=subprotocols,
        )
        made = await in_thread(dialling)
    conn = wrapped(made)
    if not isinstance(conn, kind):
        conn.close()
        raise UsageError(f"{address} makes a {type(conn).__name__}, not a {kind.__name__}")
    return conn


#: The schemes that connect step by step; the others are quick, and connect in a thread.
_CONNECTING = frozenset({"tcp", "tcp4", "tcp6", "sctp"})


async def in_thread(make: Callable[[], _Made]) -> _Made:
    """Call a blocking function in a thread; close its result if this call was cancelled."""
    making = asyncio.get_running_loop().run_in_executor(None, make)
    try:
        return await asyncio.shield(making)
    except asyncio.CancelledError:
        making.add_done_callback(_close)
        raise


def _close(made: asyncio.Future[Any]) -> None:
    if not made.cancelled() and made.exception() is None:
        close: Callable[[], None] | None = getattr(made.result(), "close", None)
        if close is not None:
            close()


async def _connected(where: Address, options: Options, deadline: Deadline) -> BlockingStream:
    """Return a TCP connection, like that of tcp.dial. Raises DialError."""
    looking = in_thread(partial(resolve, where, options, socket.SOCK_STREAM))
    try:
        endpoints = await asyncio.wait_for(looking, deadline.remaining)
    except asyncio.TimeoutError:
        raise DialError("dial", where, "timed out") from None
    watcher = watcher_of(asyncio.get_running_loop())
    settled = asyncio.Event()

    def watch(descriptor: int, wanted: bool) -> None:
        if wanted:
            watcher.add_writer(descriptor, partial(settle, descriptor))
        else:
            watcher.remove_writer(descriptor)

    def settle(descriptor: int) -> None:
        connecting.settled(descriptor)
        settled.set()

    connecting = Connecting(where, endpoints, options, deadline.remaining, watch)
    try:
        connecting.proceed()
        while connecting.conn is None:
            if connecting.failure is not None:
                raise connecting.failure
            try:
                await asyncio.wait_for(settled.wait(), connecting.seconds())
            except asyncio.TimeoutError:
                pass  # it is time to try the next address
            settled.clear()
            if connecting.conn is None:
                connecting.proceed()
        return connecting.conn
    except BaseException:
        if connecting.conn is not None:
            connecting.conn.close()
        raise
    finally:
        connecting.close()


async def _secured(
    conn: BlockingStream,
    where: Address,
    deadline: Deadline,
    verify: bool,
    trusted: str | None,
    starttls: str | None,
) -> BlockingStream:
    from ..transports.tls.handshake import Security, client_context

    try:
        security = Security(verify=verify, trusted=trusted, starttls=starttls)
        context = await in_thread(partial(client_context, security))
    except BaseException:
        conn.close()
        raise
    return await shake_hands(
        conn,
        context,
        deadline,
        server_side=False,
        server_name=without_zone(where.host),
        starttls=starttls,
    )


async def shake_hands(
    conn: BlockingStream,
    context: Any,
    deadline: Deadline,
    *,
    server_side: bool,
    server_name: str | None = None,
    starttls: str | None = None,
) -> BlockingStream:
    """Return the connection through TLS, which owns ``conn``. Raises TlsError, with it closed.

    Arguments:
        context: an ssl.SSLContext.
        server_side, server_name, starttls: see handshake.secure.
    """
    from ..transports.tls.handshake import HANDSHAKE_TIMEOUT, Securing

    limit = deadline if deadline.remaining is not None else Deadline(HANDSHAKE_TIMEOUT)
    conn.settimeout(0)
    securing = Securing(
        conn, context, server_side=server_side, server_name=server_name, starttls=starttls
    )
    waits = Waits()
    try:
        while True:
            try:
                return securing.step()
            except BlockingIOError:
                if securing.writes:
                    await waits.writable(conn.write_fd(), limit)
                else:
                    await waits.readable(conn.read_fds(), limit)
    except TimeoutError as error:
        conn.close()
        if isinstance(error, TlsError):
            raise
        operation = "accept" if server_side else "dial"
        raise TlsError(operation, over_tls(conn.peer), "timed out") from None
    except BaseException:
        conn.close()
        raise
