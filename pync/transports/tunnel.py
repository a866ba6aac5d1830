"""Driving a handshake over a connection, within a time, where there is nothing else to do.

engine/handshake.py drives the same handshakes in a loop.
"""

from __future__ import annotations

import time

from ..core.deadline import Deadline
from ..layers.handshake import Handshake, HandshakeSteps, HandshakeTimeout, Result
from .conn import Conn


def negotiate(conn: Conn, handshake: Handshake[Result], deadline: Deadline) -> Result:
    """Go through a handshake; returns its result. The connection's time-out is kept.

    Raises HandshakeError, OSError.
    """
    before = conn.gettimeout()
    steps = HandshakeSteps(handshake)
    try:
        while not steps.is_over:
            remaining = deadline.remaining
            if remaining == 0.0:
                raise HandshakeTimeout
            conn.settimeout(remaining)
            pause = steps.step(conn)
            if pause is not None:
                time.sleep(pause)
        return steps.result
    except TimeoutError as error:
        if error.errno:
            raise  # the system's: the connection has failed
        raise HandshakeTimeout from None
    finally:
        steps.close()
        if conn.fileno() != -1:
            conn.settimeout(before)
