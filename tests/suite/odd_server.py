"""A server with everything that makes a recording difficult.

    python odd_server.py PORT

It sends long answers, a prompt for a secret, an identifier, the time, and RST at the end.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import struct
import sys
import time

ABORT = struct.pack("ii", 1, 0) if sys.platform != "win32" else struct.pack("hh", 1, 0)


def answer(line: bytes) -> bytes:
    if line == b"list\n":
        return b"".join(b"item %d\n" % number for number in range(2000)) + b".\n"
    if line == b"login\n":
        return b"Password: "
    if line == b"key\n":
        return b"key %s\n" % (secrets.token_hex(7) + "a1").encode()
    if line == b"time\n":
        return time.strftime("%a, %d %b %Y %H:%M:%S +0000\n").encode()
    if line == b"reset\n":
        return b"bye\n"
    return b"welcome, " + line


def serve(sock: socket.socket) -> None:
    for line in sock.makefile("rb"):
        sock.sendall(answer(line))
        if line == b"reset\n":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
            return


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
        while True:
            client, _ = listener.accept()
            with contextlib.suppress(OSError), client:
                serve(client)
