"""Fills the disk: up to 400 MiB in its folder, and as much in each folder for temporary files."""

import contextlib
import os
import signal

signal.alarm(60)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for folder in (".", "/tmp", "/var/tmp", "/dev/shm"):
    names = [os.path.join(folder, f"conformance-adversary-{number}") for number in range(40)]
    with contextlib.suppress(OSError):
        for name in names:
            with open(name, "wb") as file:
                file.write(b"x" * (10 << 20))
    if folder != ".":
        for name in names:
            with contextlib.suppress(OSError):
                os.unlink(name)
signal.pause()
