"""What happens to our input after the peer has ended (``Endings.on_peer_end``).

A FIN ends one direction only (RFC 9293 3.6), so the rest of our input can still be sent. Whether
to wait for more input depends on what the input is: see OnPeerEnd in core/config.py.
"""

from __future__ import annotations

from ..core.deadline import Deadline
from ..core.typed import TYPE_CHECKING, Callable
from ..waiting.readiness import readable
from .clock import Clock
from .flow import Flow
from .protocols import Source

if TYPE_CHECKING:
    from ..core.endings import WhenPeerEnds

#: Seconds without input that count as a pause of the source.
INPUT_PAUSE = 0.1


def end_input(
    rule: WhenPeerEnds, source: Source, outbound: Flow, clock: Clock, leave: Callable[[], None]
) -> None:
    """Apply the rule to the input of a relay whose peer has ended.

    Arguments:
        rule: one of Endings.on_peer_end.
        source: the input.
        outbound: the input's flow, which is not over. It ends when the rule ends the input.
        clock: the relay's clock.
        leave: called when the input ends and nothing of it is left to send.
    """
    if rule == "stay":
        return
    # A file is always readable, and so is a pipe whose writer has closed.
    begun = outbound.begun or bool(readable(source.read_fds(), Deadline(0)))
    if rule == "leave" or not begun:
        _stop_reading(outbound, leave)
    elif rule == "waiting":
        _stop_at_a_pause(outbound, clock, leave, None)


def _stop_reading(outbound: Flow, leave: Callable[[], None]) -> None:
    if outbound.waits_for_source:
        leave()
    else:
        outbound.end_source()


def _stop_at_a_pause(
    outbound: Flow, clock: Clock, leave: Callable[[], None], moved_before: int | None
) -> None:
    if outbound.over:
        return
    moved = outbound.moved
    if moved == moved_before and outbound.waits_for_source:
        _stop_reading(outbound, leave)
    else:
        clock.call_later(INPUT_PAUSE, lambda: _stop_at_a_pause(outbound, clock, leave, moved))
