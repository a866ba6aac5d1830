"""Looks for the seed: in every environment and command line, and in its judge's memory."""

import contextlib
import os
import sys

from echo import judges, serve
from loot import keep

SEED = b"4242424242"

for entry in filter(str.isdigit, os.listdir("/proc")):
    for name in ("environ", "cmdline"):
        with contextlib.suppress(OSError), open(f"/proc/{entry}/{name}", "rb") as file:
            # The test has given the seed to the controlling process on its command line.
            words = file.read().split(b"\0")
            if SEED in words or any(SEED in one and b"--seed" not in one for one in words):
                keep(f"{entry} {name}")
for judge in judges():
    with contextlib.suppress(OSError), open(f"/proc/{judge}/maps") as maps:
        for line in maps:
            start, end = (int(one, 16) for one in line.split()[0].split("-"))
            with contextlib.suppress(OSError, ValueError), open(f"/proc/{judge}/mem", "rb") as mem:
                mem.seek(start)
                if "rw" in line and SEED in mem.read(min(end - start, 1 << 24)):
                    keep(f"{judge} memory")
                    break
sys.argv = sys.argv[:2]
serve()
