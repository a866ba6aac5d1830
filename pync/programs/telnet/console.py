"""The user's side of telnet: typed input, and output in order, without blocking.

It does not handle TELNET.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from ...core.broken import unwritten
from ...core.events import Event, Report, Told
from ...engine.loop import Loop
from ...engine.outbox import Outbox
from ...engine.sourcewatch import SourceWatch
from ...layers.sendbuffer import SendBuffer
from ...transports.stdio import Stdio
from .terminal import NoTerminal

#: Bytes of one read.
READ = 64 * 1024

#: High-water mark: from so many bytes that wait to be shown on, nothing is received.
HIGH_WATER = 256 * 1024


class Console:
    """The input and output of one user.

    Arguments:
        loop: watches the descriptors.
        stdio: standard input and output.
        terminal: the terminal of standard input.
        report: shows lines of our own.
        typed: called with typed bytes; ``b""`` at the end of the input.
        caught_up: called when some waiting output was shown, or the output's reader has closed.
    """

    def __init__(
        self,
        loop: Loop,
        stdio: Stdio,
        terminal: NoTerminal,
        report: Report,
        typed: Callable[[bytes], None],
        caught_up: Callable[[], None],
    ) -> None:
        #: Whether the input is over.
        self.ended = False
        self._stdio = stdio
        self._terminal = terminal
        self._report = report
        self._typed = typed
        self._caught_up = caught_up
        self._source_watch = SourceWatch(loop, stdio, self._read)
        self._queue = SendBuffer()
        self._outbox = Outbox(
            loop,
            stdio,
            self._fail,
            caught_up,
            reader_left=caught_up,
            queue=self._queue,
            high_water=HIGH_WATER,
        )

    @property
    def is_behind(self) -> bool:
        """Whether so much output waits that nothing more should be received."""
        return self._outbox.is_full

    @property
    def reader_gone(self) -> bool:
        """Whether the output's reader has closed; no write has failed yet."""
        return self._outbox.reader_gone

    def listen(self, to_user: bool) -> None:
        """Start or stop to read typed input."""
        self._source_watch.watch(to_user)

    def read_at_once(self) -> None:
        """Read an input without descriptors, which is at its end."""
        if not self._source_watch.descriptors and not self.ended:
            self._read()

    def show(self, data: bytes) -> None:
        """Show bytes of the host, or our own. Raises OutputGone, OutputError."""
        self._outbox.put(data)

    def tell(self, event: Event) -> None:
        """Report an event, after all earlier output was shown."""
        self.flush()
        self._report(event)

    def say(self, text: str, *, is_error: bool = False) -> None:
        """Show lines of our own."""
        for line in text.split("\n"):
            self.tell(Told(line, is_error))

    def flush(self) -> None:
        """Wait until everything is shown. Raises OutputGone, OutputError."""
        if self._queue:
            with Loop() as own:
                outbox = Outbox(own, self._stdio, self._fail, queue=self._queue)
                outbox.flush()
                own.run_while(lambda: bool(self._queue))
            self._caught_up()

    def _fail(self, error: OSError) -> None:
        raise unwritten(error)

    def _read(self) -> None:
        try:
            data = self._take()
        except BlockingIOError:
            return
        except OSError:
            data = b""  # EIO: the terminal has hung up
        if not data:
            self.ended = True
            self.listen(False)
        self._typed(data)

    def _take(self) -> bytes:
        if not self._terminal.is_one:
            return self._stdio.recv(READ)
        # Stdio would treat ^D as the end of all input.
        return (
            os.read(self._source_watch.descriptors[0], READ) or self._terminal.end_of_line() or b""
        )
