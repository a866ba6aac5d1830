"""Repeating a task after its end or failure (``--reconnect``)."""

from __future__ import annotations

import time
from collections.abc import Callable

from ...core.events import Event, Report
from ...core.server_events import Failed
from ...core.typed import TYPE_CHECKING
from ...engine.boundary import as_failure, ends_program

if TYPE_CHECKING:
    from typing import NoReturn


class Again:
    """A repeater: runs a task again and again, until a signal or a failure of pync ends it.

    A failure is not reported again while it repeats, unless a try was successful in between.
    (Otherwise a server that is down for a night would cause ten thousand lines.)

    Arguments:
        pause: seconds between two tries.
        reached: the class of the event that a successful try reports.
        report: called with events.
    """

    def __init__(self, pause: float, reached: type[Event], report: Report) -> None:
        self._pause = pause
        self._reached = reached
        self._report = report
        self._said = ""

    def report(self, event: Event) -> None:
        """Report an event of the task; the task must use this instead of ``report``."""
        if isinstance(event, self._reached):
            self._said = ""
        self._report(event)

    def run(self, once: Callable[[], object], peer: object) -> NoReturn:
        """Run the task again and again. Raises what ends the program.

        Arguments:
            once: the task.
            peer: the address that its failures are about.
        """
        while True:
            try:
                once()
            except Exception as error:
                if ends_program(error):
                    raise
                self._tell(Failed(as_failure(error, peer)))
            time.sleep(self._pause)

    def _tell(self, failed: Failed) -> None:
        if str(failed.error) != self._said:
            self._said = str(failed.error)
            self._report(failed)
