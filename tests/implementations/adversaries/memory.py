"""Takes memory in several processes, none of which takes much; 800 MiB in all."""

import os
import signal

for _ in range(8):
    if not os.fork():
        taken = b"x" * (100 << 20)
        signal.alarm(30)
        signal.pause()
signal.alarm(30)
signal.pause()
