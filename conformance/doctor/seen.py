"""The record of what was sent to a server of streams, and of its behaviour."""

from __future__ import annotations

from dataclasses import dataclass, field

from .talk import LISTEN, Turn

#: Lines to send: in upper and lower case, of different lengths, and one with CR LF.
FIRST, SECOND, CRLF = b"Hello, World\n", b"The second Line is longer than that\n", b"In CR LF\r\n"
SHORT, REST = b"short\n", b"no Newline"
REQUEST = b"GET / HTTP/1.0\r\n\r\n"
LINES = (FIRST, SECOND, CRLF, REST)

NOTHING_YET = Turn(LISTEN, (), "", 0.0)


@dataclass
class Seen:
    """The behaviour of a server. A conversation that did not take place is empty."""

    #: The first bytes from the server, for each connection on which the client sent nothing first.
    greetings: list[bytes] = field(default_factory=list)
    #: The data that the first client received; this client sent nothing.
    listened: Turn = NOTHING_YET
    #: Lines, an unfinished line, FIN.
    lines: list[Turn] = field(default_factory=list)
    #: Single lines, each on a separate connection (for a server that answers once).
    single: list[Turn] = field(default_factory=list)
    #: A line with CR LF at the beginning.
    crlf: list[Turn] = field(default_factory=list)
    #: Data and FIN; only FIN.
    finish: list[Turn] = field(default_factory=list)
    shorter: list[Turn] = field(default_factory=list)
    empty: list[Turn] = field(default_factory=list)
    #: A request for an HTTP server.
    request: list[Turn] = field(default_factory=list)
    #: The command of reset.
    command: list[Turn] = field(default_factory=list)
    words: list[Turn] = field(default_factory=list)
    store: list[Turn] = field(default_factory=list)
    chat: list[Turn] = field(default_factory=list)
    #: "many", "1", or "" if this could not be seen; and the evidence.
    clients: str = ""
    clients_because: str = ""
    #: Whether the program ends when its client has left.
    one_shot: bool = False
    #: Words that ended the whole server.
    fatal: list[bytes] = field(default_factory=list)

    @property
    def greeting(self) -> bytes:
        """The first bytes from the server on the first connection."""
        return self.greetings[0] if self.greetings else b""

    @property
    def answered(self) -> list[Turn]:
        """The turns in which the server answered something complete."""
        return [turn for turn in [*self.lines, *self.single, *self.crlf] if turn.answer]
