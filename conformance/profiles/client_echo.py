"""client-echo (SPEC 13): here the target is a client, on a terminal, and the suite its server.

What the client prints besides what it received, and whether a line that it sends ends in LF,
in CR LF or in nothing, is its own affair.
"""

from __future__ import annotations

import re

from ..clients.client_under_test import ClientUnderTest
from ..clients.peer import DATA, FIN, RST
from ..scenario.requirement import ClientProfile
from ..scenario.session import Session

#: How programs of many languages show where they were when an error hit them.
TRACES = re.compile(
    rb"Traceback \(most recent call last\)"  # Python
    rb"|^\s+at \S.*[A-Za-z]\S*:\d+:\d+\)?$|Unhandled 'error' event"  # Node
    rb"|^\s+at [\w.$/]+\([^)]*\)"  # Java, C#
    rb"|goroutine \d+ \[|panicked at|stack backtrace"  # Go, Rust
    rb"|^\s+from \S+:\d+:in |^#\d+ +(?:/|\{main|0x)"  # Ruby, PHP, C
    rb"|^\s+while executing$|stack traceback:",  # Tcl, Lua
    re.MULTILINE,
)


def visit(session: Session) -> None:
    """It comes, says something and leaves."""
    visitor = session.visitor()
    visitor.type_line(b"hello")
    hears_line(visitor, b"hello")


def hears_line(visitor: ClientUnderTest, line: bytes) -> None:
    """The server receives a line, however it ends."""
    peer = visitor.peer
    _skip_line_end(visitor)
    peer.expect(line, f"the line {line!r}")


def _skip_line_end(visitor: ClientUnderTest) -> None:
    """The end of the line before, which came with it or comes with the next one."""
    peer = visitor.peer
    if not peer.pending:
        peer.poll(peer.deadline)
    while peer.pending.startswith((b"\r", b"\n")):
        del peer.pending[:1]
        if not peer.pending:
            peer.poll(peer.deadline)


def hears_end(session: Session, visitor: ClientUnderTest, last: bytes, after: str) -> None:
    """The server receives the last words, perhaps after the line that asked for them, and FIN.

    Raises Violation.
    """
    peer = visitor.peer
    while peer.poll(peer.deadline) == DATA:
        pass
    said = bytes(peer.pending)
    leave = re.escape(session.parameters["leave"])
    ends = rb"(?:\r?\n)?"
    awaited = ends + rb"(?:" + leave + ends + rb")?" + re.escape(last) + ends
    if peer.ended == RST:
        raise visitor.violation("rst-instead-of-fin", f"the client reset the connection {after}")
    if peer.ended == FIN and re.fullmatch(awaited, said):
        peer.pending.clear()
        return
    violation = visitor.violation(
        "wrong-last-words" if peer.ended == FIN else "no-fin",
        f"the client did not send {last!r} and FIN {after}",
    )
    violation.expected, violation.received, violation.offset = last, said, 0
    violation.instead = peer.ended or f"nothing for {peer.deadline:g} s"
    raise violation


client_echo = ClientProfile(
    "client-echo",
    title="the target is a client, on a terminal",
    parameters={"leave": b"exit", "goodbye": b"good bye", "interrupted": b"terminated"},
    visit=visit,
    base=("connects",),
)


@client_echo.must(
    "connects", "13.1", "It connects to the host and port that it is told.", "SPEC 13.1", needs=()
)
def connects(session: Session) -> None:
    for _ in range(2):
        # Each time it is told another port, unless AT says where.
        session.visitor().close()


@client_echo.must("prints", "13.2", "It prints what it receives, as it comes.", "SPEC 13.2")
def prints(session: Session) -> None:
    visitor = session.visitor()
    for number in range(3):
        line = b"The server says %d" % number
        visitor.peer.send(line + b"\n")
        visitor.see(line, "what the server sent")


@client_echo.must(
    "prints-the-rest",
    "13.3",
    "What does not end in a newline is printed too, at the latest before it ends.",
    "SPEC 13.3",
    needs=("prints",),
)
def prints_the_rest(session: Session) -> None:
    visitor = session.visitor()
    visitor.peer.send(b"A whole line\nand a rest without")
    visitor.peer.send_eof()
    visitor.see(b"A whole line", "what the server sent")
    visitor.see(b"and a rest without", "what the server sent last, without a newline")


@client_echo.must(
    "sends-lines",
    "13.4",
    "It sends each line that is typed.",
    "SPEC 13.4",
    needs=("prints",),
)
def sends_lines(session: Session) -> None:
    visitor = session.visitor()
    for line in (b"Hello!", b"two words, and more", b"12345", b"Hello!"):
        visitor.type_line(line)
        hears_line(visitor, line)
        visitor.peer.send(b"answer to " + line[::-1] + b"\n")
        visitor.see(b"answer to " + line[::-1], "the answer")


@client_echo.must(
    "pasted",
    "13.5",
    "Lines that are typed faster than they are sent all go, in order.",
    "SPEC 13.5",
    needs=("sends-lines",),
)
def pasted(session: Session) -> None:
    visitor = session.visitor()
    lines = [b"pasted line %d" % number for number in range(20)]
    visitor.paste(*lines)
    for line in lines:
        hears_line(visitor, line)


@client_echo.must(
    "exit",
    "13.6",
    "On the line exit it sends its good bye and FIN, and ends.",
    "SPEC 13.6",
    needs=("sends-lines",),
    unless=("server-ends",),
)
def exit_(session: Session) -> None:
    visitor = session.visitor()
    visitor.type_line(b"Hello!")
    hears_line(visitor, b"Hello!")
    visitor.type_line(session.parameters["leave"])
    hears_end(session, visitor, session.parameters["goodbye"], "on the line that asks for it")
    visitor.peer.close()
    visitor.expect_end("its good bye")


@client_echo.must(
    "only-exit",
    "13.7",
    "A line that merely holds exit is an ordinary line.",
    "SPEC 13.7",
    needs=("sends-lines",),
)
def only_exit(session: Session) -> None:
    visitor = session.visitor()
    word = session.parameters["leave"]
    for line in (b"no " + word, word + b" not", b"x" + word, word + b"x"):
        visitor.type_line(line)
        hears_line(visitor, line)


@client_echo.must(
    "interrupt",
    "13.8",
    "On ^C it sends its last words and FIN, and ends.",
    "SPEC 13.8",
    needs=("sends-lines",),
    unless=("exit", "server-ends"),
)
def interrupt(session: Session) -> None:
    visitor = session.visitor()
    visitor.type_line(b"Hello!")
    hears_line(visitor, b"Hello!")
    visitor.interrupt()
    hears_end(session, visitor, session.parameters["interrupted"], "on ^C")
    visitor.peer.close()
    visitor.expect_end("^C")


@client_echo.must(
    "server-ends",
    "13.9",
    "When the server ends, it ends too.",
    "SPEC 13.9",
    needs=("prints",),
)
def server_ends(session: Session) -> None:
    visitor = session.visitor()
    visitor.peer.send(b"That is all\n")
    visitor.peer.send_eof()
    visitor.see(b"That is all", "what the server sent")
    visitor.expect_end("the server's FIN")


def reset(session: Session) -> tuple[ClientUnderTest, int]:
    """The server resets in mid-talk; the client, and its status."""
    visitor = session.visitor()
    visitor.type_line(b"Hello!")
    hears_line(visitor, b"Hello!")
    visitor.peer.send(b"one more line\n")
    visitor.see(b"one more line", "what the server sent")
    visitor.look()
    visitor.peer.reset()
    return visitor, visitor.expect_end("the server's RST")


@client_echo.must(
    "reset-reported",
    "13.10",
    "When the server resets, it reports the error, and ends.",
    "SPEC 13.10",
    needs=("sends-lines",),
)
def reset_reported(session: Session) -> None:
    visitor, _ = reset(session)
    if not visitor.news().strip():
        raise visitor.violation(
            "not-reported", "the client ended without a word about the server's RST"
        )


@client_echo.must(
    "reset-status",
    "13.11",
    "Then its status is not zero.",
    "POSIX.1-2017 exit status",
    needs=("sends-lines",),
)
def reset_status(session: Session) -> None:
    visitor, status = reset(session)
    if status == 0:
        raise visitor.violation(
            "status-zero", "the client ended with status 0 although the server reset it"
        )


@client_echo.must(
    "reset-no-trace",
    "13.12",
    "The report is not a stack trace.",
    "SPEC 13.12",
    needs=("sends-lines",),
)
def reset_no_trace(session: Session) -> None:
    visitor, _ = reset(session)
    found = TRACES.search(visitor.news())
    if found:
        shown = found.group().decode("utf-8", "backslashreplace").strip()
        raise visitor.violation("stack-trace", f"the person is shown a stack trace: {shown!r}")
