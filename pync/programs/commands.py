"""Commands of many clients at once, in one loop (``--exec`` with -k).

A client counts until its command has ended, even if its connection has ended before; so --max-conns
limits the number of running commands. A command is ended if its client resets or times out.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from ..core.endings import Endings
from ..core.errors import ExecError, RelayError
from ..core.events import Event, PeerEnded, Report
from ..core.server_events import Accepted, Failed
from ..core.typed import TYPE_CHECKING
from ..engine.boundary import Boundary, as_failure
from ..engine.idle import IdleTimer, idle_timeout
from ..engine.loop import Loop, Scheduler
from ..engine.pipeline import Pipeline
from ..engine.protocols import break_off
from ..engine.relay import Relay
from ..transports.child import GRACE, Process
from ..transports.conn import Conn
from ..transports.listener import Listener
from ..transports.process import end_all, start, variables
from ..waiting.readiness import is_hung_up
from .shared.acceptor import Acceptor
from .shared.listening import ListenSetup

if TYPE_CHECKING:
    from typing import Any

#: The default limit of commands at once; the same as in ncat.
MOST_COMMANDS = 100

#: The default time in seconds: when a command's UDP peer has been silent for so long, the command's
#: input ends; after the same time again, the command is ended.
SILENCE = 60.0

#: Seconds between two checks of commands that are about to end: from the first value to the last.
FIRST_REAP, LAST_REAP = 0.002, 0.1

#: Seconds in which a command usually ends after it has closed its output.
EXIT_AFTER_OUTPUT = 0.2

#: Seconds between two checks of clients that have ended their direction: a reset after that makes
#: no descriptor readable.
HANGUP_CHECK = 1.0


class _Client:
    """A client, and its command once there is one."""

    def __init__(self, conn: Conn) -> None:
        self.conn = conn
        self.process: Process | None = None
        self.relay: Relay | None = None
        self.has_ended = False

    def note(self, event: Event) -> None:
        """Record an event of the relay."""
        self.has_ended = self.has_ended or isinstance(event, PeerEnded)


class Commands:
    """A server that runs a command for each client.

    Arguments:
        words: the command.
        endings: those of each connection.
        pipeline: makes the pipeline of one connection.
        setup: which clients to accept.
        listener: of streams, or of datagram peers.
        report: called with events about clients.
    """

    def __init__(
        self,
        words: list[str],
        endings: Endings,
        pipeline: Callable[[], Pipeline],
        setup: ListenSetup,
        listener: Listener,
        report: Report,
    ) -> None:
        self._words = words
        self._endings = endings
        self._pipeline = pipeline
        self._report = report
        self._loop = Loop()
        self._clients: dict[_Client, None] = {}
        #: Commands whose connection is over, and when to send them SIGKILL.
        self._leaving: dict[Process, float | None] = {}
        self._pause = FIRST_REAP
        self._waits = False
        most = MOST_COMMANDS if setup.max_conns is None else setup.max_conns
        self._acceptor = Acceptor(
            self._loop,
            setup._replace(max_conns=most),
            listener,
            report,
            self._begin,
            # Starting a command takes long, so others are served after each.
            at_once=1,
            clearing=self._is_clearing,
        )

    def serve(self) -> None:
        """Serve until a signal ends it."""
        with self._loop:
            try:
                self._acceptor.open()
                self._loop.call_every(HANGUP_CHECK, self._look_for_hangups)
                self._loop.run_while(lambda: True)
            finally:
                self._acceptor.close()
                left = [self._part(client, ended=False) for client in list(self._clients)]
                end_all([process for process in left if process is not None] + [*self._leaving])

    def _begin(self, conn: Conn) -> None:
        self._report(
            Accepted(conn.peer, conn.local, handshake=conn.times.in_milliseconds().handshake)
        )
        client = _Client(conn)
        self._clients[client] = None
        boundary = Boundary(self._loop, lambda error: self._failed(client, error))
        with boundary:
            told = variables(conn.local, conn.peer)
            client.process = start(self._words, told, session=True)
            endings = self._endings
            silent = conn if conn.datagram else None
            if silent is not None:
                endings = endings._replace(idle=None)  # see _await_silence
            client.relay = Relay(
                boundary,
                client.process,
                conn,
                endings,
                self._pipeline(),
                client.note,
                lambda relay: self._finished(client, relay.failure),
            )
            client.relay.start()
            if silent is not None:
                self._await_silence(boundary, client, silent)

    # The end of clients.

    def _finished(self, client: _Client, failure: Exception | None) -> None:
        if failure is not None:
            self._report(Failed(failure))
        self._let_go(client, ends=failure is not None)

    def _failed(self, client: _Client, error: Exception) -> None:
        if client.relay is not None:
            client.relay.stop()
        if not isinstance(error, ExecError):
            break_off(client.conn)
        self._finished(client, as_failure(error, client.conn.peer))

    def _part(self, client: _Client, *, ended: bool) -> Process | None:
        """Remove a client; return its command, which may still run.

        ``ended``: whether the command itself has ended the connection.
        """
        del self._clients[client]
        if client.relay is not None:
            client.relay.stop()
        if client.process is not None:
            client.process.close()
        if ended:
            client.conn.close()
        else:
            client.conn.drop()
        return client.process

    def _let_go(self, client: _Client, *, ends: bool) -> None:
        process = self._part(client, ended=not ends)
        if process is None:
            self._acceptor.left()
            return
        if ends:
            process.terminate()
        self._leaving[process] = time.monotonic() + GRACE if ends else None
        self._pause = FIRST_REAP
        self._reap()

    def _reap(self) -> None:
        now = time.monotonic()
        for process, kill_at in list(self._leaving.items()):
            if process.status is not None:
                process.wait()
                del self._leaving[process]
                self._acceptor.left()
            elif kill_at is not None and now >= kill_at:
                process.kill()
                self._leaving[process] = None
        if self._leaving and not self._waits:
            self._waits = True
            self._loop.call_later(self._pause, self._reap_again)

    def _reap_again(self) -> None:
        self._waits = False
        self._pause = min(2 * self._pause, LAST_REAP)
        self._reap()

    def _is_clearing(self) -> bool:
        """Return whether a command is about to end: its output ended only a moment ago."""
        self._reap()
        lately = time.monotonic() - EXIT_AFTER_OUTPUT
        processes = (*self._leaving, *(client.process for client in self._clients))
        ended = (process.output_ended_at for process in processes if process is not None)
        return any(at is not None and at > lately for at in ended)

    # Clients that are gone although no descriptor shows it.

    def _look_for_hangups(self) -> None:
        for client in list(self._clients):
            if client.has_ended and is_hung_up(client.conn.fileno()):
                reset = RelayError("relay", client.conn.peer, "connection reset by peer")
                self._finished(client, reset)

    def _await_silence(self, loop: Scheduler, client: _Client, conn: Any) -> None:
        seconds = self._endings.idle or SILENCE

        def silent() -> None:
            if client in self._clients:
                # The command may still send the rest of its output.
                conn.detach()
                assert client.relay is not None
                client.relay.end_received()
                loop.call_later(seconds, end)

        def end() -> None:
            if client in self._clients:
                self._finished(client, idle_timeout(conn.peer, seconds))

        IdleTimer(loop, seconds, silent, last=lambda: conn.heard_at).start()
