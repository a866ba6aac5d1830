"""Errors that one client causes end that client only.

A server gives each client a Boundary in place of the loop. An exception in one of the client's
callbacks is passed to the server, which reports it and drops the client; the loop, and so
the other clients, continue:

    boundary = Boundary(loop, failed)
    with boundary:
        session = Session(boundary, conn)
        session.start()

A server that serves one client after the other calls ``ends_program`` instead.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..core.errors import OutputError, OutputGone, PyncError, RelayError, UsageError, cause_of
from ..core.typed import TYPE_CHECKING
from .loop import Callback, Loop, Timer

if TYPE_CHECKING:
    from types import TracebackType
    from typing import ParamSpec

    from typing_extensions import Self

    P = ParamSpec("P")

#: Failures of the program itself: our own output, or the command line.
_OURS = (OutputError, OutputGone, UsageError)


def ends_program(error: BaseException) -> bool:
    """Return whether an error raised while serving one client must end the whole program."""
    return isinstance(error, _OURS) or not isinstance(error, Exception)


def as_failure(error: Exception, peer: object) -> PyncError:
    """Return the error as a PyncError about ``peer``, to be reported in one line."""
    if isinstance(error, PyncError):
        return error
    if isinstance(error, OSError):
        return RelayError("relay", peer, cause_of(error))
    # Unexpected: a bug in pync, or in a parser that it uses.
    return RelayError("relay", peer, f"internal error: {type(error).__name__}: {error}")


class Boundary:
    """The loop, as one client may use it.

    Arguments:
        loop: calls the callbacks.
        failed: called once, with the exception that a callback or the ``with`` block raised.
            No callback is called through this boundary afterwards. Errors that end the
            program (see ends_program) are raised instead.
    """

    def __init__(self, loop: Loop, failed: Callable[[Exception], None]) -> None:
        self._loop = loop
        self._failed = failed
        self._over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if error is None or not isinstance(error, Exception) or ends_program(error):
            return False
        self._fail(error)
        return True

    def leave(self) -> None:
        """Call no callback any more: the client has left, and watches nothing. Idempotent."""
        self._over = True
        # Break the reference cycle with the owner now, not in the garbage collector.
        self._failed = _ignore

    def watch_reader(self, descriptor: int, callback: Callback | None) -> None:
        """Call ``callback`` while the descriptor is readable; None ends the watch."""
        self._loop.watch_reader(descriptor, callback, self._caught)

    def watch_writer(self, descriptor: int, callback: Callback | None) -> None:
        """Call ``callback`` while the descriptor is writable; None ends the watch."""
        self._loop.watch_writer(descriptor, callback, self._caught)

    def call_later(self, seconds: float, callback: Callback) -> Timer:
        """Call once, ``seconds`` from now."""
        return self._loop.call_later(seconds, self.bound(callback))

    def call_every(self, seconds: float, callback: Callback) -> Timer:
        """Call every ``seconds``, until the timer is cancelled."""
        return self._loop.call_every(seconds, self.bound(callback))

    def call_in_turn(self, callback: Callback) -> None:
        """Call after everything that is ready now was served; one such call in each round."""
        self._loop.call_in_turn(self.bound(callback))

    def bound(self, callback: Callable[P, None]) -> Callable[P, None]:
        """Return the callback, wrapped for code that calls it without this boundary."""
        return partial(self._call, callback)

    def _call(self, callback: Callable[P, None], *args: P.args, **named: P.kwargs) -> None:
        if self._over:
            return
        try:
            callback(*args, **named)
        except Exception as error:  # noqa: BLE001 - this is what a boundary is for
            self._caught(error)

    def _caught(self, error: Exception) -> None:
        if isinstance(error, _OURS):
            raise error
        self._fail(error)

    def _fail(self, error: Exception) -> None:
        if self._over:
            return
        self._over = True
        self._loop.end_watches(self._caught)
        self._failed(error)


def _ignore(_error: Exception) -> None:
    """Ignore errors after the end."""
