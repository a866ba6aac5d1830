"""Clients that come back (``--reconnect``): what is over, or could not begin, is done again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NoReturn

from ...core.events import Event, Failed, Report
from ...engine.boundary import as_failure, ends_program


class Again:
    """Does something again and again, until a signal or a failure of ours ends it.

    A failure is reported once: when it is not the one before it, or something was reached
    in between. (A server that is away for a night would else make ten thousand lines.)

    Arguments:
        pause: seconds between two times.
        reached: the event that says that it has begun well.
        report: is told what happens.
    """

    def __init__(self, pause: float, reached: type[Event], report: Report) -> None:
        self._pause = pause
        self._reached = reached
        self._report = report
        self._said = ""

    def report(self, event: Event) -> None:
        """What it has to report to that is done again."""
        if isinstance(event, self._reached):
            self._said = ""
        self._report(event)

    def run(self, once: Callable[[], object], peer: object) -> NoReturn:
        """Do it. Raises what ends the program.

        Arguments:
            once: returns or raises.
            peer: what it is about.
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
