"""A small inetd: one process for each connection, which is its stdin and its stdout.

A program of its own (python inetd.py ADDRESS COMMAND...), so that it is started, watched
and ended like any server. It announces where it listens, and knows nothing of the suite.
"""

import os
import socket
import subprocess
import sys

#: Connections that may wait while a process is started.
BACKLOG = 512

#: Processes at once; more would be the machine's end, not the server's.
MOST = 512


def main(address: str, command: list[str]) -> None:
    """Serve until a signal ends it."""
    with _listening(address) as listener:
        print(f"LISTENING {_shown(listener)}", flush=True)
        children: list[subprocess.Popen[bytes]] = []
        while True:
            conn, _ = listener.accept()
            children = [child for child in children if child.poll() is None]
            with conn:
                if len(children) < MOST:
                    children.append(_serve(conn, command))


def _serve(conn: socket.socket, command: list[str]) -> "subprocess.Popen[bytes]":
    # Its stderr is ours: a verdict quotes the last lines of it.
    return subprocess.Popen(command, stdin=conn.fileno(), stdout=conn.fileno())


def _listening(address: str) -> socket.socket:
    scheme, _, rest = address.partition(":")
    if scheme == "unix":
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(rest)
    else:
        host, _, port = rest.removeprefix("//").rpartition(":")
        family = socket.AF_INET6 if "[" in host else socket.AF_INET
        sock = socket.socket(family)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host.strip("[]"), int(port)))
    sock.listen(BACKLOG)
    return sock


def _shown(listener: socket.socket) -> str:
    name = listener.getsockname()
    if isinstance(name, str):
        return f"unix:{name}"
    host = f"[{name[0]}]" if ":" in name[0] else name[0]
    return f"tcp://{host}:{name[1]}"


if __name__ == "__main__":
    # The suite's own descriptors are not the server's business.
    os.closerange(3, 1024)
    main(sys.argv[1], sys.argv[2:])
