"""One connection of the telnet program: the layer, the socket, and the resulting mode.

Its owner passes typed input to it and is called at its end; it does not handle commands.
"""

from __future__ import annotations

from collections.abc import Callable

from ...engine.loop import Loop
from ...engine.outbox import Outbox
from ...engine.pipeline import Tap
from ...engine.sourcewatch import SourceWatch
from ...layers.telnet import Abilities, Telnet
from ...layers.telnet_protocol import DM, DO, ECHO, IAC, NAWS, SGA, TM, command
from ...transports.conn import Conn
from .abilities import window
from .console import READ, Console
from .terminal import Mode, NoTerminal

#: High-water mark: from so many waiting bytes for the host on, the user's input is not read.
HIGH_WATER = 64 * 1024

#: High-water mark: from so many waiting bytes for the host on, the host is not read: a host that
#: sends requests for ever and never reads the answers must not fill the memory. It must be more
#: than the user alone can queue; otherwise two programs that both wait to be read would wait for
#: ever.
FLOOD = 1024 * 1024


class Session:
    """A connection in use.

    Arguments:
        loop: watches the socket.
        conn: owned by this object.
        abilities: the options to agree to.
        console: shows received text.
        terminal: decides, with the options, whether lines or characters are sent.
        changed: called when bytes have moved, and the mode may have changed.
        over: called when the peer has ended or reset.
        tap: called with the bytes of the network.
    """

    def __init__(
        self,
        loop: Loop,
        conn: Conn,
        abilities: Abilities,
        console: Console,
        terminal: NoTerminal,
        changed: Callable[[], None],
        over: Callable[[], None],
        tap: Tap | None,
    ) -> None:
        self.telnet = Telnet(abilities)
        self.conn = conn
        #: Whether the user turned local echo off (^E).
        self.hides_input = False
        #: Whether the user has set the mode: it is then valid before the host has agreed.
        self.insists = False
        self._console = console
        self._terminal = terminal
        self._changed = changed
        self._over = over
        self._tap = tap
        self._ends = False
        conn.settimeout(0)
        self._source_watch = SourceWatch(loop, conn, self._read)
        self._outbox = Outbox(loop, conn, self._cannot_send, changed, high_water=FLOOD)

    # Its state.

    @property
    def mode(self) -> Mode:
        """The mode according to the options: SGA (RFC 858) means character at a time."""
        peer = self.telnet.peer
        performed = peer.is_wanted if self.insists else peer.is_on
        return Mode(editing=not performed(SGA), echo=not performed(ECHO))

    @property
    def can_take(self) -> bool:
        """Whether more typed input may be read."""
        return self._outbox.size < HIGH_WATER

    @property
    def fin_is_sent(self) -> bool:
        """Whether all typed input and FIN are sent, or nothing more can be sent."""
        return self._ends and self._outbox.over

    def arrange(self, attends: bool) -> None:
        """Start or stop to read from the host.

        Arguments:
            attends: whether the user wants to see the host's output.
        """
        hears = attends and not self._console.is_behind and not self._outbox.is_full
        self._source_watch.watch(hears and self.conn.fileno() >= 0)

    def close(self) -> None:
        """Close the connection; idempotent."""
        self._outbox.stop()
        self._source_watch.stop()
        self.conn.close()

    def follow(self) -> None:
        """Send the layer's own bytes, and apply the current mode."""
        self._push(self.telnet.outgoing())
        mode, by_keys = self.mode, self._terminal.is_one and not self.mode.editing
        # If the terminal still converts LF to CR LF, it must not get CR LF.
        self.telnet.keeps_crlf = by_keys and not mode.echo
        # An LF of a script is a line's end in any mode.
        self.telnet.sends_lines = not by_keys

    # The user's side.

    def type(self, data: bytes) -> None:
        """Send typed bytes."""
        self._push(self.telnet.send(data))

    def end(self) -> None:
        """End the user's input: send FIN after the bytes that wait."""
        self._push(self.telnet.send_eof())
        self._ends = True
        self._outbox.put_eof()
        self._changed()

    def interrupt(self, number: int, *, flushes: bool, synchs: bool = False) -> None:
        """Send IP, BRK or a similar command, and request a mark for when it has taken effect."""
        self.telnet.command(number)
        if synchs:
            self.follow()
            self.synch()
        if flushes:
            self._push(self.telnet.outgoing() + command(DO, TM))
        self.follow()

    def synch(self) -> None:
        """Send IAC DM, the DM as urgent data (RFC 854, The TELNET Synch)."""
        self.follow()
        self._push(bytes((IAC,)))
        if not self._sends_urgently(bytes((DM,))):
            self._push(bytes((DM,)))

    def resized(self) -> None:
        """Tell the host the terminal's new size."""
        if self.telnet.us.is_on(NAWS):
            columns, rows = self._terminal.size()
            self.telnet.subnegotiate(NAWS, window(columns, rows))
            self.follow()

    def raw(self, data: bytes) -> None:
        """Send bytes of the network, without conversion."""
        self._push(data)

    # The network.

    def _read(self) -> None:
        try:
            data = self.conn.recv(READ)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""  # a reset: telnet treats it like any other end
        if data and self._tap is not None:
            self._tap("received", data)
        self._console.show(self.telnet.receive(data))
        if not data:
            self.close()
            self._over()
            return
        self.follow()
        self._changed()

    def _push(self, data: bytes) -> None:
        if data and not self._outbox.over:
            if self._tap is not None:
                self._tap("sent", data)
            self._outbox.put(data)

    def _sends_urgently(self, data: bytes) -> bool:
        """Send urgent data if possible: at once, after all other bytes; return whether it was."""
        send_urgent: Callable[[bytes], None] | None = getattr(self.conn, "send_urgent", None)
        if self._outbox.waits or send_urgent is None:
            return False
        try:
            send_urgent(data)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError as error:
            self._outbox.fail(error)
        return True

    def _cannot_send(self, _error: OSError) -> None:
        # The host's last bytes must still be read.
        self._changed()
