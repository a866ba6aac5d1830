"""How each side of a relay ended, as one word."""

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


class FlowStub:
    """The attributes of a flow that ends_of() reads."""

    def __init__(self, state: str = "open", error: OSError | None = None, end: str = "") -> None:
        self.state, self.error, self.failed_end = state, error, end


@pytest.mark.parametrize(
    ("outbound", "inbound", "ends"),
    [
        (FlowStub(), FlowStub(), Ends(OPEN, OPEN)),
        (FlowStub(ENDED), FlowStub(ENDED), Ends(END, END)),
        (FlowStub(DRAINING), FlowStub(), Ends(END, OPEN)),
        (FlowStub("broken", BROKEN, "source"), FlowStub(), Ends(RESET, OPEN)),
        (FlowStub("broken", PIPE, "sink"), FlowStub(ENDED), Ends(OPEN, RESET)),
        (FlowStub(ENDED), FlowStub("broken", PIPE, "sink"), Ends(RESET, OPEN)),
        (FlowStub(ENDED, TruncatedError(), "source"), FlowStub(), Ends(TRUNCATED, OPEN)),
        (
            FlowStub(),
            FlowStub("broken", TimeoutError(errno.ETIMEDOUT, "x"), "source"),
            Ends(OPEN, "timed out"),
        ),
    ],
)
def test_ends_from_the_state_of_the_flows(outbound: Flow, inbound: Flow, ends: Ends) -> None:
    assert ends_of(outbound, inbound, None, "there") == ends


@pytest.mark.parametrize(
    ("about", "ends"), [("there", Ends(END, RESET)), ("here", Ends(RESET, END))]
)
def test_reset_known_only_from_the_failure(about: str, ends: Ends) -> None:
    flow: Flow = FlowStub(ENDED)  # type: ignore[assignment]
    reset = RelayError("relay", about, "connection reset by peer")
    assert ends_of(flow, flow, reset, "there") == ends


def test_ends_of_a_relay() -> None:
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
