"""Command lines of the peers for listening and connecting: one table row per program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def family(host: str) -> str:
    """socat's number for the address family of a host."""
    return "6" if ":" in host else "4"


def bare(host: str) -> str:
    """socat's spelling of a host."""
    return f"[{host}]" if ":" in host else host


#: Peer -> its arguments to listen on, and to connect to, a TCP port of HOST. nc needs -N to
#: send FIN at its end of input; without -t, socat limits the other direction to half a second.
LISTENS: dict[str, Callable[[str, int], list[str]]] = {
    "nc": lambda host, port: ["-N", "-l", host, str(port)],
    "ncat": lambda host, port: ["-l", host, str(port)],
    "socat": lambda host, port: ["-t30", "-", f"TCP{family(host)}-LISTEN:{port},bind={bare(host)}"],
}
CONNECTS: dict[str, Callable[[str, int], list[str]]] = {
    "nc": lambda host, port: ["-N", host, str(port)],
    "ncat": lambda host, port: [host, str(port)],
    "socat": lambda host, port: ["-t30", "-", f"TCP{family(host)}:{bare(host)}:{port}"],
}

#: The same for a Unix stream socket.
LISTENS_AT_PATH: dict[str, Callable[[Path], list[str]]] = {
    "nc": lambda path: ["-N", "-lU", str(path)],
    "ncat": lambda path: ["-lU", str(path)],
    "socat": lambda path: ["-t30", "-", f"UNIX-LISTEN:{path}"],
}
CONNECTS_TO_PATH: dict[str, Callable[[Path], list[str]]] = {
    "nc": lambda path: ["-N", "-U", str(path)],
    "ncat": lambda path: ["-U", str(path)],
    "socat": lambda path: ["-t30", "-", f"UNIX-CONNECT:{path}"],
}

#: The same for a UDP port.
RECEIVES: dict[str, Callable[[str, int], list[str]]] = {
    "nc": lambda host, port: ["-u", "-l", host, str(port)],
    "ncat": lambda host, port: ["-u", "-l", host, str(port)],
    "socat": lambda host, port: [
        "-b16384",
        "-",
        f"UDP{family(host)}-LISTEN:{port},bind={bare(host)}",
    ],
}
SENDS: dict[str, Callable[[str, int], list[str]]] = {
    "nc": lambda host, port: ["-u", host, str(port)],
    "ncat": lambda host, port: ["-u", host, str(port)],
    "socat": lambda host, port: ["-b16384", "-", f"UDP{family(host)}:{bare(host)}:{port}"],
}

#: The same for a Unix datagram socket at a path; a sender needs its own path to get answers.
RECEIVES_AT_PATH: dict[str, Callable[[Path], list[str]]] = {
    "nc": lambda path: ["-luU", str(path)],
    "socat": lambda path: ["-b16384", "-", f"UNIX-RECVFROM:{path}"],
}
SENDS_TO_PATH: dict[str, Callable[[Path, Path], list[str]]] = {
    "nc": lambda path, own: ["-uU", "-s", str(own), str(path)],
    "socat": lambda path, own: ["-b16384", "-", f"UNIX-SENDTO:{path},bind={own}"],
}
