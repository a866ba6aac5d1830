"""Driving a handshake over a connection, within a time. Reads no byte beyond its end."""

from __future__ import annotations

import time

from ..core.deadline import Deadline
from ..layers.handshake import Exactly, Handshake, HandshakeError, Line, Pause, Result, Send
from .conn import Conn


def negotiate(conn: Conn, handshake: Handshake[Result], deadline: Deadline) -> Result:
    """Go through a handshake; returns its result. The connection's time-out is kept.

    Raises HandshakeError, OSError.
    """
    before = conn.gettimeout()
    answer: bytes | None = None
    try:
        while True:
            try:
                step = next(handshake) if answer is None else handshake.send(answer)
            except StopIteration as ended:
                result: Result = ended.value
                return result
            remaining = deadline.remaining
            conn.settimeout(None if remaining is None else max(0.001, remaining))
            if isinstance(step, Send):
                conn.send_all(step.data)
                answer = None
            elif isinstance(step, Pause):
                time.sleep(step.seconds)
                answer = None
            elif isinstance(step, Exactly):
                answer = _exactly(conn, step.size)
            else:
                answer = _line(conn, step)
    finally:
        handshake.close()
        if conn.fileno() != -1:
            conn.settimeout(before)


def _exactly(conn: Conn, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = conn.recv(size - len(data))
        if not piece:
            raise _ended(f"{len(data)}/{size}")
        data += piece
    return data


def _line(conn: Conn, line: Line) -> bytes:
    # Byte by byte: what follows the answer is not ours to take.
    data = b""
    while not data.endswith(line.end):
        if len(data) >= line.limit:
            raise HandshakeError("the answer has too long a line")
        piece = conn.recv(1)
        if not piece:
            raise _ended(line.name)
        data += piece
    return data


def _ended(where: str) -> HandshakeError:
    return HandshakeError("the connection ended in the handshake", f"ended/{where}")
