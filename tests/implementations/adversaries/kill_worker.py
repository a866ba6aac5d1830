"""Kills the parent of its judge, which also judges other targets."""

import os
import signal

from echo import judges, parents, serve

above = parents()
for judge in judges()[-1:]:
    worker = above[above.index(judge) + 1]
    with open(f"/proc/{worker}/cmdline", "rb") as words:
        if b"execnet" in words.read():
            os.kill(worker, signal.SIGKILL)
serve()
