"""How the two sides of a relay ended, in a word each."""

from __future__ import annotations

import errno

import pytest

from pync.core.broken import TruncatedError
from pync.core.endings import Endings
from pync.core.errors import RelayError
from pync.engine.direction import DRAINING, ENDED
from pync.engine.ends import END, OPEN, RESET, TRUNCATED, Ends, ends_of
from pync.engine.flow import Flow
from pync.engine.loop import Loop
from pync.engine.relay import Relay
from pync.transports.memory import pair

BROKEN = ConnectionResetError(errno.ECONNRESET, "connection reset by peer")
LATE = TimeoutError(errno.ETIMEDOUT, "x")
PIPE = BrokenPipeError(errno.EPIPE, "broken pipe")


class Told:
    """As much of a flow as is asked."""

    def __init__(self, state: str = "open", error: OSError | None = None, end: str = "") -> None:
        self.state, self.error, self.failed_end = state, error, end


@pytest.mark.parametrize(
    ("outbound", "inbound", "ends"),
    [
        (Told(), Told(), Ends(OPEN, OPEN)),
        (Told(ENDED), Told(ENDED), Ends(END, END)),
        (Told(DRAINING), Told(), Ends(END, OPEN)),
        (Told("broken", BROKEN, "source"), Told(), Ends(RESET, OPEN)),
        (Told("broken", PIPE, "sink"), Told(ENDED), Ends(OPEN, RESET)),
        (Told(ENDED), Told("broken", PIPE, "sink"), Ends(RESET, OPEN)),
        (Told(ENDED, TruncatedError(), "source"), Told(), Ends(TRUNCATED, OPEN)),
        (
            Told(),
            Told("broken", TimeoutError(errno.ETIMEDOUT, "x"), "source"),
            Ends(OPEN, "timed out"),
        ),
    ],
)
def test_what_the_flows_tell(outbound: Flow, inbound: Flow, ends: Ends) -> None:
    assert ends_of(outbound, inbound, None, "there") == ends


@pytest.mark.parametrize(
    ("about", "ends"), [("there", Ends(END, RESET)), ("here", Ends(RESET, END))]
)
def test_a_reset_that_only_the_failure_tells(about: str, ends: Ends) -> None:
    flow: Flow = Told(ENDED)  # type: ignore[assignment]
    reset = RelayError("relay", about, "connection reset by peer")
    assert ends_of(flow, flow, reset, "there") == ends


def test_of_a_relay() -> None:
    user, local = pair()
    remote, peer = pair()
    with Loop() as loop, user, local, remote, peer:
        running = Relay(loop, local, remote, Endings(on_peer_end="stay"))
        running.start()
        peer.send_eof()
        assert running.ends == Ends(OPEN, OPEN)
        user.send_eof()
        loop.run_while(lambda: not running.over)
        assert running.ends == Ends(END, END)
