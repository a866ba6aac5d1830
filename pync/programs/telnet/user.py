"""The telnet program from the user's view: a connection, the command mode, and their switching.

commands/ has the commands, session.py a connection.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable

from ...core.address import Address
from ...core.errors import DialError, OutputGone
from ...core.events import Connected, PeerEnded, Report
from ...core.number import is_digits, whole
from ...core.server_events import Failed
from ...engine.loop import Loop
from ...engine.pipeline import Tap
from ...layers.telnet_protocol import BINARY, BRK, DO, IP, SUSP, WILL
from ...transports.conn import Conn, TcpConn
from ...transports.stdio import Stdio
from . import escapes
from .abilities import INITIAL, abilities_of
from .connect import dial
from .console import Console
from .session import Session
from .settings import OFF, Settings, TelnetSetup, character, shown
from .signals import Signals
from .terminal import Mode, NoTerminal

PORT = "23"
PROMPT = b"telnet> "

#: Signal -> the TELNET command that is sent for it, and its character on most terminals.
SENT = {"SIGINT": (IP, b"\x03"), "SIGQUIT": (BRK, b"\x1c"), "SIGTSTP": (SUSP, b"\x1a")}


class User:
    """One run of the program.

    Arguments:
        loop: the loop for everything.
        setup: the command line.
        stdio, report: as for all programs.
        terminal: the terminal of standard input.
        tap: called with the bytes of the network.
        execute: executes a line of the command mode; returns whether to stay in it.
    """

    def __init__(
        self,
        loop: Loop,
        setup: TelnetSetup,
        stdio: Stdio,
        report: Report,
        terminal: NoTerminal,
        tap: Tap | None,
        execute: Callable[[User, str], bool],
    ) -> None:
        self._execute = execute
        #: The exit status; None while the program runs.
        self.status: int | None = None
        self.settings = Settings(setup, os.environ, _login())
        self.session: Session | None = None
        #: The host, as the user gave it.
        self.host = ""
        self.terminal = terminal
        self.console = Console(loop, stdio, terminal, report, self._typed, self._arrange)
        self.signals = Signals(loop, self._signalled)
        self._loop = loop
        self._setup = setup
        self._tap = tap
        self._escapes = escapes.Escapes(self.settings)
        self._unread = bytearray()
        self._commands = False
        self._leaves_after = False
        self._shows_line = False
        self._applied: object = None

    def run(self) -> int:
        """Run until the end; return the exit status."""
        with self.signals:
            try:
                self._begin()
                self._loop.run_while(lambda: self.status is None)
                self.console.flush()
            finally:
                self.terminal.restore()
                if self.session is not None:
                    self.session.close()
        return self.status or 0

    def _begin(self) -> None:
        words = self._setup.target
        for text in self._setup.escape:
            self.console.say(f"Telnet escape character is '{shown(character(text))}'.")
        if not words:
            self._commands = True
            self.console.show(PROMPT)
        elif self.open(*words):
            self._leaves_after = True
        else:
            self.status = 1
        self._work()

    # Connections.

    def open(self, host: str, port: str = f"-{PORT}", *, login: str | None = None) -> bool:
        """Connect, and show what happens. A ``-`` before the port: start to negotiate options."""
        if login is not None:
            self.settings.offer_user(login)
        begins, port = port.startswith("-") or port == PORT, port.removeprefix("-")
        if is_digits(port) and not whole(port, 65535):
            self.console.say(f"Port number {port} is out of range.")
            return False
        self.signals.release()
        self.terminal.restore()
        try:
            conn = dial(Address("tcp", host, port), self._setup.options, self.console.tell)
        except DialError as error:
            self.console.tell(Failed(error))
            return False
        finally:
            if self.terminal.is_one:
                self.signals.catch()
        if conn is None:
            return False
        self._begin_session(host, conn, begins)
        return True

    def _begin_session(self, host: str, conn: Conn, begins: bool) -> None:
        if isinstance(conn, TcpConn):
            conn.take_urgent_inline()
        self.host = host
        self.console.tell(Connected(conn.peer, host))
        able = abilities_of(
            self.settings, socket.gethostname(), self.terminal.size, self.terminal.speed
        )
        self.session = Session(
            self._loop,
            conn,
            able,
            self.console,
            self.terminal,
            self._arrange,
            self._peer_ended,
            self._tap,
        )
        for verb, option in INITIAL if begins else ():
            self.session.telnet.negotiate(verb, option)
        for switch, verb in (("inbinary", DO), ("outbinary", WILL)):
            if begins and self.settings.switches[switch]:
                self.session.telnet.negotiate(verb, BINARY)
        self.session.follow()
        self._commands = False
        self._arrange()
        # Not earlier: a user who reads this may type the escape character at once, and before the
        # terminal was set, it would only be a letter of an unfinished line.
        self.console.say(f"Escape character is '{shown(self.settings.escape)}'.")

    def _peer_ended(self) -> None:
        assert self.session is not None
        self.terminal.restore()
        self.console.tell(PeerEnded(self.session.conn.peer))
        self.session = None
        self.status = 0

    def close(self) -> None:
        """Close the connection, and quit if the program was started for this connection."""
        if self.session is None:
            self.console.say("?Need to be connected first.")
            return
        self.session.close()
        self.session = None
        self.console.say("Connection closed.")
        if self._leaves_after:
            self.status = 0

    def quit(self) -> None:
        """Close the connection and quit."""
        if self.session is not None:
            self.close()
        self.status = 0

    def suspend(self) -> None:
        """Stop as a job of the shell, until it is continued."""
        self.terminal.restore()
        self.signals.release()
        os.kill(0, signal.SIGTSTP)
        self._continued()

    # Typed input.

    def _typed(self, data: bytes) -> None:
        self._unread += data
        self._work()

    def _work(self) -> None:
        """Handle the typed input that is complete."""
        while self._unread and self.status is None and self._step():
            pass
        if self.console.ended and self.status is None:
            self._input_ended()
        self._arrange()
        if self.status is None:
            self.console.read_at_once()

    def _step(self) -> bool:
        """Handle one action; return False when more input is needed first."""
        if self._commands or self.session is None:
            if self.terminal.is_one and bytes(self._unread) == self.terminal.end_of_line():
                self._input_ended()  # ^D; with a connection, it would be sent to the host
                return True
            line, newline, rest = self._unread.partition(b"\n")
            if not newline and not self.console.ended:
                return False
            self._unread = rest
            self._obey(bytes(line))
            return True
        echoes = self.terminal.is_one and self.session.mode == Mode()
        action, text = self._escapes.next(self._unread, echoes)
        if action == escapes.TEXT:
            self.session.type(text)
        elif action == escapes.COMMAND:
            self._commands = True
            self._shows_line = bool(self._unread)
            self._arrange()
            self.console.show(b"\n" + PROMPT)
        elif action == escapes.HIDE:
            self.session.hides_input = not self.session.hides_input
        elif action == escapes.LEAVE:
            self.terminal.restore()
            self.quit()
        else:
            self.suspend()
        return True

    def _obey(self, line: bytes) -> None:
        if self._shows_line:
            # It was typed together with the escape character, before the prompt.
            self.console.show(line + b"\n")
            self._shows_line = False
        stays = self._execute(self, line.decode("utf-8", "surrogateescape"))
        if self.status is not None:
            return
        self._commands = stays or self.session is None
        self._arrange()
        if self._commands:
            self.console.show(PROMPT)

    def _input_ended(self) -> None:
        if self._commands or self.session is None:
            self.console.show(b"\n")
            self.quit()
        else:
            self.session.end()

    # The terminal.

    def _arrange(self) -> None:
        """Watch the user and the host as the state requires, and set the terminal's mode.

        Raises OutputGone when nothing is left to send, and the output's reader has closed.
        """
        session, commands = self.session, self._commands
        if self.console.reader_gone and session is not None and session.fin_is_sent:
            raise OutputGone
        takes = commands or session is None or session.can_take
        self.console.listen(takes and not self.console.ended)
        if session is None or commands:
            self._apply(None)
        else:
            mode = session.mode
            self._apply(mode._replace(echo=mode.echo and not session.hides_input))
        if session is not None:
            session.arrange(not commands)
            session.telnet.adds_lf = self.settings.switches["crmod"]
            session.telnet.sends_crlf = self.settings.switches["crlf"]

    def _apply(self, mode: Mode | None) -> None:
        characters = self.settings.characters
        ends = tuple(n for n in (characters["escape"], characters["echo"]) if n != OFF)
        if (mode, ends) == self._applied:
            return
        self._applied = (mode, ends)
        if self.terminal.is_one:
            self.signals.catch()
        if mode is None:
            self.terminal.restore()
        else:
            self.terminal.set(mode, ends)

    def _continued(self) -> None:
        self._applied = None
        self._arrange()

    def _signalled(self, name: str) -> None:
        session = None if self._commands else self.session
        if name == "SIGWINCH":
            if self.session is not None:
                self.session.resized()
        elif name == "SIGCONT":
            self._continued()
        elif session is None:
            if name == "SIGTSTP":
                self.suspend()
            else:
                self._unread.clear()
                self.console.show(b"\n" + PROMPT)
        elif self.settings.switches["localchars"]:
            switches = self.settings.switches
            flushes, synchs = switches["autoflush"], switches["autosynch"]
            session.interrupt(SENT[name][0], flushes=flushes, synchs=synchs)
        else:
            session.type(SENT[name][1])


def _login() -> str:
    return os.environ.get("USER") or os.environ.get("LOGNAME") or ""
