"""The policy for the end of a conversation, in which nc, ncat and telnet differ. Pure."""

from __future__ import annotations

from .typed import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Literal

    #: See Endings.
    WhenPeerEnds = Literal["leave", "stay", "begun", "waiting"]
    WhenOutputGone = Literal["leave", "finish", "stay"]


class Endings(NamedTuple):
    """When to end: the policy in which nc, ncat and telnet differ, in one place.

    ``shutdown``: our EOF becomes FIN.

    ``on_peer_end``: what to do at the peer's FIN while our input is open. Input that was read
    before is sent in any case.

    - ``leave``: read no more input.
    - ``stay``: send the input to its end.
    - ``begun``: ``stay`` if a byte of input was read, or is available now; else ``leave``.
    - ``waiting``: send the input until its first pause, then ``leave``.

    ``on_output_gone``: what to do when the reader of our output has closed.

    - ``leave``: end when a write fails, or when the input is over.
    - ``finish``: end when the input is over; data received until then is dropped.
    - ``stay``: end when a write fails.

    ``quit_after``: seconds after our EOF until the end; ``quit_fails``: this end is a failure.
    ``leave_when_sent``: end once our EOF has been sent and acknowledged. ``answer_wait``:
    datagrams have no EOF; end when none has come for so many seconds after our EOF.
    ``silence``: end without an error when nothing has moved for so many seconds after our EOF.
    ``truncated_ends``: an end without close_notify (TLS) is the peer's end, and reported; False:
    it is a failure, and is not passed on as EOF.
    ``whole``: close a connection that cannot send our EOF alone (a named pipe of bytes).
    ``idle``: seconds. ``eof_after``: seconds for which the peer must have sent nothing before our
    EOF is sent; None: send it at once. ``eof_of_nothing``: with ``eof_after``, also send EOF when
    our input was empty.
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

    @property
    def passes_eof_on(self) -> bool:
        """Whether each side's EOF is passed on at once, and no time limit ends the conversation."""
        limits = (self.quit_after, self.silence, self.idle, self.eof_after)
        passes_on = self.shutdown and self.on_peer_end == "stay" and not self.leave_when_sent
        return passes_on and limits == (None, None, None, None)


class OnPeerEnd(NamedTuple):
    """``Endings.on_peer_end`` for each kind of input (a socket counts as a pipe).

    A client sends a pipe or a file to its end, because a FIN ends one direction only. The input of
    a listener is often a pipe that is never written (of a supervisor, a CI job, ssh), which must
    not keep it running. With -k the input is for all clients: input from a terminal or a pipe
    after a client's end is for the next one.
    """

    terminal: WhenPeerEnds = "leave"
    file: WhenPeerEnds = "stay"
    pipe: WhenPeerEnds = "stay"
