"""Commands connected with a peer (``--exec``, ``--sh-exec``), as client and as listener.

A listener with -k serves all its clients at once (commands.py). The exit status of a single
command is the program's.
"""

from __future__ import annotations

from collections.abc import Callable

from ..core import exits
from ..core.address import DATAGRAMS
from ..core.endings import Endings
from ..core.events import Connected, Report
from ..core.server_events import Accepted
from ..core.typed import NamedTuple
from ..engine.pipeline import Pipeline
from ..engine.relay import relay
from ..transports import listen
from ..transports.conn import Conn
from ..transports.listener import Listener
from ..transports.process import start, variables
from .shared.announce import announce
from .shared.connect import DialSetup, connect
from .shared.listening import ListenSetup, prepare
from .shared.reception import Reception
from .shared.served import serve_clients


class ExecSetup(NamedTuple):
    """The command, and where its connections come from.

    ``endings``: those of each connection. ``pipeline``: makes the pipeline of one connection.
    ``reconnect``: seconds after which a client connects again; None: never.
    """

    peers: DialSetup | ListenSetup
    words: list[str]
    endings: Endings
    pipeline: Callable[[], Pipeline] = Pipeline
    reconnect: float | None = None


def run(setup: ExecSetup, report: Report) -> int:
    """Connect or listen, and run the command. Raises PyncError."""
    peers = setup.peers
    if isinstance(peers, DialSetup):
        return _connect(setup, peers, report)
    prepare(peers)
    if peers.keep_open:
        return _listen_for_many(setup, peers, report)
    with listen(peers.address, peers.options) as listener:
        announce(listener, peers, report)
        with Reception(listener, peers, report) as reception, reception.accept() as conn:
            listener.close_for_others()
            reception.close()
            report(
                Accepted(conn.peer, conn.local, handshake=conn.times.in_milliseconds().handshake)
            )
            return _serve(setup, conn)


def _connect(setup: ExecSetup, peers: DialSetup, report: Report) -> int:
    if setup.reconnect is not None:
        from .shared.again import Again

        again = Again(setup.reconnect, Connected, report)
        again.run(lambda: _serve_dialled(setup, peers, again.report), peers.address)
    return _serve_dialled(setup, peers, report)


def _serve_dialled(setup: ExecSetup, peers: DialSetup, report: Report) -> int:
    with connect(peers, report) as conn:
        report(Connected(conn.peer, peers.address.host, *conn.times.in_milliseconds()))
        return _serve(setup, conn)


def _serve(setup: ExecSetup, conn: Conn) -> int:
    with start(setup.words, variables(conn.local, conn.peer)) as process:
        relay(process, conn, setup.endings, setup.pipeline())
        process.close()
        return process.wait()


def _listen_for_many(setup: ExecSetup, peers: ListenSetup, report: Report) -> int:
    # Import before listening: later there may be no free descriptor for an import.
    from ..transports.peers import by_peer
    from .commands import Commands

    if peers.tls is not None and peers.address.scheme in DATAGRAMS:
        from .shared.dtls_securing import listening as dtls_listening

    def serve(peers: ListenSetup, listener: Listener, report: Report) -> None:
        # Datagrams: a command for each peer; Commands detects silent peers.
        clients = listener
        if peers.tls is not None and peers.address.scheme in DATAGRAMS:
            clients = dtls_listening(listener, peers.tls, peers.options)
        elif peers.address.scheme in DATAGRAMS:
            clients = by_peer(listener)
        Commands(setup.words, setup.endings, setup.pipeline, peers, clients, report).serve()

    serve_clients(peers, report, serve)
    return exits.OK
