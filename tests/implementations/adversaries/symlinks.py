"""Creates symbolic links where its report will be written, so that another file is overwritten."""

import contextlib
import os
import sys

from echo import serve

report, victim = sys.argv[2:4]
for name in ("results.jsonl", "matrix.html", "junit.xml"):
    with contextlib.suppress(OSError):
        os.symlink(victim, name)
with contextlib.suppress(OSError):
    os.symlink(victim, os.path.join(report, "matrix.html"))
with contextlib.suppress(OSError):
    os.makedirs(victim + ".d", exist_ok=True)
    os.symlink(victim + ".d", os.path.join(report, "symlinks"))
serve()
