"""A terminal with line editing and history (``--edit``), by prompt_toolkit.

The library reads the terminal in a thread, which passes whole lines on through a socketpair, as
pumps do; the peer's text is shown above the line that is being typed. This module is loaded only
for --edit.
"""

from __future__ import annotations

import codecs
import os
import signal
import socket
import sys
import threading
from contextlib import AbstractContextManager, nullcontext, suppress

from ..core.deadline import Deadline
from ..core.errors import UsageError
from ..core.typed import TYPE_CHECKING
from ..layers.screen import Screen, Unfiltered
from .screen import ScreenStdio

if TYPE_CHECKING:
    import asyncio

    from prompt_toolkit import PromptSession
    from prompt_toolkit.input import Input

#: Seconds to wait until the terminal is restored, and between two tries.
GOODBYE = 2.0
AGAIN = 0.02


class EditedStdio(ScreenStdio):
    """Standard input and output with line editing.

    Arguments:
        stdin, stdout: descriptors of terminals; they must be the process's own.
        history: a file that keeps the lines for later calls; None: keep them in memory.
        screen: everything that is shown passes through it.

    Raises UsageError when prompt_toolkit is not installed.
    """

    def __init__(
        self,
        stdin: int,
        stdout: int,
        history: str | None = None,
        screen: Screen | None = None,
    ) -> None:
        super().__init__(stdin, stdout, screen or Unfiltered())
        self._session = _prompt(history)
        self._lines, self._typed = socket.socketpair()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        #: The text after the last line end: the line being typed would overwrite it.
        self._unfinished = ""
        self._editing: asyncio.AbstractEventLoop | None = None
        self._begun = threading.Event()
        self._leaving = False
        self._thread = threading.Thread(target=self._edit, name="line editor", daemon=True)

    def read_fds(self) -> tuple[int, ...]:
        """Return the descriptor to wait on before recv."""
        self._begin()
        return () if self._ended else (self._lines.fileno(),)

    def recv(self, size: int) -> bytes:
        """Return typed lines; ``b""`` at EOF (^D), and always after that."""
        if self._ended:
            return b""
        data = self._lines.recv(size)
        self._ended = not data
        return data

    def send(self, data: bytes | memoryview) -> int:
        """Show the data above the line that is being typed."""
        self._begin()
        lines, end, rest = self._decoder.decode(self._screen.feed(bytes(data))).rpartition("\n")
        if end:
            self._hand_over(f"{self._unfinished}{lines}{end}")
            self._unfinished = ""
        self._unfinished += rest
        return len(data)

    def close(self) -> None:
        """Restore the terminal; idempotent."""
        if not self._leaving:
            self._leaving = True
            if self._thread.ident is not None:
                self._end_thread()
                self._unfinished += self._screen.end().decode("utf-8", "replace")
                if self._unfinished:
                    os.write(self._stdout, self._unfinished.encode("utf-8", "replace"))
            self._lines.close()
            self._typed.close()
        super().close()

    def _begin(self) -> None:
        if self._thread.ident is None:
            self._thread.start()
            self._begun.wait()

    def _hand_over(self, text: str) -> None:
        """Let the drawing thread show the text: only this thread knows where the line is."""
        from prompt_toolkit.application import run_in_terminal

        def write() -> None:
            output = self._session.app.output
            output.write_raw(text)
            output.flush()

        if self._editing is not None and self._thread.is_alive():
            self._editing.call_soon_threadsafe(lambda: run_in_terminal(write))

    def _edit(self) -> None:
        import asyncio

        try:
            # Raw mode between two lines too: otherwise the terminal would handle a ^D there.
            with self._session.app.input.raw_mode():
                asyncio.run(self._converse())
        except EOFError:
            with suppress(OSError):  # close() has not waited for this thread any longer
                self._typed.shutdown(socket.SHUT_WR)
        except KeyboardInterrupt:
            # In raw mode, ^C is only a key and sends no signal.
            os.kill(os.getpid(), signal.SIGINT)
        except OSError:
            pass  # the program is ending
        finally:
            self._begun.set()

    async def _converse(self) -> None:
        import asyncio

        self._editing = asyncio.get_running_loop()
        self._begun.set()
        while not self._leaving:
            line = await self._session.prompt_async(handle_sigint=False)
            self._typed.sendall(line.encode("utf-8", "surrogateescape") + b"\n")

    def _end_thread(self) -> None:
        deadline = Deadline(GOODBYE)
        while self._thread.is_alive() and not deadline.passed:
            # Once is not enough: the thread may be about to read another line.
            self._call_off()
            self._thread.join(AGAIN)

    def _call_off(self) -> None:
        app = self._session.app

        def leave() -> None:
            # A second exit() would be an error, and its handler would wait for Enter.
            if app.future is not None and not app.future.done():
                app.exit(exception=EOFError())

        if app.loop is not None and app.is_running:
            app.loop.call_soon_threadsafe(leave)


def _prompt(history: str | None) -> PromptSession[str]:
    try:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.history import FileHistory, InMemoryHistory
    except ImportError:
        raise UsageError("--edit needs prompt_toolkit: pip install prompt_toolkit") from None
    # Otherwise a warning about a terminal without an answer would appear in the peer's text.
    os.environ.setdefault("PROMPT_TOOLKIT_NO_CPR", "1")
    kept = FileHistory(history) if history else InMemoryHistory()
    return PromptSession(history=kept, input=_input())


def _input() -> Input | None:
    if sys.platform == "win32":
        return None  # the library's own choice
    from prompt_toolkit.input.vt100 import Vt100Input

    class AlwaysRaw(Vt100Input):
        """An input that stays raw during output: output is processed in raw mode as well."""

        def cooked_mode(self) -> AbstractContextManager[None]:
            return nullcontext()

    return AlwaysRaw(sys.stdin)
