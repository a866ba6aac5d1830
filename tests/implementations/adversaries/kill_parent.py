"""Kills its judge, found by getppid(2)."""

import os
import signal

from echo import judges

for judge in judges():
    os.kill(judge, signal.SIGKILL)
signal.pause()
