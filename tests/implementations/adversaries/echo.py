"""A right echo server, in which the others of this folder do their work; each is bounded.

They start few processes, take little memory and end soon: a test
that fails must not harm the machine that it runs on.
"""

import os
import resource
import signal
import socket
import sys
import threading

#: Bounds of our own.
LIMITS = {
    resource.RLIMIT_DATA: 2 << 30,
    resource.RLIMIT_FSIZE: 64 << 20,
    resource.RLIMIT_CPU: 60,
    resource.RLIMIT_CORE: 0,
}

#: Seconds after which each of them ends, even where it has escaped.
LONGEST = 90

for kind, most in LIMITS.items():
    hard = resource.getrlimit(kind)[1]
    least = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (least, hard))
signal.alarm(LONGEST)


def serve(port: int | None = None) -> None:
    """Echo at the port that the command line names."""
    listener = socket.create_server(("127.0.0.1", port or int(sys.argv[1])), backlog=128)
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=_echo, args=(conn,), daemon=True).start()


def _echo(conn: socket.socket) -> None:
    with conn:
        while data := conn.recv(65536):
            conn.sendall(data)


def parents() -> list[int]:
    """The processes that this one descends from, the nearest first."""
    found, pid = [], os.getppid()
    while pid > 1:
        found.append(pid)
        with open(f"/proc/{pid}/stat") as stat:
            pid = int(stat.read().rpartition(")")[2].split()[1])
    return found


def judges() -> list[int]:
    """Those of them that run the suite: the judge of this server, and nobody else."""
    return [pid for pid in parents() if _is_judge(pid)]


def _is_judge(pid: int) -> bool:
    with open(f"/proc/{pid}/cmdline", "rb") as words:
        return b"alone" in words.read().split(b"\0")
