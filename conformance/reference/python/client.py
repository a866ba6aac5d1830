"""A right client for client-echo (SPEC 13), as a command.

    python client.py HOST PORT [key=value ...]

What a right client minds: the terminal and the server are listened to at the same time; a ^C
sets a flag and wakes the loop; the end of its own side is FIN, after which it reads to the
server's end, because closing with unread input would be an RST; an error is one line on
stderr and a status.
"""

import os
import selectors
import signal
import socket
import sys
from importlib.machinery import ModuleSpec

if __name__ == "__main__":
    # Started as a file, with -I -S: Python knows the standard library only, and no package.
    # Four folders up is the one that the suite's package is in, whatever its name.
    _AT = os.path.abspath(__file__).split(os.sep)
    sys.path.insert(0, os.sep.join(_AT[:-4]))
    __spec__ = ModuleSpec(".".join([*_AT[-4:-1], "__main__"]), None)

from .command import settings_of
from .service import Service

#: Seconds that the server may take to end after we have.
LINGER = 2.0


class Client(Service):
    """A person's line to a server."""

    defaults = {"leave": b"exit", "goodbye": b"good bye", "interrupted": b"terminated"}

    def __init__(self, settings: "dict[str, bytes]") -> None:
        self.settings = settings
        self.typed = b""
        self.leaving = False
        self.over = False
        self.status = 0

    def connect(self, host: str, port: int) -> socket.socket:
        """Dial."""
        return socket.create_connection((host, port))

    def run(self, host: str, port: int) -> int:
        """Talk until either side ends; returns the exit status."""
        waking, wake = socket.socketpair()
        wake.setblocking(False)
        with waking, wake, selectors.DefaultSelector() as selector:
            # An exception could strike anywhere; a byte arrives in order.
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
        """Serve whatever happens."""
        while not self.over:
            ready = selector.select(LINGER if self.leaving else None)
            if not ready:
                return  # the server does not end; we have
            for key, _ in ready:
                if self.leaving and key.fileobj is not self.sock:
                    selector.unregister(key.fileobj)
                else:
                    key.data()

    # What happens.

    def on_socket(self) -> None:
        """The server has sent something, or ended."""
        data = self.sock.recv(65536)
        if data:
            self.received(data)
        else:
            self.ended()

    def on_keyboard(self) -> None:
        """A line was typed, or ^D."""
        data = os.read(0, 65536)
        if not data:
            self.finish()
            return
        *lines, self.typed = (self.typed + data).split(b"\n")
        for line in lines:
            if not self.leaving:
                self.line(line)

    def received(self, data: bytes) -> None:
        """Show it."""
        self.show(data)

    def ended(self) -> None:
        """The server has ended."""
        self.over = True

    def line(self, line: bytes) -> None:
        """Send a typed line, or the good bye."""
        if line == self.settings["leave"]:
            self.leave(self.settings["goodbye"])
        else:
            self.send(line + b"\n")

    def interrupted(self) -> None:
        """^C."""
        self.leave(self.settings["interrupted"])

    def leave(self, word: bytes) -> None:
        """Say a last word, and end."""
        self.send(word)
        self.finish()

    def failed(self, error: OSError) -> None:
        """The connection broke, or never was."""
        print(f"client: {error.strerror or error}", file=sys.stderr, flush=True)
        self.status = 1

    # How.

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self.sock.sendall(data)

    def finish(self) -> None:
        """End our side; the server's is awaited."""
        self.leaving = True
        self.sock.shutdown(socket.SHUT_WR)

    def show(self, data: bytes) -> None:
        """Put it on the screen, now."""
        while data:
            data = data[os.write(1, data) :]


def main(argv: "list[str]", client: "type[Client]") -> int:
    """Run a client; returns its exit status: 1 an error of the connection, 2 usage."""
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
