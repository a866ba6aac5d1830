"""The language: every kind of step. No I/O.

This module defines a step's name, its syntax, who performs it, and how the rest of its line is
parsed; doing.py defines what each step does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .cursor import Cursor
from .forms import (
    Reading,
    awaited,
    do,
    exchange,
    flood,
    let,
    new,
    nothing,
    one,
    patience,
    repeat,
    segments,
    signal,
    skipped,
    timeout,
    why,
)

#: Who performs a step: a client, the server, or neither (the step controls other steps).
CLIENT, SERVER, SCRIPT = "client", "server", "script"

Read = Callable[[Cursor, Reading], dict[str, Any]]


class Kind(NamedTuple):
    """One kind of step.

    Arguments:
        form: its syntax.
        about: what it does, in one sentence.
        read: parses the rest of the line after the word.
        by: who performs it.
        streams, datagrams: whether it can be used in profiles of streams, and of datagrams.
    """

    form: str
    about: str
    read: Read
    by: str = CLIENT
    streams: bool = True
    datagrams: bool = False


#: Steps that make a new client.
NEW_CLIENT = ("connect", "join", "terminal")

#: Other names of steps.
ALIASES = {"expect-eof": "end"}

_TAIL = '[as "WHAT"] [TIME]'

#: All kinds of steps by their words.
KINDS: dict[str, Kind] = {
    "connect": Kind("connect [stop-reading]", "a new client, connected and nothing more", new),
    "join": Kind(
        "join [stop-reading]", "a new client that performs the open steps of [session]", new
    ),
    "send": Kind("send TERMS", "sends bytes", one, datagrams=True),
    "segments": Kind(
        "segments TERMS, TERMS ... or: segments each BYTES TERMS",
        "sends each part as a separate segment",
        segments,
    ),
    "flood": Kind(
        "flood TERMS [to SIZE]",
        "sends repeatedly without reading, until the server takes no more (at most 8M)",
        flood,
    ),
    "expect": Kind(
        f"expect TERMS {_TAIL}, expect any of TERMS | TERMS ..., expect unordered TERMS, TERMS ...",
        "exactly this comes next",
        awaited,
        datagrams=True,
    ),
    "skip-to": Kind(f"skip-to TERMS {_TAIL}", "this comes; data before it is not judged", skipped),
    "exchange": Kind(
        f"exchange TERMS expect TERMS {_TAIL}", "sends and awaits at the same time", exchange
    ),
    "eof": Kind("eof", "ends the client's direction (FIN)", nothing),
    "end": Kind(
        "end [TIME]", "the server ends its direction (FIN), and sends nothing before", patience
    ),
    "expect-end": Kind(
        "expect-end [TIME]", "FIN or RST comes; data before it is not judged", patience
    ),
    "reset": Kind("reset", "aborts the connection (RST)", nothing),
    "expect-reset": Kind("expect-reset [TIME]", "the server aborts the connection (RST)", patience),
    "close": Kind("close", "closes both directions", nothing, datagrams=True),
    "nothing-yet": Kind('nothing-yet ["WHY"]', "nothing has arrived by now", why, datagrams=True),
    "stop-reading": Kind("stop-reading", "reads nothing until its next expect", nothing),
    "terminal": Kind("terminal", "a person on a terminal, with the client program", nothing),
    "type": Kind("type TERMS", "types a line", one),
    "see": Kind(f"see TERMS {_TAIL}", "this appears on the terminal", skipped),
    "next-client": Kind(
        "next-client", "the next client is served in full", nothing, SERVER, datagrams=True
    ),
    "accepted": Kind(
        "accepted", "waits until the server has accepted all clients", nothing, SERVER
    ),
    "restart": Kind(
        "restart [SIGTERM|SIGKILL]",
        "ends the server and starts it again",
        signal,
        SERVER,
        datagrams=True,
    ),
    "pause": Kind(
        "pause",
        "stops the server (SIGSTOP); data that is sent meanwhile waits for it",
        nothing,
        SERVER,
    ),
    "resume": Kind("resume", "lets the server continue (SIGCONT)", nothing, SERVER),
    "terminate": Kind(
        "terminate [TIME]", "SIGTERM ends the server in time (5s)", patience, SERVER, datagrams=True
    ),
    "kill": Kind("kill", "ends the server by SIGKILL", nothing, SERVER, datagrams=True),
    "do": Kind("do NAME", "performs the steps of that name in [steps]", do, datagrams=True),
    "let": Kind("let NAME = TERMS", "gives bytes a name", let, SCRIPT, datagrams=True),
    "timeout": Kind(
        "timeout TIME", "the time of the steps that follow", timeout, SCRIPT, datagrams=True
    ),
    "repeat": Kind(
        "repeat N ... done",
        "repeats the steps up to done N times; $i counts from 1",
        repeat,
        SCRIPT,
        datagrams=True,
    ),
    "done": Kind("done", "ends the repeated steps", nothing, SCRIPT, datagrams=True),
}

_NO_SLEEP = (
    "no step waits for a time; what comes is awaited by expect, and what must not come yet is "
    "shown by next-client and nothing-yet"
)

#: Words of other languages for such files -> what to write.
FOREIGN: dict[str, str] = {
    **dict.fromkeys(("sleep", "wait", "delay"), _NO_SLEEP),
    **dict.fromkeys(("spawn", "exec"), "the server is the TARGET of the command line"),
    **dict.fromkeys(("recv", "receive", "read", "assert", "match"), "write expect"),
    **dict.fromkeys(("write", "print", "request"), "write send"),
    **dict.fromkeys(("disconnect", "quit", "exit"), "write close, eof, or end"),
    "set": "write let NAME = TERMS",
}
