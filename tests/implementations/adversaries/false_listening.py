"""Announces a neighbour's address as its own."""

import signal
import sys

print(f"LISTENING tcp://127.0.0.1:{sys.argv[1]}", flush=True)
signal.alarm(60)
signal.pause()
