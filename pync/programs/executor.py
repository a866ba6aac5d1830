"""Commands behind connections (``--exec``, ``--sh-exec``), as client and as listener.

A listener that stays (-k) serves all its clients at once, in one loop. Children are
reaped, and a single one's exit status is ours.
"""

from __future__ import annotations

from ..core import exits
from ..core.config import Config, Endings
from ..core.errors import PyncError
from ..core.events import Accepted, Connected, Failed, Report
from ..engine.loop import Loop
from ..engine.relay import Relay, relay
from ..transports import listen
from ..transports.conn import Conn, Listener
from ..transports.process import Process, start, variables, words_of
from ..transports.stdio import Stdio
from .announce import announce
from .common import options_of
from .door import Door
from .reach import check_listener, connect
from .reception import Reception
from .tuned import tuning_of

#: Seconds between two looks at children that are on their way out.
PAUSE = 0.1


def run(config: Config, _stdio: Stdio, report: Report) -> int:
    """Connect or listen, and run the command. Raises PyncError."""
    command = config.sh_exec if config.sh_exec is not None else config.exec
    assert command is not None
    words = words_of(command, shell=config.sh_exec is not None)
    if not config.listen:
        with connect(config, report) as conn:
            assert config.address is not None
            report(Connected(conn.peer, config.address.host))
            return _serve(config, words, conn)
    assert config.address is not None
    check_listener(config)
    with listen(config.address, options_of(config, report)) as listener:
        announce(listener, config, report)
        if config.keep_open and not config.udp:
            _Crowd(config, words, listener, report).serve()
            return exits.OK
        with Reception(listener, config, report) as reception, reception.accept() as conn:
            listener.close_for_others()
            reception.close()
            report(Accepted(conn.peer))
            return _serve(config, words, conn)


def _serve(config: Config, words: list[str], conn: Conn) -> int:
    with start(words, variables(conn.local, conn.peer)) as process:
        relay(process, conn, _endings(config), tuning_of(config))
        process.close()
        return process.wait()


def _endings(config: Config) -> Endings:
    # The command decides when it is over: with its last word the connection ends.
    return Endings(
        on_peer_end="stay",
        leave_when_sent=True,
        shutdown=config.endings.shutdown,
        idle=config.endings.idle,
    )


class _Crowd:
    """Every client with a command of its own, at once."""

    def __init__(
        self, config: Config, words: list[str], listener: Listener, report: Report
    ) -> None:
        self._config = config
        self._words = words
        self._report = report
        self._loop = Loop()
        self._clients: dict[Relay, tuple[Process, Conn]] = {}
        self._leaving: list[Process] = []
        self._door = Door(self._loop, config, listener, report, self._begin)

    def serve(self) -> None:
        """Serve until a signal ends it."""
        with self._loop:
            try:
                self._door.open()
                self._loop.run_while(lambda: True)
            finally:
                self._door.close()
                for running, (process, conn) in list(self._clients.items()):
                    running.stop()
                    process.close()
                    conn.close()
                    self._leaving.append(process)
                for process in self._leaving:
                    process.terminate()
                    process.wait()

    def _begin(self, conn: Conn) -> None:
        self._report(Accepted(conn.peer))
        try:
            process = start(self._words, variables(conn.local, conn.peer))
        except PyncError as error:
            conn.close()
            self._door.left()
            self._report(Failed(error))
            return
        running = Relay(
            self._loop,
            process,
            conn,
            _endings(self._config),
            tuning_of(self._config),
            finished=self._finished,
        )
        self._clients[running] = process, conn
        running.start()

    def _finished(self, relay_: Relay) -> None:
        process, conn = self._clients.pop(relay_)
        process.close()
        if relay_.failure is None:
            conn.close()
        else:
            conn.drop()
        self._door.left()
        if relay_.failure is not None:
            self._report(Failed(relay_.failure))
        if process.status is None:
            self._leaving.append(process)
            if len(self._leaving) == 1:
                self._loop.call_later(PAUSE, self._reap)

    def _reap(self) -> None:
        self._leaving = [process for process in self._leaving if process.status is None]
        if self._leaving:
            self._loop.call_later(PAUSE, self._reap)
