"""How to write a socket server that survives its clients: one loop, no blocking call.

What a right server minds, and where it stands here:

- intake stops while a client does not take its output (Connection.wants);
- the client's FIN is an end of input, not of the conversation: what is pending is
  sent, then our FIN (Connection.finish);
- FIN and not RST at the end: unread input at close() would send RST (RFC 1122
  4.2.2.13), so input is read and dropped until the client ends too (LINGER);
- a client's RST may show in accept, read, write or shutdown, and ends that connection
  only (Connection.dropped);
- out of descriptors in accept is no reason to spin or to die (Server.accept);
- every descriptor is closed on every path, and a Unix path is removed at the end.
"""

import errno
import heapq
import os
import selectors
import socket
import stat
import time

from .connection import READ, Connection


class Server:
    """Listens, accepts and waits.

    Arguments:
        address: ``tcp://HOST:PORT`` or ``unix:PATH``.
        service: what each client gets.
        settings: the texts of the service.
    Raises OSError when it cannot listen there, ValueError for a strange address.
    """

    backlog = 511

    def __init__(
        self, address: str, service: "type[Connection]", settings: "dict[str, bytes]"
    ) -> None:
        self.service = service
        self.settings = settings
        self.connections: set[Connection] = set()
        self.path = address[len("unix:") :] if address.startswith("unix:") else ""
        self.listener = self.listen(address)
        self.listener.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self.listener, READ)
        self._timers: list[tuple[float, int, object]] = []

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_details: object) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """Where it listens, as a client would write it."""
        if self.path:
            return f"unix:{self.path}"
        host, port = self.listener.getsockname()[:2]
        return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"

    def run(self) -> None:
        """Serve; ends with an exception only (SIGTERM raises SystemExit)."""
        while True:
            for key, events in self._selector.select(self._until_next_timer()):
                if key.fileobj is self.listener:
                    self.accept()
                elif key.data.open:
                    key.data.ready(events)
            now = time.monotonic()
            while self._timers and self._timers[0][0] <= now:
                callback = heapq.heappop(self._timers)[2]
                callback()  # type: ignore[operator]

    def accept(self) -> None:
        """Take the clients that wait, at most as many as the backlog holds."""
        for _ in range(self.backlog):
            try:
                sock, _ = self.listener.accept()
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

    def serve(self, sock: socket.socket) -> None:
        """Begin with a client."""
        sock.setblocking(False)
        if not self.path:
            try:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError:
                pass  # reset before it was accepted: the first read says so
        connection = self.service(self, sock)
        self.connections.add(connection)
        self._selector.register(sock, READ, connection)
        connection.begin()

    def listen(self, address: str) -> socket.socket:
        """The listening socket."""
        if self.path:
            self.clear_path()
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(self.path)
        else:
            host, _, port = address[len("tcp://") :].rpartition(":")
            if not address.startswith("tcp://") or not port.isdigit():
                raise ValueError(f"{address!r} is no address")
            host = host.strip("[]")
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            listener = socket.socket(family, socket.SOCK_STREAM)
            # A restart must not wait for the last connections to leave TIME_WAIT.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, int(port)))
        listener.listen(self.backlog)
        return listener

    def clear_path(self) -> None:
        """Remove a stale socket that a crash left; any other file is not ours."""
        try:
            if not stat.S_ISSOCK(os.lstat(self.path).st_mode):
                raise FileExistsError(errno.EEXIST, "the path exists and is no socket")
        except FileNotFoundError:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(self.path)
            except ConnectionRefusedError:
                os.unlink(self.path)
                return
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))

    def watch(self, connection: Connection, events: int) -> None:
        """Wait for this of a connection; for nothing (0) the socket still tells errors."""
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

    def call_later(self, seconds: float, callback: object) -> None:
        """Call ``callback()`` in ``seconds``."""
        due = time.monotonic() + seconds
        heapq.heappush(self._timers, (due, len(self._timers) + id(callback), callback))

    def status_on_sigterm(self) -> int:
        """The exit status when SIGTERM ends it."""
        return 0

    def stop(self) -> None:
        """Close everything; idempotent."""
        for connection in list(self.connections):
            connection.close()
        self._selector.close()
        self.listener.close()
        if self.path:
            self.remove_path()

    def remove_path(self) -> None:
        """Remove our own socket path."""
        try:
            os.unlink(self.path)
        except FileNotFoundError:
            pass

    def _listen_again(self) -> None:
        self._selector.register(self.listener, READ)

    def _until_next_timer(self) -> "float | None":
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None
