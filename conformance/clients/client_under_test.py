"""A client program that is judged: on its own terminal, connected to a server of the suite.

This is the reverse of all other cases: the suite listens, and the target connects. Its
connection is a byte-exact Peer. Its screen is read like a person would: additional text of the
client (a prompt, "connected!") is allowed.
"""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pexpect

from ..core.system import start_process
from ..core.transcript import RECEIVED, SENT, Transcript
from ..core.verdict import Unreachable, Violation
from ..targets.isolation import confined, end_with, is_isolated, unboxed
from ..targets.process import GRACE, printable
from ..targets.reaper import marking, watched
from .open_terminal import check_there_are_terminals
from .peer import Peer
from .terminal import hang_up

#: Control sequences for colours and cursors (ECMA-48), which are not text.
_CONTROLS = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_=>78])")

#: The most bytes on a screen.
LARGEST_SCREEN = 1024 * 1024

#: The number of lines of the screen that a message quotes.
QUOTED_LINES = 12

ENTER, INTERRUPT = b"\r", b"\x03"


class ClientUnderTest:
    """The client program, its terminal and its connection.

    Arguments:
        argv: the program, with the listener's address.
        environment: variables added to the suite's own.
        directory: its working folder; None is the current folder.
        listener: the listener to which it should connect.
        deadline: seconds that one awaited event may take.
    Raises Unreachable if it cannot be started, Violation if it does not connect.
    """

    def __init__(
        self,
        argv: Sequence[str],
        environment: dict[str, str],
        directory: str | None,
        listener: socket.socket,
        transcript: Transcript,
        deadline: float,
    ) -> None:
        check_there_are_terminals()
        self._transcript = transcript
        self._deadline = deadline
        self._screen = bytearray()
        self._seen = 0
        self._over = False
        transcript.note("person", "$ " + " ".join([Path(argv[0]).name, *argv[1:]]))
        # pexpect searches a program in the suite's folder, not in the program's own folder.
        program = argv[0]
        if directory is not None and "/" in program:
            program = os.path.abspath(os.path.join(directory, program))
        words = confined([program, *argv[1:]], environment, directory, terminal=True)
        self._words = words
        try:
            self._child = start_process(
                lambda: pexpect.spawn(
                    words[0],
                    words[1:],
                    env={**os.environ, **environment, **marking()},
                    cwd=directory,
                    dimensions=(24, 80),
                ),
                argv[0],
            )
        except pexpect.ExceptionPexpect as error:
            raise Unreachable(f"cannot start {argv[0]!r}: {error.value}") from None
        self._child.delaybeforesend = None
        for one in (self._child, self._child.ptyproc):
            one.delayafterclose = one.delayafterterminate = 0.005
        watched("+", self._child.pid)
        self._peer: Peer | None = None
        try:
            self._peer = Peer("server", self._accept(listener), transcript, deadline)
        except BaseException:
            self.close()
            raise
        transcript.note("server", "the client has connected", RECEIVED)

    # The client's connection.

    @property
    def peer(self) -> Peer:
        """The server's end of the connection."""
        assert self._peer is not None
        return self._peer

    # The person's input.

    def type_line(self, line: bytes) -> None:
        """Type a line and Enter."""
        self._type(line + ENTER, line + b"\n")

    def paste(self, *lines: bytes) -> None:
        """Type several lines at once."""
        self._type(b"".join(line + ENTER for line in lines), b"".join(one + b"\n" for one in lines))

    def interrupt(self) -> None:
        """Press ^C."""
        self._transcript.note("person", "^C", SENT)
        self._child.send(INTERRUPT)

    def _type(self, keys: bytes, shown: bytes) -> None:
        self._transcript.sent("person", shown)
        try:
            self._child.send(keys)
        except OSError as error:
            raise self.violation("left-early", "the client ended before it was asked to") from error

    # The screen.

    def see(self, text: bytes, awaited: str) -> None:
        """Await text on the screen, after the text that was seen before. Raises Violation."""
        until = time.monotonic() + self._deadline
        while True:
            at = self.screen.find(text, self._seen)
            if at >= 0:
                self._seen = at + len(text)
                return
            left = until - time.monotonic()
            if self._over or left <= 0:
                break
            self._read(left)
        how = "the client ended" if self._over else f"nothing for {self._deadline:g} s"
        raise self.violation(
            "missing-on-screen", f"the person does not see {awaited}: {text!r} ({how})"
        )

    @property
    def screen(self) -> bytes:
        """Everything that was shown, as text: without colours, with LF at the ends of lines."""
        return _CONTROLS.sub(b"", bytes(self._screen)).replace(b"\r", b"")

    def news(self) -> bytes:
        """Return what was shown after the text that was seen last."""
        return self.screen[self._seen :]

    def look(self) -> None:
        """Treat everything on the screen so far as seen."""
        while not self._over and self._read(0.0):
            pass
        self._seen = len(self.screen)

    def expect_end(self, after: str) -> int:
        """Await the end of the program, and return its status (negative: a signal).

        Arguments:
            after: the event after which it must end, in the words of the contract.
        """
        until = time.monotonic() + self._deadline
        while not self._over and (left := until - time.monotonic()) > 0:
            self._read(left)
        while self._child.isalive():
            if time.monotonic() > until:
                raise self.violation(
                    "client-stays", f"the client still runs {self._deadline:g} s after {after}"
                )
            time.sleep(0.005)
        signalled = self._child.signalstatus
        status: int = -signalled if signalled else self._child.exitstatus
        if is_isolated():
            status = unboxed(status) or 0
        self._transcript.note("person", f"the client ended with status {status}", RECEIVED)
        return status

    def violation(self, kind: str, summary: str) -> Violation:
        """Return a violation by the client, with the last lines of its screen."""
        violation = Violation(kind, summary, client="person")
        lines = self.screen.decode("utf-8", "backslashreplace").splitlines()[-QUOTED_LINES:]
        violation.server_output = [printable(line)[:200] for line in lines]
        return violation

    def close(self) -> None:
        """Close the terminal, and end the client and all that it started; idempotent."""
        if self._peer is not None:
            self._peer.close(note=False)
        if not self._child.closed:
            pid = self._child.pid
            self._child.kill(signal.SIGCONT)
            self._child.kill(signal.SIGHUP)
            self._await_quiet_end()
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
            end_with(self._words)
            hang_up(self._child)
            watched("-", pid)

    # Helpers.

    def _await_quiet_end(self) -> None:
        until = time.monotonic() + GRACE
        while self._child.isalive() and time.monotonic() < until:
            if not self._read(0.02) and self._over:
                time.sleep(0.002)

    def _accept(self, listener: socket.socket) -> socket.socket:
        until = time.monotonic() + self._deadline
        while (left := until - time.monotonic()) > 0:
            ready, _, _ = select.select([listener, self._child.child_fd], [], [], left)
            if listener in ready:
                conn, _ = listener.accept()
                conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return conn
            if ready and not self._read(0.0) and self._over:
                status = self.expect_end("its terminal")
                raise self.violation(
                    "never-connected", f"the client ended (status {status}) and did not connect"
                )
        raise self.violation(
            "never-connected", f"the client did not connect within {self._deadline:g} s"
        )

    def _read(self, timeout: float) -> bool:
        """Read what the terminal shows; return False at the end or if nothing comes."""
        try:
            data = self._child.read_nonblocking(65536, timeout)
        except pexpect.TIMEOUT:
            return False
        except pexpect.EOF:
            self._over = True
            return False
        self._screen += data
        if len(self._screen) > LARGEST_SCREEN:
            raise self.violation("floods", "the terminal overflows")
        self._transcript.received("person", data)
        return True
