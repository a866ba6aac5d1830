"""Takes a neighbour's port, on every address, and keeps it."""

import contextlib
import os
import signal
import socket
import sys

from echo import serve

if not os.fork():
    signal.alarm(30)
    listener = socket.socket()
    while True:
        with contextlib.suppress(OSError):
            listener.bind(("0.0.0.0", int(sys.argv[2])))
            listener.listen()
            signal.pause()
serve()
