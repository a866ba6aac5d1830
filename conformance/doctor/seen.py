"""What was said to a server of streams, and what was seen of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from .talk import LISTEN, Turn

#: Lines to be answered: in both cases, of different lengths, and one in CR LF.
FIRST, SECOND, CRLF = b"Hello, World\n", b"The second Line is longer than that\n", b"In CR LF\r\n"
SHORT, REST = b"short\n", b"no Newline"
REQUEST = b"GET / HTTP/1.0\r\n\r\n"
LINES = (FIRST, SECOND, CRLF, REST)

NOTHING_YET = Turn(LISTEN, (), "", 0.0)


@dataclass
class Seen:
    """What a server did. A conversation that was not held is empty."""

    #: What each connection began with; only those that were begun by listening count.
    greetings: list[bytes] = field(default_factory=list)
    #: What the first client heard, who said nothing.
    listened: Turn = NOTHING_YET
    #: Lines, an unfinished line, FIN.
    lines: list[Turn] = field(default_factory=list)
    #: Single lines, each on a connection of its own (a server that answers once).
    single: list[Turn] = field(default_factory=list)
    #: A line in CR LF at the beginning.
    crlf: list[Turn] = field(default_factory=list)
    #: Data and FIN, FIN alone.
    finish: list[Turn] = field(default_factory=list)
    shorter: list[Turn] = field(default_factory=list)
    empty: list[Turn] = field(default_factory=list)
    #: What a server of HTTP answers.
    request: list[Turn] = field(default_factory=list)
    #: The command of reset.
    command: list[Turn] = field(default_factory=list)
    words: list[Turn] = field(default_factory=list)
    store: list[Turn] = field(default_factory=list)
    chat: list[Turn] = field(default_factory=list)
    #: "many", "1", or "" when it could not be seen; and how it was seen.
    clients: str = ""
    clients_because: str = ""
    #: The program ends when its client has left.
    one_shot: bool = False
    #: A word that ended the whole server.
    fatal: list[bytes] = field(default_factory=list)

    @property
    def greeting(self) -> bytes:
        """What the first of them began with."""
        return self.greetings[0] if self.greetings else b""

    @property
    def answered(self) -> list[Turn]:
        """The turns in which something complete was said to the server, and answered."""
        return [turn for turn in [*self.lines, *self.single, *self.crlf] if turn.answer]
