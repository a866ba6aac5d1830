"""The server: listen, accept, relay; one client after the other with ``-k``, as nc."""

from __future__ import annotations

from ..core import exits
from ..core.config import Config
from ..core.events import Accepted, Failed, Report
from ..engine.boundary import as_failure, ends_program
from ..transports import listen
from ..transports.conn import Listener
from ..transports.stdio import Stdio
from .announce import announce
from .common import options_of
from .reach import check_listener, welcome
from .talk import Talk, talking


def run(config: Config, stdio: Stdio, report: Report) -> int:
    """Listen and serve. Raises PyncError, OutputGone."""
    assert config.address is not None
    options = options_of(config, report)
    check_listener(config)
    with talking(config, stdio, report) as talk, listen(config.address, options) as listener:
        announce(listener, config, report)
        if config.keep_open:
            _serve_for_ever(config, listener, report, talk)
            return exits.OK
        with welcome(listener.accept(config.accept_timeout), config, report) as conn:
            # Nobody else is served: let the next client be refused, not wait.
            listener.close_for_others()
            report(Accepted(conn.peer))
            talk(conn)
    return exits.OK


def _serve_for_ever(config: Config, listener: Listener, report: Report, talk: Talk) -> None:
    while True:
        accepted = listener.accept(config.accept_timeout)
        try:
            with welcome(accepted, config, report) as conn:
                report(Accepted(conn.peer))
                if talk(conn):
                    return
        except Exception as error:
            if ends_program(error):
                raise
            report(Failed(as_failure(error, accepted.peer)))
