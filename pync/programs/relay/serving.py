"""Running a relay of many sessions until a signal ends it.

SIGTERM ends it at once, or with --drain when all sessions or their time have ended; a second
SIGTERM ends it at once. SIGUSR1 lists the sessions. SIGHUP reads access lists and certificates
again, if they are in files.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from ...core.errors import PyncError, UsageError
from ...core.events import Report
from ...core.server_events import Counted, Failed, Held, Reloaded
from ...engine.loop import Loop
from ...engine.signals import heard
from .inside import Inside, One


def serve(
    clients: Inside,
    loop: Loop,
    report: Report,
    drain: float | None,
    reload: Callable[[], None] | None,
) -> None:
    """Serve until a signal ends the relay. Raises the signal's exception.

    Arguments:
        clients: the sessions in this loop.
        report: called with the list of sessions.
        drain: seconds that sessions have to end after SIGTERM.
        reload: reads files again. Raises UsageError, PyncError.
    """
    draining = _Drain(clients, loop, drain or 0)
    callbacks = {"SIGUSR1": lambda: _tell(clients, report)}
    if reload is not None:
        callbacks["SIGHUP"] = lambda: _read_again(reload, report)
    if drain:
        callbacks["SIGTERM"] = draining.terminate
    try:
        with heard(loop, callbacks):
            clients.open()
            loop.run_while(draining.goes_on)
    finally:
        clients.break_off()


class _Drain:
    """The time that sessions have to end after SIGTERM.

    Arguments:
        seconds: its length.
    """

    def __init__(self, clients: Inside, loop: Loop, seconds: float) -> None:
        self._clients = clients
        self._loop = loop
        self._seconds = seconds
        self._begun = self._expired = False

    def goes_on(self) -> bool:
        """Return whether the relay is not to end yet."""
        return not self._begun or (not self._expired and bool(self._clients.sessions))

    def terminate(self) -> None:
        """Start the drain, for SIGTERM; the second call ends it."""
        if self._begun:
            self._expired = True
            return
        self._begun = True
        self._clients.last_call()
        self._loop.call_later(self._seconds, self.terminate)


def _tell(clients: Inside, report: Report) -> None:
    now = time.monotonic()
    inside: list[One] = [*clients.sessions]
    sessions = sorted(inside, key=lambda session: session.began)
    for session in sessions:
        target = None if session.target is None else session.target.peer
        report(Held(session.client.peer, target, *session.moved, now - session.began))
    report(Counted(len(sessions)))


def _read_again(reload: Callable[[], None], report: Report) -> None:
    try:
        reload()
    except (PyncError, UsageError) as error:
        # The files read before stay in use.
        report(Failed(error))
    else:
        report(Reloaded())
