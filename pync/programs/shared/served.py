"""Listening for clients that are served side by side: in one process, or several (--workers)."""

from __future__ import annotations

from collections.abc import Callable

from ...core.events import Report
from ...core.typed import TYPE_CHECKING
from ...transports import listen
from ...transports.listener import Listener
from .announce import announce
from .listening import ListenSetup

if TYPE_CHECKING:
    from .workers import Serve


def serve_clients(
    setup: ListenSetup,
    report: Report,
    serve: Serve,
    *,
    drain: float | None = None,
    tells: bool = False,
    reload: Callable[[list[Listener]], None] | None = None,
) -> None:
    """Listen, and serve until a signal. Raises the signal's exception, PyncError, UsageError.

    Arguments:
        setup: where to listen, and in how many processes.
        serve: serves the clients of a listener; in a worker, ``place`` of its setup is set.
        drain: seconds that clients have to end after SIGTERM.
        tells: whether SIGUSR1 lists the clients.
        reload: reads again the files of listeners and new workers. Raises UsageError.
    """
    if setup.workers > 1:
        from .workers import Watch, supervise

        supervise(setup, report, serve, Watch(drain or 0.0, tells, reload))
        return
    with listen(setup.address, setup.options) as listener:
        announce(listener, setup, report)
        serve(setup, listener, report)
