"""Uses 800 MiB of memory in total, in several processes that use little each."""

import os
import signal

for _ in range(8):
    if not os.fork():
        taken = b"x" * (100 << 20)
        signal.alarm(30)
        signal.pause()
signal.alarm(30)
signal.pause()
