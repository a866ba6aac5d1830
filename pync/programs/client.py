"""The client: dial, then relay between the user and the peer."""

from __future__ import annotations

from ..core import exits
from ..core.config import Config
from ..core.errors import DialError, OutputError, cause_of
from ..core.events import Connected, Report
from ..transports.conn import Conn
from ..transports.stdio import Stdio
from .shared.connect import connect
from .shared.talk import Talk, talking


def run(config: Config, stdio: Stdio, report: Report) -> int:
    """Connect and talk, on every port that was named. Raises PyncError, OutputGone."""
    with talking(config, stdio, report) as talk:
        if len(config.ports) <= 1:
            stdio.closes_output = config.closes_output
            _talk_on(config, stdio, report, talk)
            return exits.OK
        return _talk_on_each(config, stdio, report, talk)


def _talk_on_each(config: Config, stdio: Stdio, report: Report, talk: Talk) -> int:
    assert config.address is not None
    status = exits.NETWORK
    last: DialError | None = None
    for port in config.ports:
        try:
            one = config._replace(address=config.address._replace(service=port), ports=())
            _talk_on(one, stdio, report, talk)
            status = exits.OK
        except DialError as error:
            last = error
    if status and last is not None:
        raise last
    return status


def _talk_on(config: Config, stdio: Stdio, report: Report, talk: Talk) -> None:
    assert config.address is not None
    with connect(config, report) as conn:
        report(Connected(conn.peer, config.address.host))
        if config.pass_fd:
            _pass_on(conn, stdio.stdout)
        else:
            talk(conn)


def _pass_on(conn: Conn, stdout: int) -> None:
    """Pass the connection to the reader of standard output (SCM_RIGHTS, unix(7))."""
    import socket

    if not hasattr(socket, "send_fds"):
        raise OutputError("pass", "the descriptor", "this system passes none (-F)")
    try:
        with socket.socket(fileno=_duplicate(stdout)) as out:
            socket.send_fds(out, [b"\0"], [conn.fileno()])
    except OSError as error:
        raise OutputError("pass", "the descriptor", cause_of(error)) from None


def _duplicate(descriptor: int) -> int:
    import os

    return os.dup(descriptor)
