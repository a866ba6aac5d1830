"""The server: listen, accept, relay; with ``-k`` one client after the other, as in nc."""

from __future__ import annotations

from ..core import exits
from ..core.events import Report
from ..core.server_events import Accepted, Failed
from ..engine.boundary import as_failure, ends_program
from ..transports import listen
from ..transports.stdio import Stdio
from .shared.announce import announce
from .shared.listening import ListenSetup, prepare
from .shared.reception import Reception
from .shared.talk import Talk, TalkSetup, talking


def run(setup: ListenSetup, talk_setup: TalkSetup, stdio: Stdio, report: Report) -> int:
    """Listen and serve. Raises PyncError, OutputGone."""
    prepare(setup)
    with (
        talking(talk_setup, stdio, report) as talk,
        listen(setup.address, setup.options) as listener,
    ):
        announce(listener, setup, report)
        if setup.keep_open:
            with Reception(listener, setup, report) as reception:
                _serve_for_ever(reception, report, talk)
            return exits.OK
        with Reception(listener, setup, report) as reception, reception.accept() as conn:
            # Only this client is served. The next one must be refused instead of waiting.
            listener.close_for_others()
            reception.close()
            report(
                Accepted(conn.peer, conn.local, handshake=conn.times.in_milliseconds().handshake)
            )
            talk(conn)
    return exits.OK


def _serve_for_ever(reception: Reception, report: Report, talk: Talk) -> None:
    while True:
        conn = reception.accept()
        try:
            with conn:
                report(
                    Accepted(
                        conn.peer, conn.local, handshake=conn.times.in_milliseconds().handshake
                    )
                )
                if talk(conn):
                    return
        except Exception as error:
            if ends_program(error):
                raise
            report(Failed(as_failure(error, conn.peer)))
