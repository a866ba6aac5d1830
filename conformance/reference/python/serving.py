"""How to write a socket server that survives its clients: one loop, no blocking call.

What a right server minds, and where it stands here:

- intake stops while a client does not take its output (Connection.wants);
- the client's FIN is an end of input, not of the conversation: what is pending is
  sent, then our FIN (Connection.finish);
- FIN and not RST at the end: unread input at close() would send RST (RFC 1122
  4.2.2.13), so input is read and dropped until the client ends too (LINGER);
- a client's RST may show in accept, read, write or shutdown, and ends that connection
  only (Connection.dropped);
- out of descriptors in accept: the server neither spins nor dies (Server.accept);
- a signal sets a flag and wakes the loop; it never throws into the middle of something;
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
if TYPE_CHECKING:  # typing itself would cost start-up time
    import ssl
    from collections.abc import Callable


class Server:
    """Listens, accepts and waits.

    Arguments:
        address: ``tcp://HOST:PORT``, ``tls://HOST:PORT``, ``unix:PATH`` or, on Windows,
            ``pipe:NAME``.
        service: what each client gets, as a Connection.
        settings: the texts of the service.
    Raises OSError when it cannot listen there, ValueError for a strange address.
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
        self._timer_numbers = itertools.count()  # of two that are due together the older first
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
        """Where it listens, as a client would write it."""
        if self.path:
            return f"unix:{self.path}"
        if self.pipe:
            return f"pipe:{self.pipe}"
        host, port = self.listener.getsockname()[:2]
        host = f"[{host}]" if ":" in host else host
        return f"{self.scheme}://{host}:{port}"

    @property
    def wake_fd(self) -> int:
        """A byte that is written here wakes ``run``."""
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
        """Have ``run`` return; may be called from a signal, between any two instructions."""
        # An exception from the signal's function could strike in the middle of the
        # clearing up; a flag cannot. The byte wakes a select() that has just begun.
        self.stopping = True
        try:
            self._wake.send(b"!")
        except OSError:
            pass  # it is awake already, or over

    def is_done(self) -> bool:
        """Whether ``run`` returns now."""
        return self.stopping

    def accept(self) -> None:
        """Take the clients that wait, at most as many as the backlog holds."""
        for _ in range(self.backlog):
            try:
                sock = self._next()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    # Out of descriptors: the others go on, and we look again soon.
                    self._selector.unregister(self.listener)
                    self.call_later(0.1, self._listen_again)
                    return
                continue  # that client has gone; the next may be there
            self.serve(sock)

    def _next(self) -> socket.socket:
        if not self.pipe:
            return self.listener.accept()[0]
        self.listener.recv(1)
        return self._arrivals.pop(0)

    def serve(self, sock: socket.socket) -> None:
        """Begin with a client."""
        sock.setblocking(False)
        if not (self.path or self.pipe):
            try:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:
                pass  # reset before it was accepted: the first read says so
        if self.context is None:
            self.take(sock)
            return
        from .secure import Handshake, TlsSocket

        # It is as much of a socket as a connection uses.
        sealed: socket.socket = TlsSocket(sock, self.context)  # type: ignore[assignment]
        self._enter(Handshake(self, sealed))

    def take(self, sock: socket.socket) -> None:
        """Give a client to the service."""
        assert issubclass(self.service, Connection)
        self._enter(self.service(self, sock))

    def _enter(self, connection: Connection) -> None:
        self.connections.add(connection)
        self._selector.register(connection.sock, READ, connection)
        connection.begin()

    def listen(self, address: str) -> socket.socket:
        """The listening socket."""
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
            # A restart must not wait for the last connections to leave TIME_WAIT.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
        listener.listen(self.backlog)
        return listener

    def _pipe_gate(self) -> socket.socket:
        """What can be read when a client has come to the pipe: a socketpair's end."""
        from ...targets.windows.pipes import Gate

        listener, self._ringing = socket.socketpair()

        def entered(sock: socket.socket) -> None:
            self._arrivals.append(sock)
            self._ringing.send(b"!")

        self._gate = Gate(f"\\\\.\\pipe\\{self.pipe}", entered)
        return listener

    def clear_path(self) -> None:
        """Remove a stale socket that a crash left; any other file is not ours."""
        try:
            if not stat.S_ISSOCK(os.lstat(self.path).st_mode):
                raise FileExistsError(errno.EEXIST, "the path exists and is not a socket")
        except FileNotFoundError:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            # Linux lets connect() wait while the backlog is full: do not wait with it.
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
        """Wait for this of a connection; for 0 not even its reset is seen."""
        registered = self._selector.get_map().get(connection.sock)
        if events and registered is None:
            self._selector.register(connection.sock, events, connection)
        elif events and registered is not None and registered.events != events:
            self._selector.modify(connection.sock, events, connection)
        elif not events and registered is not None:
            self._selector.unregister(connection.sock)

    def forget(self, connection: Connection) -> None:
        """The connection is being closed."""
        self.watch(connection, 0)
        self.connections.discard(connection)

    def call_later(self, seconds: float, callback: "Callable[[], object]") -> None:
        """Call ``callback()`` in ``seconds``."""
        due = time.monotonic() + seconds
        heapq.heappush(self._timers, (due, next(self._timer_numbers), callback))

    def stop(self) -> None:
        """Close everything; idempotent."""
        for connection in list(self.connections):
            connection.close()
        self._selector.close()
        for own in (self.listener, self._waking, self._wake):
            own.close()
        if self.path:
            self.remove_path()

    def remove_path(self) -> None:
        """Remove our socket path, unless another server has taken it over."""
        if _identity(self.path) == self._path_is_ours:
            os.unlink(self.path)

    def _listen_again(self) -> None:
        self._selector.register(self.listener, READ)

    def _until_next_timer(self) -> "float | None":
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None


def host_and_port(address: str, schemes: "tuple[str, ...]") -> "tuple[str, str, int]":
    """The parts of an address of one of these schemes; ValueError for any other."""
    scheme, _, place = address.partition("://")
    host, _, port = place.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        host = ""  # IPv6 needs its brackets
    known = scheme in schemes and host and port.isascii() and port.isdigit()
    if not known or int(port) > 65535:
        raise ValueError(f"{address!r} is not a valid address")
    return scheme, host, int(port)


def _identity(path: str) -> "tuple[int, int] | None":
    """What tells one file from another of the same name; None when there is none."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
