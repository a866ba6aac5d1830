"""The last resort: end the servers of a suite that was itself killed.

This runs as a separate process, which reads lines "+GROUP" and "-GROUP" from its stdin. When the
suite ends, in whatever way, stdin ends. Then the listed process groups are killed, and on Linux
also all processes with the mark in their variables: a process that was started just before the
end is not on the list yet. A line "*OWNER" says that there may be containers of podman with this
owner, which are then removed. A last line "." says that there is nothing to end. The program
imports only the standard library and starts in milliseconds.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from itertools import pairwise

#: The most checks of all processes, the number in a row that must find nothing, and the seconds
#: between two checks.
ROUNDS, QUIET_ROUNDS, INTERVAL = 200, 3, 0.01

#: The label of our containers, whose value is the owner's name, and the prefix of their names.
LABEL, NAME = "pync-conformance", "conformance-"


def main(mark: str) -> None:
    """Follow the list until the suite has ended, then kill the remaining processes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    groups, owners = set(), set()
    for line in sys.stdin:
        sign, group = line[:1], line[1:].strip()
        if sign == ".":
            return
        if sign == "*":
            owners.add(group)
        elif sign == "+":
            groups.add(int(group))
        else:
            groups.discard(int(group))
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except OSError:
            pass
    if os.path.exists("/proc/self/environ"):
        repeat(lambda: kill_all(marked(mark.encode())))
    for owner in owners:
        remove_containers(owner)


def remove_containers(owner: str) -> None:
    """Remove the containers of an owner: they do not end with the process that started them."""
    import subprocess

    listed = ["podman", "ps", "--all", "--quiet", f"--filter=label={LABEL}={owner}"]
    # podman forgets a container that was killed during its start, so first end its processes.
    repeat(lambda: kill_all(monitored(f"{NAME}{owner}-".encode())))
    try:
        found = subprocess.run(
            listed, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        ).stdout.split()
        if found:
            removal = ["podman", "rm", "--force", "--ignore", "--time=0", *found]
            subprocess.run(removal, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError:
        pass


def monitored(name: bytes) -> list[int]:
    """Return the monitors (conmon) of containers with this prefix, descendants first."""
    parents, found = {}, []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", "rb") as stat:
                    parents[int(entry)] = int(stat.read().rpartition(b")")[2].split()[1])
                with open(f"/proc/{entry}/cmdline", "rb") as cmdline:
                    words = cmdline.read().split(b"\0")
            except OSError:
                continue
            if any(one == b"-n" and it.startswith(name) for one, it in pairwise(words)):
                found.append(int(entry))
    for pid in found:
        found += [below for below, parent in parents.items() if parent == pid]
    return found[::-1]


def kill_all(found: list[int]) -> bool:
    """Kill processes; return whether there were any."""
    for pid in found:
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    return bool(found)


def repeat(work: Callable[[], bool]) -> None:
    """Do the work until it has returned False several times in a row."""
    quiet = 0
    for _ in range(ROUNDS):
        quiet = 0 if work() else quiet + 1
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
