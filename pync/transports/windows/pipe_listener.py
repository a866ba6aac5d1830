"""Listening on a named pipe: a thread for each instance that waits for a client.

The listener waits on one end of a socketpair, to which a thread writes when a client has come. For
Windows only: other systems cannot import it.
"""

from __future__ import annotations

import socket
import sys
import threading
from collections import deque

from ...core.address import Address
from ...core.errors import ListenError
from .. import Options
from ..conn import Conn
from ..listener import Listener
from .pipe_access import security_attributes
from .pipe_calls import ERROR_ACCESS_DENIED, Instance, Pipe, create, discard
from .pipe_conn import cause_of, connection, number_of, system_name

assert sys.platform == "win32"

#: Instances that wait for clients, or whose clients wait for us, as in libuv.
BACKLOG = 4

#: Seconds that a thread may take to end; its call is cancelled, so it ends at once.
LEAVE = 5.0

#: The cause that Windows' refusal of a second "first" instance stands for.
_IN_USE = "address already in use"


class PipeListener(Listener):
    """A listener on a named pipe.

    A thread for each instance waits for a client, and writes a byte when it has come; it
    makes the next instance on demand.

    Arguments:
        address: the pipe.
        options: ``many``: several instances wait, not one.
    """

    # After a connection was returned, the next call makes a new instance in its place.
    has_queue = True

    def __init__(self, address: Address, options: Options) -> None:
        self._options = options
        self._name = system_name(address)
        self._lock = threading.Lock()
        self._waiting: list[Instance] = []
        self._arrived: deque[int | OSError] = deque()
        self._owed = 0
        self._closed = False
        self._security = security_attributes(options.pipe_access, address)
        try:
            instances = [self._instance(first=True)]
            instances += [self._instance() for _ in range(BACKLOG - 1) if options.many]
        except OSError as error:
            for instance in self._waiting:
                instance.discard()
            self._security.close()
            cause = _IN_USE if number_of(error) == ERROR_ACCESS_DENIED else cause_of(error)
            raise ListenError("listen", address, cause) from None
        self._wakeup, here = socket.socketpair()
        here.setblocking(False)
        super().__init__([here], [address])
        self._threads = [
            threading.Thread(target=self._accept_on, args=(one,), name="pipe", daemon=True)
            for one in instances
        ]
        for thread in self._threads:
            thread.start()

    def accept(self, timeout: float | None = None) -> Conn:
        """Return the next connection; see Listener.accept."""
        self._reopen()
        return super().accept(timeout)

    def take_nowait(self) -> Conn | None:
        """Return the next connection, or None when none waits. Raises OSError."""
        self._reopen()
        return super().take_nowait()

    def close_for_others(self) -> None:
        """Accept no more connections; the accepted one stays open."""
        self.close()

    def close(self) -> None:
        """Stop listening; idempotent."""
        with self._lock:
            # Set this first: the threads check it when their end of the socketpair fails.
            self._closed = True
            for instance in self._waiting:
                instance.close()
        super().close()
        for thread in self._threads:
            thread.join(LEAVE)
        self._wakeup.close()
        self._security.close()
        while self._arrived:
            handle = self._arrived.popleft()
            if isinstance(handle, int):
                discard(handle)

    def _take(self, sock: socket.socket) -> Conn:
        sock.recv(1)
        arrived = self._arrived.popleft()
        if isinstance(arrived, OSError):
            raise arrived
        self._owed += 1
        return self._connected(arrived)

    def _connected(self, handle: int) -> Conn:
        pipe = Pipe(handle, messages=self._options.pipe_messages)
        return connection(pipe, self.address, accepted=True)

    def _reopen(self) -> None:
        """Let threads make new instances in place of those that are connections now."""
        for _ in range(self._owed):
            try:
                self._socks[0].send(b"\0")
            except OSError:
                break  # closed
        self._owed = 0

    def _instance(self, *, first: bool = False) -> Instance:
        handle = create(
            self._name,
            first=first,
            messages=self._options.pipe_messages,
            remote=self._options.pipe_remote,
            security=self._security.address,
        )
        instance = Instance(handle)
        with self._lock:
            self._waiting.append(instance)
            if self._closed:
                instance.close()
        return instance

    def _accept_on(self, instance: Instance) -> None:
        try:
            while True:
                self._arrive(instance)
                if not self._wakeup.recv(1):
                    return
                instance = self._instance()
        except OSError as error:
            # Closed; or no instance can be made, and the next accept raises the error.
            if not self._closed:
                self._arrived.append(error)
                self._ring()

    def _arrive(self, instance: Instance) -> None:
        try:
            handle = instance.accept()
        finally:
            with self._lock:
                self._waiting.remove(instance)
        if handle is not None:
            self._arrived.append(handle)
            self._ring()

    def _ring(self) -> None:
        try:
            self._wakeup.send(b"\0")
        except OSError:
            pass  # the listener was closed in the meantime
