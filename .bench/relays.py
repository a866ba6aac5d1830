"""A proxy in the middle: the speed of bytes through it, and its cost, verified by hash."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from measure import PATIENCE, Failed, Sample, await_listener, digest, free_port, running
from programs import Peer
from transfers import SIZE, Scratch

_CHUNK, _F_SETPIPE_SZ = 1 << 20, 1031


def through(role: str, shake_hands: Callable[[socket.socket, int], None]) -> Callable[..., Sample]:
    """Return the measurement of a file through a proxy, to a file."""

    def measure(peer: Peer, scratch: Scratch) -> Sample:
        port, copy = free_port(), scratch.folder / "copy"
        words = peer.words(role, port=port)
        with (
            socket.create_server(("127.0.0.1", 0)) as target,
            running(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as proxy,
        ):
            await_listener(port)
            with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
                shake_hands(client, int(target.getsockname()[1]))
                conn, _ = target.accept()
                client.settimeout(None)
                sending = threading.Thread(target=_send, args=(client, scratch.payload))
                began = time.perf_counter()
                sending.start()
                with conn, copy.open("wb") as out:
                    receive(conn, out.fileno())
                seconds = time.perf_counter() - began
                sending.join()
            proxy.look_at_memory()
            proxy.process.terminate()
            proxy.wait()
        if digest(copy) != scratch.hash:
            raise Failed("the copy differs")
        copy.unlink()
        # No CPU: ncat works in a child for which it does not wait.
        return Sample(seconds, 0.0, proxy.memory, SIZE)

    measure.__doc__ = f"A file through a proxy ({role}), to a file."
    return measure


def connect(client: socket.socket, port: int) -> None:
    """Perform HTTP CONNECT (RFC 9110 9.3.6)."""
    client.sendall(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        piece = client.recv(1)
        if not piece:
            raise Failed("the proxy closed")
        answer += piece
    if b" 200 " not in answer.splitlines()[0]:
        raise Failed(f"the proxy said {answer!r}")


def socks5(client: socket.socket, port: int) -> None:
    """Perform SOCKS 5 without authentication (RFC 1928)."""
    client.sendall(b"\5\1\0")
    if client.recv(2) != b"\5\0":
        raise Failed("the proxy wants to know who we are")
    client.sendall(b"\5\1\0\1\x7f\0\0\1" + port.to_bytes(2, "big"))
    if client.recv(10)[1:2] != b"\0":
        raise Failed("the proxy refused")


def _send(client: socket.socket, payload: Path) -> None:
    with payload.open("rb") as file:
        while os.sendfile(client.fileno(), file.fileno(), None, _CHUNK):
            pass
    client.shutdown(socket.SHUT_WR)


def receive(conn: socket.socket, out: int) -> None:
    """Write all received bytes to a file."""
    leaving, entering = os.pipe()
    fcntl.fcntl(entering, _F_SETPIPE_SZ, _CHUNK)
    while inside := os.splice(conn.fileno(), entering, _CHUNK):
        while inside:
            inside -= os.splice(leaving, out, inside)
    os.close(leaving)
    os.close(entering)
