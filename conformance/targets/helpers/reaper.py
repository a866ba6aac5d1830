"""The last resort: ends the servers of a suite that was itself killed.

Runs as a process of its own, fed with "+GROUP" and "-GROUP" lines on its stdin. When the suite
goes, however it goes, stdin ends. Then the listed process groups are killed, and on Linux all
that has the mark in its variables: what was started a moment before the end is on no list yet.
A last line "." says that there is nothing to end. It imports nothing but the standard library
and starts in milliseconds.
"""

import os
import signal
import sys
import time

#: Looks at all processes: at most, and how many in a row must find nothing. Seconds between two.
ROUNDS, QUIET_ROUNDS, INTERVAL = 200, 3, 0.01


def main(mark: str) -> None:
    """Follow the list until the suite is gone, then kill what is left."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    groups = set()
    for line in sys.stdin:
        sign, group = line[:1], line[1:].strip()
        if sign == ".":
            return
        if sign == "+":
            groups.add(int(group))
        else:
            groups.discard(int(group))
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except OSError:
            pass
    if os.path.exists("/proc/self/environ"):
        kill_marked(mark.encode())


def kill_marked(mark: bytes) -> None:
    """Kill every process that has the mark in its variables, until there is none."""
    quiet = 0
    for _ in range(ROUNDS):
        found = marked(mark)
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        quiet = 0 if found else quiet + 1
        if quiet == QUIET_ROUNDS:
            return
        # A process has no variables for a moment while it is executed (execve(2)).
        time.sleep(INTERVAL)


def marked(mark: bytes) -> list[int]:
    """The processes with this mark in their variables."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/environ", "rb") as variables:
                    if mark in variables.read():
                        found.append(int(entry))
            except OSError:
                pass
    return found


if __name__ == "__main__":
    main(sys.argv[1])
