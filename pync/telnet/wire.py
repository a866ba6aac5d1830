"""The base of a TELNET connection: the socket, the layer and the queues between them."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from types import EllipsisType

from ..core.address import Address
from ..core.closing import Closing
from ..core.deadline import Deadline
from ..layers.telnet import NOTHING, Abilities, Telnet
from ..layers.telnet_protocol import BINARY
from ..transports import Options, dial
from ..waiting.readiness import readable
from . import codes

#: An option callback: called with the socket, the command and the option (or NOOPT).
OptionCallback = Callable[[socket.socket, bytes, bytes], object]

#: Bytes of one read.
READ = 64 * 1024

#: The names of the four commands with an option, for debug messages.
_VERBS = {codes.DO[0]: "DO", codes.DONT[0]: "DONT", codes.WILL[0]: "WILL", codes.WONT[0]: "WONT"}


class Wire(Closing):
    """The base of Telnet, which describes the arguments."""

    def __init__(
        self,
        host: str | None = None,
        port: int | str = 0,
        timeout: float | EllipsisType | None = ...,
        *,
        abilities: Abilities = NOTHING,
        text: bool = False,
    ) -> None:
        self.debuglevel = codes.DEBUGLEVEL
        self.host = host
        self.port = port
        self.timeout = timeout
        self.sock: socket.socket | None = None
        #: Received bytes that are not processed yet, from ``irawq`` on.
        self.rawq = b""
        self.irawq = 0
        #: Text that is not read yet.
        self.cookedq = b""
        #: Whether the connection has ended.
        self.eof = False
        #: The option and the data of the last subnegotiation; see read_sb_data.
        self.sbdataq = b""
        self.option_callback: OptionCallback | None = None
        self._abilities = abilities
        self._text = text
        self.layer = self._new_layer()
        if host is not None:
            self.open(host, port, timeout)

    def __del__(self) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "not connected" if self.sock is None else f"{self.host} {self.port}"
        return f"<{type(self).__name__} {state}>"

    # The connection.

    def open(
        self, host: str, port: int | str = 0, timeout: float | EllipsisType | None = ...
    ) -> None:
        """Connect; see Telnet. Raises DialError."""
        self.close()
        self.host = host
        self.port = port or codes.TELNET_PORT
        self.timeout = timeout
        seconds = socket.getdefaulttimeout() if isinstance(timeout, EllipsisType) else timeout
        conn = dial(Address("tcp", host, str(self.port)), Options(timeout=seconds))
        inline = getattr(conn, "take_urgent_inline", None)
        if inline is not None:
            inline()
        conn.settimeout(seconds)
        self.layer = self._new_layer()
        self.rawq, self.irawq, self.cookedq, self.sbdataq = b"", 0, b"", b""
        self.eof = False
        self.sock = conn.socket

    def close(self) -> None:
        """Close the connection; idempotent."""
        sock, self.sock = getattr(self, "sock", None), None
        self.eof = True
        if sock is not None:
            sock.close()

    def get_socket(self) -> socket.socket | None:
        """Return the socket; None when there is no connection."""
        return self.sock

    def fileno(self) -> int:
        """Return the socket's descriptor. Raises OSError without a connection."""
        return self._connected().fileno()

    # Debugging.

    def set_debuglevel(self, debuglevel: int) -> None:
        """Set the debug level; above 0, ``msg`` prints to standard output."""
        self.debuglevel = debuglevel

    def msg(self, msg: str, *args: object) -> None:
        """Print a debug message, formatted by ``%`` if there are arguments."""
        if self.debuglevel > 0:
            from .interaction import show

            show(f"Telnet({self.host},{self.port}): {msg % args if args else msg}\n")

    # Writing.

    def write(self, buffer: bytes) -> None:
        """Send text; 0xFF is doubled. Raises OSError."""
        data = self.layer.send(buffer)
        if not self._text:
            # Without ``text``, the layer does not convert.
            data = data.replace(codes.IAC, codes.IAC * 2)
        self.msg("send %r", data)
        self._connected().sendall(data)

    def command(self, number: int | bytes) -> None:
        """Send a command without an option (AYT, IP, BRK). Raises OSError."""
        self.layer.command(_number(number))
        self._connected().sendall(self.layer.outgoing())

    def negotiate(self, verb: int | bytes, option: int | bytes) -> None:
        """Send WILL, WONT, DO or DONT, if it changes anything. Raises OSError."""
        self.layer.negotiate(_number(verb), _number(option))
        self._connected().sendall(self.layer.outgoing())

    def set_option_negotiation_callback(self, callback: OptionCallback | None) -> None:
        """Let ``callback(socket, command, option)`` answer all received commands.

        The option is NOOPT for commands without one. At SE, read_sb_data returns the data.
        """
        self.option_callback = callback

    # The queues.

    def process_rawq(self) -> None:
        """Convert the bytes in ``rawq`` to text, and answer the commands among them."""
        raw, self.rawq, self.irawq = self.rawq[self.irawq :], b"", 0
        if raw or (self.eof and not self.layer.ended):
            text = self.layer.receive(raw)
            if not self._text and not self.layer.peer.is_on(BINARY):
                text = text.translate(None, b"\0\x11")
            self.cookedq += text
        answers = self.layer.outgoing()
        if answers and self.sock is not None:
            try:
                self.sock.sendall(answers)
            except ConnectionError:
                pass  # the host has closed after its request; its earlier text can still be read

    def rawq_getchar(self) -> bytes:
        """Return the next byte of ``rawq``; read if it is empty. Raises EOFError, OSError."""
        if self.irawq >= len(self.rawq):
            self.fill_rawq()
            if self.eof:
                raise EOFError("telnet connection closed")
        self.irawq += 1
        return self.rawq[self.irawq - 1 : self.irawq]

    def fill_rawq(self) -> None:
        """Read once from the socket into ``rawq``. Raises OSError."""
        data = self._connected().recv(READ)
        self.msg("recv %r", data)
        self.eof = not data
        self.rawq, self.irawq = self.rawq[self.irawq :] + data, 0

    def sock_avail(self) -> bool:
        """Return whether the socket can be read without waiting."""
        return self._wait(Deadline(0))

    # Helpers.

    def _new_layer(self) -> Telnet:
        layer = Telnet(self._abilities, text=self._text)
        layer.heard = self._heard
        layer.negotiated = self._negotiated
        return layer

    def _heard(self, number: int) -> None:
        command = bytes((number,))
        if command == codes.SB:
            self.sbdataq = b""
        elif command == codes.SE:
            self.sbdataq = self.layer.subnegotiated
        if self.option_callback is None:
            self.msg("IAC %d not recognized", number)
        else:
            self.option_callback(self._connected(), command, codes.NOOPT)

    def _negotiated(self, verb: int, option: int) -> bool:
        self.msg("IAC %s %d", _VERBS[verb], option)
        if self.option_callback is None:
            return False
        self.option_callback(self._connected(), bytes((verb,)), bytes((option,)))
        return True

    def _wait(self, deadline: Deadline) -> bool:
        return bool(readable((self.fileno(),), deadline))

    def _take(self, size: int | None = None) -> bytes:
        text, self.cookedq = self.cookedq[:size], self.cookedq[len(self.cookedq[:size]) :]
        return text

    def _connected(self) -> socket.socket:
        if self.sock is None:
            raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))
        return self.sock


def _number(number: int | bytes) -> int:
    return number if isinstance(number, int) else ord(number)
