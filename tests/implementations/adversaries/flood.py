"""Writes a gigabyte without a newline to stdout while it serves."""

import os
import threading

from echo import serve


def flood() -> None:
    """Write it."""
    for _ in range(1 << 14):
        os.write(1, b"x" * (1 << 16))


threading.Thread(target=flood, daemon=True).start()
serve()
