"""A correct echo server, which the attacks in this folder use; each attack is limited.

They start few processes, use little memory and end soon: a failing test must not harm its
machine.
"""

import os
import resource
import signal
import socket
import sys
import threading

#: The limits of each attack.
LIMITS = {
    resource.RLIMIT_DATA: 2 << 30,
    resource.RLIMIT_FSIZE: 64 << 20,
    resource.RLIMIT_CPU: 60,
    resource.RLIMIT_CORE: 0,
}

#: Seconds after which each attack ends, even if it has escaped.
LONGEST = 90

for kind, most in LIMITS.items():
    hard = resource.getrlimit(kind)[1]
    least = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (least, hard))
signal.alarm(LONGEST)


def serve(port: int | None = None) -> None:
    """Run the echo server at the port on the command line."""
    listener = socket.create_server(("127.0.0.1", port or int(sys.argv[1])), backlog=128)
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=_echo, args=(conn,), daemon=True).start()


def _echo(conn: socket.socket) -> None:
    with conn:
        while data := conn.recv(65536):
            conn.sendall(data)


def parents() -> list[int]:
    """Return the ancestors of this process, the nearest first."""
    found, pid = [], os.getppid()
    while pid > 1:
        found.append(pid)
        with open(f"/proc/{pid}/stat") as stat:
            pid = int(stat.read().rpartition(")")[2].split()[1])
    return found


def judges() -> list[int]:
    """Return the ancestors that run the suite: only the judge of this server."""
    return [pid for pid in parents() if _is_judge(pid)]


def _is_judge(pid: int) -> bool:
    with open(f"/proc/{pid}/cmdline", "rb") as words:
        return b"alone" in words.read().split(b"\0")
