"""A thread that turns a descriptor which cannot be selected into one end of a socketpair.

Only where there is no other way: Windows selects sockets and nothing else. Loaded
lazily, because threading costs start-up time.
"""

from __future__ import annotations

import os
import socket
import threading

#: Bytes of one read.
READ = 64 * 1024


def pump(descriptor: int) -> socket.socket:
    """A socket that receives what is read from the descriptor, then EOF.

    The thread reads ahead by what the socketpair holds; it is a daemon, because a read
    of a console cannot be called off.

    Arguments:
        descriptor: to read from; it stays open.
    """
    inner, outer = socket.socketpair()

    def run() -> None:
        with inner:
            try:
                while data := os.read(descriptor, READ):
                    inner.sendall(data)
            except OSError:
                # Either the input broke, which for a console or pipe is its end, or
                # nobody listens any more.
                pass

    threading.Thread(target=run, name="pump", daemon=True).start()
    return outer
