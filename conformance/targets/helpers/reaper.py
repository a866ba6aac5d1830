"""The last resort: end the servers of a suite that was itself killed.

This runs as a separate process, which reads lines "+GROUP" and "-GROUP" from its stdin. When the
suite ends, in whatever way, stdin ends. Then the listed process groups are killed, and on Linux
also all processes with the mark in their variables: a process that was started just before the
end is not on the list yet. A last line "." says that there is nothing to end. The program imports
only the standard library and starts in milliseconds.
"""

import os
import signal
import sys
import time

#: The most checks of all processes, the number in a row that must find nothing, and the seconds
#: between two checks.
ROUNDS, QUIET_ROUNDS, INTERVAL = 200, 3, 0.01


def main(mark: str) -> None:
    """Follow the list until the suite has ended, then kill the remaining processes."""
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
    """Kill every process that has the mark in its variables, until there are none."""
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
        # During execve(2) a process has no variables for a moment.
        time.sleep(INTERVAL)


def marked(mark: bytes) -> list[int]:
    """Return the processes with this mark in their variables."""
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
