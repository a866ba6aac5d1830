"""The server: listen, accept, relay; one client after the other with ``-k``, as nc."""

from __future__ import annotations

from ..core import exits
from ..core.config import Config
from ..core.errors import OutputError, PyncError
from ..core.events import Accepted, Failed, Listening, Report
from ..engine.relay import relay
from ..transports import listen
from ..transports.conn import Conn, Listener
from ..transports.stdio import Stdio
from .common import options_of, tuning_of
from .reach import welcome


def run(config: Config, stdio: Stdio, report: Report) -> int:
    """Listen and serve. Raises PyncError, OutputGone."""
    assert config.address is not None
    with listen(config.address, options_of(config, report)) as listener:
        for address in listener.addresses:
            report(Listening(address))
        if not config.keep_open:
            with welcome(listener.accept(), config, report) as conn:
                # Nobody else is served: let the next client be refused, not wait.
                listener.close_for_others()
                _serve(config, stdio, conn, report)
            return exits.OK
        _serve_for_ever(config, stdio, listener, report)
    return exits.OK


def _serve_for_ever(config: Config, stdio: Stdio, listener: Listener, report: Report) -> None:
    while True:
        accepted = listener.accept()
        try:
            with welcome(accepted, config, report) as conn:
                if _serve(config, stdio, conn, report):
                    return
        except OutputError:
            raise
        except PyncError as error:
            # One client's failure is no reason to leave the others.
            report(Failed(error))


def _serve(config: Config, stdio: Stdio, conn: Conn, report: Report) -> bool:
    """Whether it got what it was to wait for (--until, --count): then no other is served."""
    report(Accepted(conn.peer))
    tuning = tuning_of(config)
    relay(stdio, conn, config.endings, tuning, report)
    return tuning.until is not None and tuning.until.met
