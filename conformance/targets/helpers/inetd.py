"""A small inetd: it starts one process for each connection, as its stdin and stdout.

It is a separate program (python inetd.py ADDRESS COMMAND...), so that it is started, watched
and ended like any server. It announces where it listens, and knows nothing about the suite.
"""

import errno
import os
import socket
import subprocess
import sys
import time

#: The most connections that may wait while a process is started.
BACKLOG = 512

#: The most processes at once; more would overload the machine.
MOST = 512

#: What a system may be short of for a moment, and the seconds between the attempts to start a
#: process then. The error is not the command's. (This program does not import core/system.py.)
SHORT = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)
PAUSES = (0.1, 0.5, 2.0)


def main(address: str, command: list[str]) -> None:
    """Serve until a signal ends this process."""
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
    pauses = iter(PAUSES)
    while True:
        try:
            # The command inherits stderr: a verdict quotes its last lines.
            return subprocess.Popen(command, stdin=conn.fileno(), stdout=conn.fileno())
        except OSError as error:
            pause = next(pauses, None)
            if error.errno not in SHORT or pause is None:
                raise
        time.sleep(pause)


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
    # Close the suite's own descriptors: the server must not have them.
    os.closerange(3, 1024)
    main(sys.argv[1], sys.argv[2:])
