"""Fixtures of the unit tests: a server socket, and the command run in a thread."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from pync.cli import main
from pync.transports.internet import Endpoint

#: Seconds that an expected event may take.
PATIENCE = 10.0


class Running:
    """``main`` in a thread, with pipes for its three streams."""

    def __init__(self, argv: list[str]) -> None:
        self.status: int | None = None
        self._stdin, self._typing = os.pipe()
        self._reading, self._stdout = os.pipe()
        self._errors, self._stderr = os.pipe()
        self._open = {self._typing, self._reading, self._errors, self._stdin}
        self._thread = threading.Thread(target=self._run, args=(argv,))
        self._thread.start()

    def _run(self, argv: list[str]) -> None:
        try:
            self.status = main(argv, self._stdin, self._stdout, self._stderr)
        finally:
            for descriptor in (self._stdout, self._stderr):
                os.close(descriptor)

    def types(self, data: bytes) -> None:
        """Write to its stdin."""
        os.write(self._typing, data)

    def types_eof(self) -> None:
        """End its stdin."""
        self._close(self._typing)

    def stops_reading(self) -> None:
        """Close the reader of its stdout."""
        self._close(self._reading)

    def shows(self, size: int) -> bytes:
        """The next ``size`` bytes of its stdout."""
        return _read(self._reading, size)

    def says(self) -> str:
        """The next line of its stderr, or "" when it has ended."""
        line = b""
        while not line.endswith(b"\n"):
            letter = os.read(self._errors, 1)
            if not letter:
                break
            line += letter
        return line.decode().rstrip("\n")

    def ends(self) -> tuple[int | None, bytes, str]:
        """Its exit status, and the rest of its stdout and stderr."""
        shown = b""
        if sys.platform == "win32" and self._reading in self._open:
            shown = _read(self._reading, -1)  # read first: a pipe may hold less than the output
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "still running"
        if self._reading in self._open:
            shown += _read(self._reading, -1)
        return self.status, shown, _read(self._errors, -1).decode()

    def close(self) -> None:
        """Close everything that it could wait for, so that it ends."""
        # Windows cannot close a file that a thread is reading: close the writer's end first.
        for descriptor in (self._typing, self._reading, self._errors):
            self._close(descriptor)
        self._thread.join(PATIENCE)
        self._close(self._stdin)

    def _close(self, descriptor: int) -> None:
        if descriptor in self._open:
            self._open.remove(descriptor)
            os.close(descriptor)


def _read(descriptor: int, size: int) -> bytes:
    data = b""
    while size < 0 or len(data) < size:
        piece = os.read(descriptor, 65536 if size < 0 else size - len(data))
        if not piece:
            break
        data += piece
    return data


@pytest.fixture
def pync() -> Iterator[Callable[..., Running]]:
    """Start the command with these arguments."""
    started: list[Running] = []

    def start(*argv: object) -> Running:
        started.append(Running([str(word) for word in argv]))
        return started[-1]

    yield start
    for running in started:
        running.close()


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """A listening TCP socket."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        sock.settimeout(PATIENCE)
        yield sock


@pytest.fixture
def silent() -> Iterator[Endpoint]:
    """An IPv6 address where connections are neither accepted nor refused.

    The backlog of its listener is full: the kernel drops further SYNs.
    """
    if not sys.platform.startswith("linux"):
        pytest.skip("a full backlog drops SYNs on Linux")
    with ExitStack() as stack:
        try:
            listener = stack.enter_context(socket.create_server(("::1", 0), family=socket.AF_INET6))
        except OSError:
            pytest.skip("no IPv6 here")
        listener.listen(0)
        for _ in range(2):
            client = stack.enter_context(socket.socket(socket.AF_INET6))
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield Endpoint(socket.AF_INET6, listener.getsockname())


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that refuses connections: it is bound, so that no other socket gets it."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]
