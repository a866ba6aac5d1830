"""Running a handshake over a blocking connection, with a time limit.

engine/handshake.py runs the same handshakes in a loop.
"""

from __future__ import annotations

import time

from ..core.deadline import Deadline
from ..layers.handshake import Handshake, HandshakeSteps, HandshakeTimeout, Result
from .conn import Conn


def negotiate(conn: Conn, handshake: Handshake[Result], deadline: Deadline) -> Result:
    """Run a handshake; return its result. The connection's time-out is restored.

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
            raise  # an error of the system: the connection has failed
        raise HandshakeTimeout from None
    finally:
        steps.close()
        if conn.fileno() != -1:
            conn.settimeout(before)
