"""Dialling under asyncio: names are looked up in a thread, sockets and TLS are non-blocking."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from functools import partial
from typing import overload

from ..core.address import DATAGRAMS, Address, without_zone
from ..core.deadline import Deadline
from ..core.errors import DialError, UsageError
from ..core.typed import TYPE_CHECKING, TypeVar
from ..library import dial as dial_blocking
from ..library import to_dial
from ..transports import Options
from ..transports import dial as dial_plain
from ..transports.conn import StreamConn as BlockingStream
from ..transports.connecting import Connecting
from ..transports.internet import resolve
from .conn import Conn, StreamConn
from .waits import Waits, watcher_of
from .wrapping import wrapped

if TYPE_CHECKING:
    from typing import Any

    from ..transports.tls.accept import Steps
    from ..transports.tls.handshake import Security

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
    deadline, options = Deadline(timeout), Options(timeout=timeout, source=source)
    made: Any
    if (where.scheme in _CONNECTING or secured) and not (headers or subprotocols):
        if where.scheme in _CONNECTING:
            made = await _connected(where, options, deadline)
        else:
            made = await in_thread(partial(dial_plain, where, options))
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
    conn: Any,
    where: Address,
    deadline: Deadline,
    verify: bool,
    trusted: str | None,
    starttls: str | None,
) -> Any:
    from ..transports.tls.handshake import Security

    security = Security(verify=verify, trusted=trusted, starttls=starttls)
    name = without_zone(where.host)
    begin = _begin_dtls if where.scheme in DATAGRAMS else _begin_tls
    try:
        securing = await in_thread(partial(begin, conn, security, name))
    except BaseException:
        conn.close()
        raise
    return await shake_hands(conn, securing, deadline)


def _begin_tls(conn: Any, security: Security, name: str) -> Steps:
    from ..transports.tls.handshake import Securing, client_context

    context, starttls = client_context(security), security.starttls
    return Securing(conn, context, server_side=False, server_name=name, starttls=starttls)


def _begin_dtls(conn: Any, security: Security, name: str) -> Steps:
    from ..transports.dtls import begin_dial

    return begin_dial(conn, security, name)


async def shake_hands(conn: Any, securing: Steps, deadline: Deadline) -> Any:
    """Return the connection after a handshake with ``conn``.

    Raises PyncError, with the connection closed.

    Arguments:
        securing: the steps of the handshake; it owns ``conn``.
        deadline: the limit; without one, HANDSHAKE_TIMEOUT.
    """
    from ..transports.tls.handshake import HANDSHAKE_TIMEOUT

    limit = deadline if deadline.remaining is not None else Deadline(HANDSHAKE_TIMEOUT)
    conn.settimeout(0)
    waits = Waits()
    try:
        while True:
            try:
                return securing.step()
            except BlockingIOError:
                times = (securing.seconds, limit.remaining)
            # (With DTLS, a flight may have to be sent again before.)
            until = Deadline(min(time for time in times if time is not None))
            try:
                if securing.writes:
                    await waits.writable(conn.write_fd(), until)
                else:
                    await waits.readable(conn.read_fds(), until)
            except TimeoutError:
                if limit.passed:
                    raise securing.late() from None
    except BaseException:
        conn.close()
        raise
