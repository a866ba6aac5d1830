"""Several processes that serve one port (``--workers``): starting, watching and ending them.

The listening sockets belong to the parent process, which does not accept. Over TCP on Linux each
worker has a socket of its own, and the kernel distributes the clients (SO_REUSEPORT, socket(7)).
On other systems, and with Unix and inherited sockets, all workers accept from the same socket. When
a worker dies, only its clients are lost: those in the queue of its socket, which is still open in
the parent, are served by its successor.

Datagrams need a socket for each worker (UDP, Linux). The kernel chooses it by the addresses and
ports of both sides and by the number of sockets, so all stay open in the parent until the end: a
peer has the same worker, or its successor, as long as it sends from the same port.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

from ...core import exits
from ...core.errors import OutputGone, PyncError, RelayError, Terminated, UsageError
from ...core.events import Event, Report
from ...core.server_events import Counted, Failed, Held, Reloaded, WorkerLost
from ...core.typed import NamedTuple
from ...engine.boundary import as_failure
from ...engine.loop import Loop
from ...engine.signals import ENDING, heard
from ...transports import listen
from ...transports.listener import Listener
from ...waiting import wakeup
from .announce import announce
from .listening import ListenSetup
from .place import Board, Place, lifeline

#: Serves clients until a signal: in a worker, with its listener. Raises what ends the program.
Serve = Callable[[ListenSetup, Listener, Report], None]

#: The shortest time in seconds between two starts of a worker that dies again and again.
RESTART_PAUSE = 1.0

#: Seconds that workers have to end, in addition to those of --drain.
END_TIMEOUT = 5.0

#: A worker's exit status for an error that ends the whole program (already reported), and for an
#: unexpected one.
_FAILED, _FAULT = 100, 101

#: Schemes for which each worker can have a socket of its own (Linux).
_OF_UDP = ("udp", "udp4", "udp6")
_SHARED_PORTS = ("tcp", "tcp4", "tcp6", *_OF_UDP)


class Watch(NamedTuple):
    """How the parent process controls its workers.

    ``drain``: seconds that they have to end. ``tells``: pass SIGUSR1 on to them. ``reload``:
    reads the files of the listeners again in the parent, so that new workers have them; None:
    there are no files, and SIGHUP ends the program.
    """

    drain: float = 0.0
    tells: bool = False
    reload: Callable[[list[Listener]], None] | None = None


def supervise(setup: ListenSetup, report: Report, serve: Serve, watch: Watch) -> None:
    """Listen, and let workers serve until a signal ends them all. Raises the signal's exception.

    Raises UsageError where there is no fork(2), ListenError.
    """
    if not hasattr(os, "fork"):
        raise UsageError("--workers needs fork(2), which this system does not have")
    with ExitStack() as stack:
        listeners = _listeners(setup, stack)
        announce(listeners[0], setup, report)
        # (SIGCHLD has to wake the loop, too.)
        stack.enter_context(wakeup.installed())
        loop = stack.enter_context(Loop())
        team = _Team(setup, listeners, loop, report, serve, watch)
        stack.callback(team.close)
        with heard(loop, team.signals()):
            team.start()
            loop.run_while(lambda: not team.over)
        if team.ended_by is not None:
            raise team.ended_by


def _listeners(setup: ListenSetup, stack: ExitStack) -> list[Listener]:
    """Return a listener for each worker; the same one for all where they cannot have their own."""
    address, options, count = setup.address, setup.options, setup.workers
    if address.scheme in _OF_UDP and not sys.platform.startswith("linux"):
        raise UsageError("--workers and -u: only Linux keeps a peer on one of several sockets")
    if address.scheme not in _SHARED_PORTS or not sys.platform.startswith("linux"):
        return [stack.enter_context(listen(address, options))] * count
    if address.service != "0":
        # With a shared port, another listener of this user that shares it too would not be
        # noticed. So listen once without sharing: the system reports a port that is in use.
        listen(address, options).close()
    options = options._replace(shares_port=True)
    listeners: list[Listener] = []
    for _ in range(count):
        listeners.append(stack.enter_context(listen(address, options)))
        address = address._replace(service=listeners[0].address.service)
    return listeners


class _Team:
    """The workers.

    Arguments:
        listeners: one for each worker.
        loop: the parent's loop.
    """

    def __init__(
        self,
        setup: ListenSetup,
        listeners: list[Listener],
        loop: Loop,
        report: Report,
        serve: Serve,
        watch: Watch,
    ) -> None:
        #: The exception that the program ends with, once all workers have ended.
        self.ended_by: BaseException | None = None
        self._setup = setup
        self._listeners = listeners
        self._loop = loop
        self._report = report
        self._serve = serve
        self._watch = watch
        self._board = Board(setup.workers)
        self._parent, self._alive = lifeline()
        self._numbers: dict[int, int] = {}
        self._began: dict[int, float] = {}
        self._ends = False
        #: The earlier signal handlers, which workers restore.
        names = (*ENDING, "SIGUSR1", "SIGCHLD")
        found = (getattr(signal, name) for name in names)
        self._handlers = {number: signal.getsignal(number) for number in found}

    @property
    def over(self) -> bool:
        """Whether all workers have ended, and no new one will start."""
        return self._ends and not self._numbers

    def signals(self) -> dict[str, Callable[[], None]]:
        """Return the callbacks by the names of signals."""
        ending = {name: self._ending(name) for name in ENDING}
        if self._watch.reload is not None:
            ending["SIGHUP"] = self._reload
        if self._watch.tells:
            ending["SIGUSR1"] = lambda: self._tell_all(signal.SIGUSR1)
        return {**ending, "SIGCHLD": self._reap}

    def start(self) -> None:
        """Start all workers."""
        # The collector does not touch frozen objects, so workers need no copies of their memory.
        gc.freeze()
        for number in range(1, self._setup.workers + 1):
            self._start(number)

    def close(self) -> None:
        """Kill all workers that are left. Idempotent."""
        self._tell_all(signal.SIGKILL)
        for pid in list(self._numbers):
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)
        self._numbers.clear()
        for descriptor in (self._parent, self._alive):
            if descriptor != -1:
                os.close(descriptor)
        self._parent = self._alive = -1

    # Starting.

    def _start(self, number: int) -> None:
        if self._ends:
            return
        self._began[number] = time.monotonic()
        # A worker must not receive a signal before it has its own handlers (see Place).
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, self._handlers)
        try:
            pid = os.fork()
        except OSError as error:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            self._lose(number, f"could not be started: {error.strerror}")
            return
        if not pid:
            _become_worker(lambda: self._work(number, blocked))
        self._numbers[pid] = number
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    def _work(self, number: int, mask: set[signal.Signals] | set[int]) -> int:
        """Run a worker; return its exit status."""
        wakeup.renew()
        for each, handler in self._handlers.items():
            signal.signal(each, handler)
        os.close(self._alive)
        mine = self._listeners[number - 1]
        for listener in self._listeners:
            (listener.disown if listener is mine else listener.let_go)()
        place = Place(number, self._board, self._parent, mask)
        report = _reports(self._report, number)
        try:
            self._serve(self._setup._replace(place=place), mine, report)
        except Terminated as ended:
            return ended.status
        except KeyboardInterrupt:
            return exits.INTERRUPTED
        except (PyncError, UsageError, OutputGone) as error:
            report(Failed(error))
            return _FAILED
        except Exception as error:  # noqa: BLE001 - another worker replaces this one
            report(Failed(as_failure(error, mine.address)))
            return _FAULT
        return exits.OK

    # Ending.

    def _ending(self, name: str) -> Callable[[], None]:
        number = getattr(signal, name, None)
        if number is None:
            return lambda: None
        by = KeyboardInterrupt() if name == "SIGINT" else Terminated(number)
        if name == "SIGTERM" and self._watch.drain:
            return lambda: self._end(number, None)
        return lambda: self._end(number, by)

    def _end(self, number: int, by: BaseException | None) -> None:
        """Pass on a signal that ends the workers; a second one ends the drain of the first."""
        if not self._ends:
            self._ends = True
            if self._setup.address.scheme not in _OF_UDP:
                for listener in self._listeners:
                    listener.close()
            seconds = self._watch.drain + END_TIMEOUT
            self._loop.call_later(seconds, lambda: self._tell_all(signal.SIGKILL))
        self.ended_by = by if self.ended_by is None else self.ended_by
        self._tell_all(number)

    def _tell_all(self, number: int) -> None:
        for pid in self._numbers:
            # (Before waitpid(2), the system does not give a child's number to another process.)
            os.kill(pid, number)

    def _reload(self) -> None:
        """Read the files again; if they are valid, let the workers read them, too."""
        assert self._watch.reload is not None
        try:
            self._watch.reload(self._listeners)
        except (PyncError, UsageError) as error:
            self._report(Failed(error))
            return
        self._report(Reloaded())
        self._tell_all(signal.SIGHUP)

    # Workers that have died.

    def _reap(self) -> None:
        for pid, number in list(self._numbers.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended:
                continue
            del self._numbers[pid]
            self._board.set_clients(number, 0)
            code = os.waitstatus_to_exitcode(status)
            if code == _FAILED:
                failure = RelayError("serve", self._setup.address, f"worker {number} has failed")
                self._end(signal.SIGTERM, failure)
            elif not self._ends:
                self._lose(number, _cause(code))

    def _lose(self, number: int, cause: str) -> None:
        self._report(WorkerLost(number, cause))
        pause = self._began[number] + RESTART_PAUSE - time.monotonic()
        self._loop.call_later(max(0.0, pause), lambda: self._start(number))


def _become_worker(work: Callable[[], int]) -> None:
    """Run a worker in the process that fork(2) has made, without the cleanup of the parent."""
    status = _FAULT
    try:
        status = work()
    finally:
        os._exit(status)


def _reports(report: Report, number: int) -> Report:
    """Return a worker's report function; it adds the worker's number to the list of clients."""

    def told(event: Event) -> None:
        if isinstance(event, (Held, Counted)):
            event = event._replace(worker=number)
        if not isinstance(event, Reloaded):  # the parent reports it once for all
            report(event)

    return told


def _cause(code: int) -> str:
    if code >= 0:
        return f"ended with status {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"
