"""One connection of the telnet program: the layer, the socket, and the mode they make.

Whoever owns it says what is typed and hears when it is over; it knows no commands.
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

#: High-water mark: bytes that may wait for the host before no more is read from the user.
HIGH_WATER = 64 * 1024

#: High-water mark: bytes that may wait for the host before it is not read any more. A host that
#: sends requests for ever and never reads the answers must not fill the memory. More than the
#: user alone can queue, or two that both wait to be read would wait for ever.
FLOOD = 1024 * 1024


class Session:
    """A connection in use.

    Arguments:
        loop: watches the socket.
        conn: owned by this object.
        abilities: what is agreed to.
        console: shows what comes.
        terminal: decides with the options whether lines are sent, or characters.
        changed: is called when bytes have moved, and perhaps the mode has changed.
        over: is called when the peer has ended, or reset.
        tap: sees the bytes of the wire.
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
        #: Whether the user asked for the mode: it is then so before the host has agreed.
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

    # What it is like.

    @property
    def mode(self) -> Mode:
        """What the options make of it: RFC 858's SGA is character at a time."""
        peer = self.telnet.peer
        performed = peer.is_wanted if self.insists else peer.is_on
        return Mode(editing=not performed(SGA), echo=not performed(ECHO))

    @property
    def can_take(self) -> bool:
        """Whether more may be typed."""
        return self._outbox.size < HIGH_WATER

    @property
    def fin_is_sent(self) -> bool:
        """Whether all that was typed is sent, and FIN behind it, or nothing more can be sent."""
        return self._ends and self._outbox.over

    def arrange(self, attends: bool) -> None:
        """Hear the host, or let it wait.

        Arguments:
            attends: whether the user wants to see what comes.
        """
        hears = attends and not self._console.is_behind and not self._outbox.is_full
        self._source_watch.watch(hears and self.conn.fileno() >= 0)

    def close(self) -> None:
        """Let go; idempotent."""
        self._outbox.stop()
        self._source_watch.stop()
        self.conn.close()

    def follow(self) -> None:
        """Send what the layer has to say, and see what mode it is now."""
        self._push(self.telnet.outgoing())
        mode, by_keys = self.mode, self._terminal.is_one and not self.mode.editing
        # Where the terminal still makes CR LF of LF, it must not get CR LF.
        self.telnet.keeps_crlf = by_keys and not mode.echo
        # A script's LF is a line's end whatever the host does with keys.
        self.telnet.sends_lines = not by_keys

    # The user's side.

    def type(self, data: bytes) -> None:
        """Send what was typed."""
        self._push(self.telnet.send(data))

    def end(self) -> None:
        """The user's input is over: send FIN after what waits."""
        self._push(self.telnet.send_eof())
        self._ends = True
        self._outbox.put_eof()
        self._changed()

    def interrupt(self, number: int, *, flushes: bool, synchs: bool = False) -> None:
        """Send IP, BRK and their kin, and ask to be told when they have been obeyed."""
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
        """The terminal has another size."""
        if self.telnet.us.is_on(NAWS):
            columns, rows = self._terminal.size()
            self.telnet.subnegotiate(NAWS, window(columns, rows))
            self.follow()

    def raw(self, data: bytes) -> None:
        """Send bytes of the wire."""
        self._push(data)

    # The wire.

    def _read(self) -> None:
        try:
            data = self.conn.recv(READ)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""  # reset: for telnet an end as any other
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
        """Return whether it could be sent as urgent data: at once, after all the other bytes."""
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
        # What the host said before it left is still to be read.
        self._changed()
