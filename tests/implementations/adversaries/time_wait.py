"""Leaves connections in TIME_WAIT at its port, so that no server can listen there for a minute."""

import contextlib
import socket
import sys
import threading

import echo  # noqa: F401 - its bounds

PORT = int(sys.argv[1])

#: On this word the server closes first: the end that closes first keeps the port in TIME_WAIT.
LEAVE = b"\0leave"


def answer(conn: socket.socket) -> None:
    """Echo everything except the word on which we close."""
    with conn:
        while (data := conn.recv(65536)) and data != LEAVE:
            conn.sendall(data)


def hold() -> None:
    """Connect to ourselves, and let the server close first."""
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", PORT)) as one:
            one.sendall(LEAVE)
            one.recv(1)


listener = socket.create_server(("127.0.0.1", PORT), backlog=128)
threading.Thread(target=hold, daemon=True).start()
while True:
    threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()
