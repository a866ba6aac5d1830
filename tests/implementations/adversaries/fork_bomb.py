"""Starts processes that start processes; at most 300 of them."""

import contextlib
import os
import signal

from echo import serve

signal.signal(signal.SIGTERM, signal.SIG_IGN)
with contextlib.suppress(OSError):
    for _ in range(15):
        if not os.fork():
            os.setsid()
            for _ in range(19):
                if not os.fork():
                    break
            signal.alarm(30)
            while True:
                signal.pause()
serve()
