"""When a conversation is over: the policy in which the incumbents disagree. Pure."""

# No postponed annotations: NamedTuple compiles each as text (typing.ForwardRef) at every start.

from typing import Literal, NamedTuple

#: See Endings.
WhenPeerEnds = Literal["leave", "stay", "begun", "waiting"]
WhenOutputGone = Literal["leave", "finish", "stay"]


class Endings(NamedTuple):
    """When to leave: the policy in which the incumbents disagree, in one place.

    ``shutdown``: our EOF becomes FIN.

    ``on_peer_end``: what the peer's FIN means while our input is open. What has been read is
    sent in any case.

    - ``leave``: read no more input.
    - ``stay``: send the input to its end.
    - ``begun``: ``stay`` if the input has given a byte, or has one now; else ``leave``.
    - ``waiting``: send what the input gives without a pause, then ``leave``.

    ``on_output_gone``: what it means that nobody reads our output any more.

    - ``leave``: leave when a write fails, or when the input is over.
    - ``finish``: leave when the input is over; what is received until then is dropped.
    - ``stay``: leave when a write fails.

    ``quit_after``: seconds to leave after our EOF; ``quit_fails``: which is a failure then.
    ``leave_when_sent``: leave once our EOF has been sent and acknowledged. ``answer_wait``:
    datagrams have no end; leave when none has come for so many seconds after our EOF.
    ``silence``: leave, in order, when nothing has moved for so many seconds after our EOF.
    ``truncated_ends``: an end without close_notify (TLS) is the peer's end, and told; False: it
    is a failure, and what is behind us must not take it for the end.
    ``whole``: where our EOF cannot be sent, because the connection ends as a whole only (a named
    pipe of bytes), it is ended. ``idle``: seconds. ``eof_after``: seconds that the peer must
    have sent nothing for before our EOF is sent; None: it is sent at once. ``eof_of_nothing``: with
    ``eof_after``, whether EOF is sent too when our input was empty.
    """

    shutdown: bool = True
    on_peer_end: WhenPeerEnds = "leave"
    on_output_gone: WhenOutputGone = "leave"
    quit_after: float | None = None
    quit_fails: bool = False
    leave_when_sent: bool = False
    answer_wait: float | None = None
    silence: float | None = None
    idle: float | None = None
    eof_after: float | None = None
    eof_of_nothing: bool = True
    truncated_ends: bool = True
    whole: bool = False


class OnPeerEnd(NamedTuple):
    """``Endings.on_peer_end`` for each kind of input (a socket counts as a pipe).

    A client sends a pipe or a file to its end: a FIN ends one direction only. The input of a
    listener is often a pipe that is never written (a supervisor's, a CI job's, ssh's), which
    must not hold it. With -k the input is not one client's: what is typed on a terminal or
    comes by a pipe after a client's end is for the next one.
    """

    terminal: WhenPeerEnds = "leave"
    file: WhenPeerEnds = "stay"
    pipe: WhenPeerEnds = "stay"
