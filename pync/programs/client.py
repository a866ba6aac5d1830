"""The client: dial, then relay between the user and the peer."""

from __future__ import annotations

from ..core import exits
from ..core.errors import DialError, OutputError, cause_of
from ..core.events import Connected, Report
from ..core.typed import NamedTuple
from ..transports.conn import Conn
from ..transports.stdio import Stdio
from .shared.connect import DialSetup, connect
from .shared.talk import Talk, TalkSetup, talking


class ClientSetup(NamedTuple):
    """The peer to talk to, and how.

    ``ports``: if there are several, they replace the address's. ``pass_fd``: pass the connection
    on instead of talking (-F). ``closes_output``: close standard output at the peer's end.
    """

    dial: DialSetup
    talk: TalkSetup
    ports: tuple[str, ...] = ()
    pass_fd: bool = False
    closes_output: bool = False


def run(setup: ClientSetup, stdio: Stdio, report: Report) -> int:
    """Connect and talk, on every port of ``setup``. Raises PyncError, OutputGone."""
    with talking(setup.talk, stdio, report) as talking_on:
        talk = _passing(stdio) if setup.pass_fd else talking_on
        if len(setup.ports) <= 1:
            stdio.closes_output = setup.closes_output
            _talk_on(setup.dial, report, talk)
            return exits.OK
        return _talk_on_each(setup, report, talk)


def _talk_on_each(setup: ClientSetup, report: Report, talk: Talk) -> int:
    failed: list[DialError] = []
    for port in setup.ports:
        address = setup.dial.address._replace(service=port)
        try:
            _talk_on(setup.dial._replace(address=address), report, talk)
        except DialError as error:
            failed.append(error)
    if len(failed) == len(setup.ports):
        raise failed[-1]
    return exits.OK


def _talk_on(setup: DialSetup, report: Report, talk: Talk) -> None:
    with connect(setup, report) as conn:
        report(Connected(conn.peer, setup.address.host, *conn.times.in_milliseconds()))
        talk(conn)


def _passing(stdio: Stdio) -> Talk:
    def talk(conn: Conn) -> bool:
        _pass_on(conn, stdio.stdout)
        return False

    return talk


def _pass_on(conn: Conn, stdout: int) -> None:
    """Pass the connection to the reader of standard output (SCM_RIGHTS, unix(7))."""
    import socket

    if not hasattr(socket, "send_fds"):
        raise OutputError("pass", "the descriptor", "this system cannot pass descriptors (-F)")
    try:
        with socket.socket(fileno=_duplicate(stdout)) as out:
            socket.send_fds(out, [b"\0"], [conn.fileno()])
    except OSError as error:
        raise OutputError("pass", "the descriptor", cause_of(error)) from None


def _duplicate(descriptor: int) -> int:
    import os

    return os.dup(descriptor)
