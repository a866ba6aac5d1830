"""Serving clients with a thread for each: what ``Listener.serve`` does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

from ..core.broken import WebSocketError
from ..core.deadline import Deadline
from ..core.errors import ListenError, TlsError
from ..core.typed import TYPE_CHECKING, Protocol
from .conn import Conn

if TYPE_CHECKING:
    from typing import Any

#: Seconds before accepting again when there was no free descriptor.
TRY_AGAIN = 0.2


class Accepts(Protocol):
    """An object that accepts clients: a listener (listener.py)."""

    closed: bool

    def accept(self) -> Any:
        """Return the next connection."""


def serve(
    listener: Accepts,
    handler: Callable[[Any], object],
    max_clients: int | None,
    grace: float | None,
) -> None:
    """See Accepting.serve."""
    clients = _Clients(max_clients)
    try:
        while not listener.closed:
            clients.wait_for_room(listener)
            try:
                conn = listener.accept()
            except (TlsError, WebSocketError):
                continue  # the error of one client
            except ListenError:
                if not listener.closed and not clients.wait_for_one(TRY_AGAIN):
                    raise
                continue
            clients.start(handler, conn)
            if conn.datagram:
                break
    finally:
        clients.join(grace)


class _Clients:
    """The clients that are being served.

    Arguments:
        most: the limit of clients at once; None: no limit.
    """

    def __init__(self, most: int | None) -> None:
        if most is not None and most < 1:
            raise ValueError(f"max_clients must be at least 1, not {most}")
        self._most = most
        self._conns: dict[threading.Thread, Conn] = {}
        self._changed = threading.Condition()

    def wait_for_room(self, listener: Accepts) -> None:
        """Wait until one more client may be served, or the listener is closed."""
        with self._changed:
            while self._most is not None and len(self._conns) >= self._most:
                if listener.closed:
                    return
                # (Closing the listener does not notify.)
                self._changed.wait(TRY_AGAIN)

    def wait_for_one(self, seconds: float) -> bool:
        """Wait until a client has left, or the time is over; return False without clients."""
        with self._changed:
            return bool(self._conns) and (self._changed.wait(seconds) or True)

    def start(self, handler: Callable[[Any], object], conn: Conn) -> None:
        """Start to serve a client."""
        thread = threading.Thread(
            target=self._run, args=(handler, conn), name=f"serves {conn.peer}", daemon=True
        )
        with self._changed:
            self._conns[thread] = conn
        try:
            thread.start()
        except RuntimeError:
            # The system cannot start a thread: end the client's connection.
            with self._changed:
                del self._conns[thread]
            conn.drop()

    def join(self, grace: float | None) -> None:
        """Wait for the clients; shut their connections down when ``grace`` is over."""
        deadline = Deadline(grace)
        for thread in self._threads():
            thread.join(deadline.remaining)
        with self._changed:
            for conn in self._conns.values():
                try:
                    conn.socket.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # it is closed already
        for thread in self._threads():
            thread.join()

    def _threads(self) -> list[threading.Thread]:
        with self._changed:
            return list(self._conns)

    def _run(self, handler: Callable[[Any], object], conn: Conn) -> None:
        try:
            # (threading.excepthook shows its errors, as those of any thread.)
            with conn:
                handler(conn)
        finally:
            with self._changed:
                self._conns.pop(threading.current_thread(), None)
                self._changed.notify_all()
