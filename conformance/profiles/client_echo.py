"""client-echo (SPEC 13): the target is a client on a terminal, and the suite is its server.

The client may print more than it received, and a line that it sends may end in LF, in CR LF or
without a line end.
"""

from __future__ import annotations

import re

from ..clients.client_under_test import ClientUnderTest
from ..clients.peer import DATA, FIN, RST
from ..scenario.profile import ClientProfile
from ..scenario.session import Session
from .settings import settings_of

#: The stack traces of programs in many languages.
TRACES = re.compile(
    rb"Traceback \(most recent call last\)"  # Python
    rb"|^\s+at \S.*[A-Za-z]\S*:\d+:\d+\)?$|Unhandled 'error' event"  # Node
    rb"|^\s+at [\w.$/]+\([^)]*\)"  # Java, C#
    rb"|goroutine \d+ \[|panicked at|stack backtrace"  # Go, Rust
    rb"|^\s+from \S+:\d+:in |^#\d+ +(?:/|\{main|0x)"  # Ruby, PHP, C
    rb"|^\s+while executing$|stack traceback:",  # Tcl, Lua
    re.MULTILINE,
)


def small_session(session: Session) -> None:
    """Wait for the client; it sends a line and leaves."""
    client = session.client_under_test()
    client.type_line(b"hello")
    hears_line(client, b"hello")


def hears_line(client: ClientUnderTest, line: bytes) -> None:
    """Await a line from the client, whatever its line end is."""
    peer = client.peer
    _skip_line_end(client)
    peer.expect(line, f"the line {line!r}")


def _skip_line_end(client: ClientUnderTest) -> None:
    """Skip the end of the previous line, which came with it or comes with the next one."""
    peer = client.peer
    if not peer.pending:
        peer.poll(peer.deadline)
    while peer.pending.startswith((b"\r", b"\n")):
        del peer.pending[:1]
        if not peer.pending:
            peer.poll(peer.deadline)


def hears_end(session: Session, client: ClientUnderTest, last: bytes, after: str) -> None:
    """Await the client's last words, perhaps after the line that asked for them, and FIN.

    Raises Violation.
    """
    peer = client.peer
    while peer.poll(peer.deadline) == DATA:
        pass
    said = bytes(peer.pending)
    leave = re.escape(session.parameters["leave"])
    ends = rb"(?:\r?\n)?"
    awaited = ends + rb"(?:" + leave + ends + rb")?" + re.escape(last) + ends
    if peer.ended == RST:
        raise client.violation("rst-instead-of-fin", f"the client reset the connection {after}")
    if peer.ended == FIN and re.fullmatch(awaited, said):
        peer.pending.clear()
        return
    violation = client.violation(
        "wrong-last-words" if peer.ended == FIN else "no-fin",
        f"the client did not send {last!r} and FIN {after}",
    )
    violation.expected, violation.received, violation.offset = last, said, 0
    violation.instead = peer.ended or f"nothing for {peer.deadline:g} s"
    raise violation


client_echo = ClientProfile(
    "client-echo",
    title="the target is a client, on a terminal",
    settings=settings_of("client-echo"),
    parameters={"leave": b"exit", "goodbye": b"good bye", "interrupted": b"terminated"},
    small_session=small_session,
    base=("connects",),
)


@client_echo.must(
    "connects",
    "13.1",
    "The client connects to the host and port that it was given.",
    "SPEC 13.1",
    needs=(),
)
def connects(session: Session) -> None:
    for _ in range(2):
        # The client gets another port each time, unless AT sets one.
        session.client_under_test().close()


@client_echo.must("prints", "13.2", "The client prints what it receives, as it comes.", "SPEC 13.2")
def prints(session: Session) -> None:
    client = session.client_under_test()
    for number in range(3):
        line = b"The server says %d" % number
        client.peer.send(line + b"\n")
        client.see(line, "what the server sent")


@client_echo.must(
    "prints-the-rest",
    "13.3",
    "Text without a newline at its end is printed too, at the latest before the client exits.",
    "SPEC 13.3",
    needs=("prints",),
)
def prints_the_rest(session: Session) -> None:
    client = session.client_under_test()
    client.peer.send(b"A whole line\nand a rest without")
    client.peer.send_eof()
    client.see(b"A whole line", "what the server sent")
    client.see(b"and a rest without", "what the server sent last, without a newline")


@client_echo.must(
    "sends-lines",
    "13.4",
    "The client sends each line that is typed.",
    "SPEC 13.4",
    needs=("prints",),
)
def sends_lines(session: Session) -> None:
    client = session.client_under_test()
    for line in (b"Hello!", b"two words, and more", b"12345", b"Hello!"):
        client.type_line(line)
        hears_line(client, line)
        client.peer.send(b"answer to " + line[::-1] + b"\n")
        client.see(b"answer to " + line[::-1], "the answer")


@client_echo.must(
    "pasted",
    "13.5",
    "Lines that are typed faster than they are sent are all sent, in order.",
    "SPEC 13.5",
    needs=("sends-lines",),
)
def pasted(session: Session) -> None:
    client = session.client_under_test()
    lines = [b"pasted line %d" % number for number in range(20)]
    client.paste(*lines)
    for line in lines:
        hears_line(client, line)


@client_echo.must(
    "exit",
    "13.6",
    "On the line exit the client sends its good bye and FIN, and exits.",
    "SPEC 13.6",
    needs=("sends-lines",),
    unless=("server-ends",),
)
def exit_(session: Session) -> None:
    client = session.client_under_test()
    client.type_line(b"Hello!")
    hears_line(client, b"Hello!")
    client.type_line(session.parameters["leave"])
    hears_end(session, client, session.parameters["goodbye"], "on the line that asks for it")
    client.peer.close()
    client.expect_end("its good bye")


@client_echo.must(
    "only-exit",
    "13.7",
    "A line that contains exit and more is an ordinary line.",
    "SPEC 13.7",
    needs=("sends-lines",),
)
def only_exit(session: Session) -> None:
    client = session.client_under_test()
    word = session.parameters["leave"]
    for line in (b"no " + word, word + b" not", b"x" + word, word + b"x"):
        client.type_line(line)
        hears_line(client, line)


@client_echo.must(
    "interrupt",
    "13.8",
    "On ^C the client sends its last words and FIN, and exits.",
    "SPEC 13.8",
    needs=("sends-lines",),
    unless=("exit", "server-ends"),
)
def interrupt(session: Session) -> None:
    client = session.client_under_test()
    client.type_line(b"Hello!")
    hears_line(client, b"Hello!")
    client.interrupt()
    hears_end(session, client, session.parameters["interrupted"], "on ^C")
    client.peer.close()
    client.expect_end("^C")


@client_echo.must(
    "server-ends",
    "13.9",
    "When the server ends the connection, the client exits.",
    "SPEC 13.9",
    needs=("prints",),
)
def server_ends(session: Session) -> None:
    client = session.client_under_test()
    client.peer.send(b"That is all\n")
    client.peer.send_eof()
    client.see(b"That is all", "what the server sent")
    client.expect_end("the server's FIN")


def reset(session: Session) -> tuple[ClientUnderTest, int]:
    """Reset the connection during a session; return the client and its exit status."""
    client = session.client_under_test()
    client.type_line(b"Hello!")
    hears_line(client, b"Hello!")
    client.peer.send(b"one more line\n")
    client.see(b"one more line", "what the server sent")
    client.look()
    client.peer.reset()
    return client, client.expect_end("the server's RST")


@client_echo.must(
    "reset-reported",
    "13.10",
    "When the server resets the connection, the client reports the error and exits.",
    "SPEC 13.10",
    needs=("sends-lines",),
)
def reset_reported(session: Session) -> None:
    client, _ = reset(session)
    if not client.news().strip():
        raise client.violation(
            "not-reported", "the client exited without reporting the server's RST"
        )


@client_echo.must(
    "reset-status",
    "13.11",
    "After a reset the client's exit status is not zero.",
    "POSIX.1-2017 exit status",
    needs=("sends-lines",),
)
def reset_status(session: Session) -> None:
    client, status = reset(session)
    if status == 0:
        raise client.violation(
            "status-zero", "the client ended with status 0 although the server reset it"
        )


@client_echo.must(
    "reset-no-trace",
    "13.12",
    "The report of a reset is not a stack trace.",
    "SPEC 13.12",
    needs=("sends-lines",),
)
def reset_no_trace(session: Session) -> None:
    client, _ = reset(session)
    found = TRACES.search(client.news())
    if found:
        shown = found.group().decode("utf-8", "backslashreplace").strip()
        raise client.violation("stack-trace", f"the person is shown a stack trace: {shown!r}")
