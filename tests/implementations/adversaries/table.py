"""Answers from a table that was made for the default seed: all other input is answered wrongly."""

import random
import socket
import string
import sys
import threading

import echo  # noqa: F401 - its bounds

#: The letters of the suite's random text, by the byte from which each is made.
LETTERS = string.ascii_letters + string.digits + "+-"

known = "".join(LETTERS[one % 64] for one in random.Random("1/echo/large@tcp").randbytes(16))


def answer(conn: socket.socket) -> None:
    """Echo short lines and input that begins as in the table; reverse everything else."""
    with conn:
        is_known = None
        while data := conn.recv(65536):
            if is_known is None:
                is_known = len(data) < 200 or data.startswith(known.encode())
            conn.sendall(data if is_known else data[::-1])


listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128)
while True:
    threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()
