"""A correct client for client-echo (SPEC 13), as a command.

    python client.py HOST PORT [key=value ...]

A correct client reads from the terminal and the server at the same time. A ^C sets a flag and
wakes the loop. The client ends its own side with FIN and then reads to the server's end, because
closing with unread input would send RST. An error is one line on stderr and an exit status.
"""

import os
import selectors
import signal
import socket
import sys
from importlib.machinery import ModuleSpec

if __name__ == "__main__":
    # The file was started with -I -S, so Python finds only the standard library, and no package.
    # The folder that contains the suite's package, whatever its name, is four levels up.
    _AT = os.path.abspath(__file__).split(os.sep)
    sys.path.insert(0, os.sep.join(_AT[:-4]))
    __spec__ = ModuleSpec(".".join([*_AT[-4:-1], "__main__"]), None)

from .command import settings_of
from .service import Service

#: Seconds that the server may take to end after the client's end.
LINGER = 2.0


class Client(Service):
    """A person's connection to a server."""

    defaults = {"leave": b"exit", "goodbye": b"good bye", "interrupted": b"terminated"}

    def __init__(self, settings: "dict[str, bytes]") -> None:
        self.settings = settings
        self.typed = b""
        self.leaving = False
        self.over = False
        self.status = 0

    def connect(self, host: str, port: int) -> socket.socket:
        """Return a connection to the server."""
        return socket.create_connection((host, port))

    def run(self, host: str, port: int) -> int:
        """Talk until one side ends, and return the exit status."""
        waking, wake = socket.socketpair()
        wake.setblocking(False)
        with waking, wake, selectors.DefaultSelector() as selector:
            # A signal handler's exception could be raised anywhere; a byte is handled in order.
            signal.signal(signal.SIGINT, lambda _number, _frame: None)
            signal.set_wakeup_fd(wake.fileno())
            try:
                with self.connect(host, port) as self.sock:
                    selector.register(self.sock, selectors.EVENT_READ, self.on_socket)
                    selector.register(0, selectors.EVENT_READ, self.on_keyboard)
                    selector.register(waking, selectors.EVENT_READ, self.interrupted)
                    self.loop(selector)
            except OSError as error:
                self.failed(error)
        return self.status

    def loop(self, selector: selectors.BaseSelector) -> None:
        """Handle events until the end."""
        while not self.over:
            ready = selector.select(LINGER if self.leaving else None)
            if not ready:
                return  # the client has ended, but the server does not
            for key, _ in ready:
                if self.leaving and key.fileobj is not self.sock:
                    selector.unregister(key.fileobj)
                else:
                    key.data()

    # Events.

    def on_socket(self) -> None:
        """Handle data from the server, or its end."""
        data = self.sock.recv(65536)
        if data:
            self.received(data)
        else:
            self.ended()

    def on_keyboard(self) -> None:
        """Handle typed input, or ^D."""
        data = os.read(0, 65536)
        if not data:
            self.finish()
            return
        *lines, self.typed = (self.typed + data).split(b"\n")
        for line in lines:
            if not self.leaving:
                self.line(line)

    def received(self, data: bytes) -> None:
        """Show received data."""
        self.show(data)

    def ended(self) -> None:
        """Handle the server's end."""
        self.over = True

    def line(self, line: bytes) -> None:
        """Send a typed line, or say goodbye."""
        if line == self.settings["leave"]:
            self.leave(self.settings["goodbye"])
        else:
            self.send(line + b"\n")

    def interrupted(self) -> None:
        """Handle ^C."""
        self.leave(self.settings["interrupted"])

    def leave(self, word: bytes) -> None:
        """Send a last word, and end the client's side."""
        self.send(word)
        self.finish()

    def failed(self, error: OSError) -> None:
        """Report that the connection failed or could not be made."""
        print(f"client: {error.strerror or error}", file=sys.stderr, flush=True)
        self.status = 1

    # Helpers.

    def send(self, data: bytes) -> None:
        """Send all data."""
        self.sock.sendall(data)

    def finish(self) -> None:
        """End the client's side; the loop then waits for the server's end."""
        self.leaving = True
        self.sock.shutdown(socket.SHUT_WR)

    def show(self, data: bytes) -> None:
        """Write all data to the screen at once."""
        while data:
            data = data[os.write(1, data) :]


def main(argv: "list[str]", client: "type[Client]") -> int:
    """Run a client; return its exit status: 1 for an error of the connection, 2 for usage."""
    try:
        if len(argv) < 2 or not argv[1].isdigit():
            raise ValueError("usage: client.py HOST PORT [key=value ...]")
        settings = settings_of("client-echo", client, argv[2:])
    except ValueError as error:
        print(f"client: {error}", file=sys.stderr)
        return 2
    return client(settings).run(argv[0], int(argv[1]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Client))
