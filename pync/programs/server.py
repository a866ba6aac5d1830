"""The server: listen, accept, relay; one client after the other with ``-k``, as nc."""

from __future__ import annotations

from ..core import exits
from ..core.config import Config
from ..core.events import Accepted, Failed, Report
from ..engine.boundary import as_failure, ends_program
from ..transports import listen
from ..transports.stdio import Stdio
from .shared.announce import announce
from .shared.connect import check_listener
from .shared.options import options_of
from .shared.reception import Reception
from .shared.talk import Talk, talking


def run(config: Config, stdio: Stdio, report: Report) -> int:
    """Listen and serve. Raises PyncError, OutputGone."""
    assert config.address is not None
    options = options_of(config, report)
    check_listener(config)
    with talking(config, stdio, report) as talk, listen(config.address, options) as listener:
        announce(listener, config, report)
        if config.keep_open:
            with Reception(listener, config, report) as reception:
                _serve_for_ever(reception, report, talk)
            return exits.OK
        with Reception(listener, config, report) as reception, reception.accept() as conn:
            # Nobody else is served: let the next client be refused, not wait.
            listener.close_for_others()
            reception.close()
            report(Accepted(conn.peer))
            talk(conn)
    return exits.OK


def _serve_for_ever(reception: Reception, report: Report, talk: Talk) -> None:
    while True:
        conn = reception.accept()
        try:
            with conn:
                report(Accepted(conn.peer))
                if talk(conn):
                    return
        except Exception as error:
            if ends_program(error):
                raise
            report(Failed(as_failure(error, conn.peer)))
