r"""Signals as bytes of a socketpair, so that the loop handles them between two callbacks.

While a connection or the command mode has the terminal, they get ^C, ^\ and ^Z, and a new
window size is sent to the host. Without a terminal, no signals are caught.
"""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from types import TracebackType

from ...core.typed import TYPE_CHECKING
from ...engine.loop import Loop

if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Self

#: The signals to catch, as far as the system has them.
CAUGHT = ("SIGINT", "SIGQUIT", "SIGTSTP", "SIGCONT", "SIGWINCH")


class Signals:
    """The catching of signals between ``catch`` and ``release``.

    Arguments:
        loop: calls the callback.
        happened: called with the signal's name.
    """

    def __init__(self, loop: Loop, happened: Callable[[str], None]) -> None:
        self._loop = loop
        self._happened = happened
        self._before: dict[int, Any] = {}
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        loop.watch_reader(self._reader.fileno(), self._read)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
        self._loop.watch_reader(self._reader.fileno(), None)
        self._reader.close()
        self._writer.close()

    def catch(self) -> None:
        """Install our handlers; idempotent."""
        if self._before:
            return
        try:
            for name in CAUGHT:
                number = getattr(signal, name, None)
                if number is not None and signal.getsignal(number) != signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._note)
        except ValueError:
            pass  # not the main thread: the embedding program handles signals

    def release(self) -> None:
        """Restore the earlier handlers; idempotent."""
        for number, before in self._before.items():
            signal.signal(number, before)
        self._before.clear()

    def _note(self, number: int, _frame: object) -> None:
        try:
            self._writer.send(bytes((number,)))
        except BlockingIOError:
            pass  # the socket is full of signals: one more makes no difference

    def _read(self) -> None:
        for number in self._reader.recv(64):
            self._happened(signal.Signals(number).name)
