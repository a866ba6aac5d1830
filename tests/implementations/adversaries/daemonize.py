"""Leaves processes behind: in other sessions, without a parent, with an empty environment."""

import os
import sys

from echo import serve

WAITS = "import signal; signal.signal(15, signal.SIG_IGN); signal.alarm(90); signal.pause()"

for _ in range(3):
    if not os.fork():
        os.setsid()
        if not os.fork():
            os.setsid()
            os.execve(sys.executable, [sys.executable, "-c", WAITS, *sys.argv[2:]], {})
        os._exit(0)
    os.wait()
serve()
