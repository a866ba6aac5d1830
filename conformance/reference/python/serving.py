"""How to write a socket server that survives its clients: one loop, no blocking call.

The rules of a correct server, and where they are implemented here:

- the server stops reading while a client does not accept its output (Connection.wants);
- the client's FIN is the end of its input, not of the conversation: pending data is
  sent, then the server's FIN (Connection.finish);
- the server ends with FIN, not RST: unread input at close() would send RST (RFC 1122
  4.2.2.13), so input is read and discarded until the client ends too (LINGER);
- a client's RST may show in accept, read, write or shutdown, and ends only that
  connection (Connection.dropped);
- if accept runs out of descriptors, the server neither spins nor dies (Server.accept);
- a signal sets a flag and wakes the loop; it never raises an exception in the middle of
  something;
- every descriptor is closed on every path, and a Unix path is removed at the end.
"""

import errno
import heapq
import itertools
import os
import selectors
import socket
import stat
import time

from .connection import READ, Connection
from .service import Service

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing would slow down the start
    import ssl
    from collections.abc import Callable


class Server:
    """A server that listens, accepts clients and runs the loop.

    Arguments:
        address: ``tcp://HOST:PORT``, ``tls://HOST:PORT``, ``unix:PATH`` or, on Windows,
            ``pipe:NAME``.
        service: the subclass of Connection for each client.
        settings: the texts of the service.
    Raises OSError if it cannot listen there, ValueError for an invalid address.
    """

    backlog = 511
    schemes: "tuple[str, ...]" = ("tcp", "tls")

    def __init__(
        self, address: str, service: "type[Service]", settings: "dict[str, bytes]"
    ) -> None:
        self.service = service
        self.settings = settings
        self.status = 0
        self.stopping = False
        self.connections: set[Connection] = set()
        self._timers: list[tuple[float, int, Callable[[], object]]] = []
        self._timer_numbers = itertools.count()  # orders timers that are due at the same time
        self.context: ssl.SSLContext | None = None
        if address.startswith("tls://") and "tls" in self.schemes:
            from .secure import server_context

            self.context = server_context()
        self._selector = selectors.DefaultSelector()
        self._waking, self._wake = socket.socketpair()
        self._wake.setblocking(False)
        self._selector.register(self._waking, READ)
        self.path = address[len("unix:") :] if address.startswith("unix:") else ""
        self.pipe = address[len("pipe:") :] if address.startswith("pipe:") else ""
        self._arrivals: list[socket.socket] = []
        self.listener = self.listen(address)
        self.listener.setblocking(False)
        self._selector.register(self.listener, READ)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_details: object) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """The server's address, in the syntax for a client."""
        if self.path:
            return f"unix:{self.path}"
        if self.pipe:
            return f"pipe:{self.pipe}"
        host, port = self.listener.getsockname()[:2]
        host = f"[{host}]" if ":" in host else host
        return f"{self.scheme}://{host}:{port}"

    @property
    def wake_fd(self) -> int:
        """The descriptor that wakes ``run`` when a byte is written to it."""
        return self._wake.fileno()

    def run(self) -> None:
        """Serve until ``request_stop``."""
        while not self.is_done():
            for key, events in self._selector.select(self._until_next_timer()):
                if key.fileobj is self.listener:
                    self.accept()
                elif key.fileobj is self._waking:
                    self._waking.recv(64)
                elif key.data.open:
                    key.data.ready(events)
            now = time.monotonic()
            while self._timers and self._timers[0][0] <= now:
                callback = heapq.heappop(self._timers)[2]
                callback()

    def request_stop(self) -> None:
        """Make ``run`` return; may be called by a signal handler, between any two instructions."""
        # An exception from the signal handler could interrupt the cleanup; a flag cannot. The
        # byte wakes a select() that has just begun.
        self.stopping = True
        try:
            self._wake.send(b"!")
        except OSError:
            pass  # the loop is already awake, or has ended

    def is_done(self) -> bool:
        """Return whether ``run`` has to return now."""
        return self.stopping

    def accept(self) -> None:
        """Accept the waiting clients, at most as many as the backlog can hold."""
        for _ in range(self.backlog):
            try:
                sock = self._next()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    # No descriptor is left: serve the other clients, and try again soon.
                    self._selector.unregister(self.listener)
                    self.call_later(0.1, self._listen_again)
                    return
                continue  # that client has disconnected; another one may be waiting
            self.serve(sock)

    def _next(self) -> socket.socket:
        if not self.pipe:
            return self.listener.accept()[0]
        self.listener.recv(1)
        return self._arrivals.pop(0)

    def serve(self, sock: socket.socket) -> None:
        """Start serving a client."""
        sock.setblocking(False)
        if not (self.path or self.pipe):
            try:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:
                pass  # reset before it was accepted: the first read will report that
        if self.context is None:
            self.take(sock)
            return
        from .secure import Handshake, TlsSocket

        # It has all methods of a socket that a connection uses.
        sealed: socket.socket = TlsSocket(sock, self.context)  # type: ignore[assignment]
        self._enter(Handshake(self, sealed))

    def take(self, sock: socket.socket) -> None:
        """Pass a client to the service."""
        assert issubclass(self.service, Connection)
        self._enter(self.service(self, sock))

    def _enter(self, connection: Connection) -> None:
        self.connections.add(connection)
        self._selector.register(connection.sock, READ, connection)
        connection.begin()

    def listen(self, address: str) -> socket.socket:
        """Return the listening socket."""
        if self.pipe:
            return self._pipe_gate()
        if self.path:
            self.clear_path()
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(self.path)
            self._path_is_ours = _identity(self.path)
        else:
            self.scheme, host, port = host_and_port(address, self.schemes)
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            listener = socket.socket(family, socket.SOCK_STREAM)
            # A restart must not have to wait for old connections in TIME_WAIT.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
        listener.listen(self.backlog)
        return listener

    def _pipe_gate(self) -> socket.socket:
        """Return a socket that is readable when a client has connected to the pipe."""
        from ...targets.windows.pipes import Gate

        listener, self._ringing = socket.socketpair()

        def entered(sock: socket.socket) -> None:
            self._arrivals.append(sock)
            self._ringing.send(b"!")

        self._gate = Gate(f"\\\\.\\pipe\\{self.pipe}", entered)
        return listener

    def clear_path(self) -> None:
        """Remove a stale socket that a crash has left; keep any other file."""
        try:
            if not stat.S_ISSOCK(os.lstat(self.path).st_mode):
                raise FileExistsError(errno.EEXIST, "the path exists and is not a socket")
        except FileNotFoundError:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            # On Linux connect() blocks while the backlog is full, so use a non-blocking socket.
            probe.setblocking(False)
            try:
                probe.connect(self.path)
            except ConnectionRefusedError:
                os.unlink(self.path)
                return
            except BlockingIOError:
                pass
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))

    def watch(self, connection: Connection, events: int) -> None:
        """Wait for these events of a connection; with 0 not even its reset is noticed."""
        registered = self._selector.get_map().get(connection.sock)
        if events and registered is None:
            self._selector.register(connection.sock, events, connection)
        elif events and registered is not None and registered.events != events:
            self._selector.modify(connection.sock, events, connection)
        elif not events and registered is not None:
            self._selector.unregister(connection.sock)

    def forget(self, connection: Connection) -> None:
        """Remove a connection that is being closed."""
        self.watch(connection, 0)
        self.connections.discard(connection)

    def call_later(self, seconds: float, callback: "Callable[[], object]") -> None:
        """Call ``callback()`` in ``seconds``."""
        due = time.monotonic() + seconds
        heapq.heappush(self._timers, (due, next(self._timer_numbers), callback))

    def stop(self) -> None:
        """Close all connections and the listener; idempotent."""
        for connection in list(self.connections):
            connection.close()
        self._selector.close()
        for own in (self.listener, self._waking, self._wake):
            own.close()
        if self.path:
            self.remove_path()

    def remove_path(self) -> None:
        """Remove the server's socket path, unless another server has taken it over."""
        if _identity(self.path) == self._path_is_ours:
            os.unlink(self.path)

    def _listen_again(self) -> None:
        self._selector.register(self.listener, READ)

    def _until_next_timer(self) -> "float | None":
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None


def host_and_port(address: str, schemes: "tuple[str, ...]") -> "tuple[str, str, int]":
    """Return the parts of an address of one of these schemes; ValueError for any other."""
    scheme, _, place = address.partition("://")
    host, _, port = place.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        host = ""  # IPv6 needs brackets
    known = scheme in schemes and host and port.isascii() and port.isdigit()
    if not known or int(port) > 65535:
        raise ValueError(f"{address!r} is not a valid address")
    return scheme, host, int(port)


def _identity(path: str) -> "tuple[int, int] | None":
    """Return a file's identity, even if another file gets its name; None if it does not exist."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
