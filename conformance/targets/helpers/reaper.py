"""The last resort: ends the process groups of a suite that was itself killed.

Runs as a process of its own, fed with "+GROUP" and "-GROUP" lines on its stdin. When
the suite goes, however it goes, stdin ends, and what is still listed is killed. It
imports nothing but the standard library and starts in milliseconds.
"""

import os
import signal
import sys


def main() -> None:
    """Follow the list until the suite is gone, then kill what is left on it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    groups = set()
    for line in sys.stdin:
        sign, group = line[:1], int(line[1:])
        if sign == "+":
            groups.add(group)
        else:
            groups.discard(group)
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except OSError:
            pass


if __name__ == "__main__":
    main()
