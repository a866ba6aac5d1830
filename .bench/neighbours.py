"""How long one client of the HTTP proxy waits beside hostile ones.

Usage:
  neighbours [--hostile=N] [--seconds=S] [KIND]...
  neighbours -h | --help

KIND is chunks (a request in chunks of one byte), pipelined (requests that the proxy answers
itself), heads (of as many lines as a head may have) or none; all of them by default.
The latencies are those of one GET on a connection of its own and of one byte through a tunnel.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

from docopt import docopt

HEAD = b"POST http://127.0.0.1:%d/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"

#: The bytes that a hostile client sends first, and those that it then repeats.
HOSTILE: dict[str, tuple[bytes, bytes]] = {
    "none": (b"", b""),
    "chunks": (HEAD, b"1\r\nx\r\n" * 40000),
    "pipelined": (b"", b"OPTIONS http://h/ HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n\r\n" * 4000),
    "heads": (
        b"",
        b"OPTIONS http://h/ HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n%b\r\n" % (b"a:b\r\n" * 6400),
    ),
}


def _serve(listener: socket.socket, answer: Callable[[socket.socket], None]) -> None:
    while True:
        try:
            conn = listener.accept()[0]
        except OSError:
            return
        threading.Thread(target=_answered, args=(conn, answer), daemon=True).start()


def _answered(conn: socket.socket, answer: Callable[[socket.socket], None]) -> None:
    with conn:
        try:
            answer(conn)
        except OSError:
            pass


def _origin(conn: socket.socket) -> None:
    conn.recv(4096)
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")


def _echo(conn: socket.socket) -> None:
    while data := conn.recv(1):
        conn.sendall(data)


def _drain(conn: socket.socket) -> None:
    while conn.recv(1 << 18):
        pass


def _listening(stack: ExitStack, answer: Callable[[socket.socket], None]) -> int:
    listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=64))
    threading.Thread(target=_serve, args=(listener, answer), daemon=True).start()
    return int(listener.getsockname()[1])


def _annoy(port: int, first: bytes, again: bytes) -> None:
    try:
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.sendall(first)
            threading.Thread(target=_answered, args=(sock, _drain), daemon=True).start()
            while True:
                sock.sendall(again)
    except OSError:
        pass


def main() -> int:
    """Print one line for each kind."""
    given = docopt(__doc__)
    for kind in given["KIND"] or HOSTILE:
        with ExitStack() as stack:
            _measure(kind, int(given["--hostile"] or 8), float(given["--seconds"] or 5), stack)
    return 0


def _measure(kind: str, hostile: int, seconds: float, stack: ExitStack) -> None:
    words = [sys.executable, "-m", "pync", "-lv", "--proxy-type=http", "127.0.0.1", "0"]
    program = stack.enter_context(subprocess.Popen(words, stderr=subprocess.PIPE))
    stack.callback(program.kill)
    assert program.stderr is not None
    port = int(program.stderr.readline().split()[-1])
    threading.Thread(target=program.stderr.read, daemon=True).start()
    origin, echo, sink = (_listening(stack, one) for one in (_origin, _echo, _drain))
    tunnel = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
    tunnel.sendall(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: h\r\n\r\n" % echo)
    tunnel.recv(4096)
    first, again = HOSTILE[kind]
    if kind != "none":
        said = first % sink if first else b""
        for _ in range(hostile):
            threading.Thread(target=_annoy, args=(port, said, again), daemon=True).start()
    gets: list[float] = []
    bytes_: list[float] = []
    began = time.monotonic()
    time.sleep(0.2)
    while time.monotonic() - began < seconds:
        at = time.perf_counter()
        with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
            sock.sendall(b"GET http://127.0.0.1:%d/ HTTP/1.1\r\nHost: h\r\n\r\n" % origin)
            while not sock.recv(4096).endswith(b"hi"):
                pass
        gets.append(time.perf_counter() - at)
        at = time.perf_counter()
        tunnel.sendall(b"x")
        tunnel.recv(1)
        bytes_.append(time.perf_counter() - at)
    shown = ", ".join(
        f"{name} {_spread(times)}" for name, times in (("GET", gets), ("byte", bytes_))
    )
    print(f"{kind:10} {hostile if kind != 'none' else 0} hostile: {shown}", flush=True)


def _spread(times: list[float]) -> str:
    ordered = sorted(1000 * one for one in times)
    median, late = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    return f"{median:.1f} ms (99 %: {late:.1f}, most {ordered[-1]:.1f}; {len(ordered)} times)"


if __name__ == "__main__":
    sys.exit(main())
