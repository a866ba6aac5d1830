"""Moves from its own control group to that of its judge; then starts many processes."""

import contextlib
import os
import signal
from pathlib import Path

import echo  # noqa: F401 - its bounds
from loot import keep

for line in Path("/proc/self/cgroup").read_text().splitlines():
    _, names, path = line.split(":", 2)
    parent, name = os.path.split(path)
    if not name.startswith("conformance-"):
        continue
    for mount in (names, "unified", ""):
        at = Path("/sys/fs/cgroup", mount, parent.lstrip("/"), "cgroup.procs")
        with contextlib.suppress(OSError), at.open("r+") as procs:
            procs.write("0")
            procs.flush()
            keep(f"entered {at}")
for _ in range(80):
    with contextlib.suppress(OSError):
        if not os.fork():
            signal.alarm(30)
            signal.pause()
            os._exit(0)
signal.alarm(30)
signal.pause()
