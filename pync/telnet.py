r"""TELNET for programs: what telnetlib did until Python 3.13, on this house's layer.

    with pync.telnet.dial("router", timeout=5) as router:
        router.read_until(b"login: ")
        router.write(b"admin\n")
        number, found, text = router.expect([rb"Password: ", rb"(\w+)> "])

The names are telnetlib's. Lines are LF here and CR LF on the wire. Options are refused
unless ``abilities`` agree to them. Waiting too long is TimeoutError; the end of the
connection is EOFError.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from .core.address import Address
from .core.deadline import Deadline
from .layers.telnet import NOTHING, Abilities
from .layers.telnet import Telnet as Layer
from .transports import Options
from .transports import dial as _dial
from .transports.conn import Conn

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Abilities", "Telnet", "dial"]

#: Bytes of one read.
READ = 64 * 1024


def dial(
    host: str,
    port: int | str = 23,
    *,
    timeout: float | None = None,
    abilities: Abilities = NOTHING,
) -> Telnet:
    """Connect to a TELNET host (RFC 854).

    Arguments:
        host, port: where; the port may be a service's name.
        timeout: seconds, for the connection and then for each call that waits; None: for ever.
        abilities: options to agree to, and what to tell in their subnegotiations.

    Raises DialError.
    """
    address = Address("tcp", host, str(port))
    return Telnet(_dial(address, Options(timeout=timeout)), timeout, abilities)


class Telnet:
    """A connection to a TELNET host.

    Arguments:
        conn: owned from now on.
        timeout: seconds that a call may wait, unless it says otherwise; None: for ever.
        abilities: options to agree to.
    """

    def __init__(
        self, conn: Conn, timeout: float | None = None, abilities: Abilities = NOTHING
    ) -> None:
        #: The connection, and the layer on it (to negotiate, and to hear of commands).
        self.conn = conn
        self.layer = Layer(abilities)
        self._timeout = timeout
        self._came = bytearray()
        inline = getattr(conn, "take_urgent_inline", None)
        if inline is not None:
            inline()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def write(self, data: bytes) -> None:
        """Send text. Raises OSError."""
        self._send(self.layer.send(data))

    def command(self, number: int) -> None:
        """Send a command (``pync.layers.telnet_protocol``: AYT, IP, BRK). Raises OSError."""
        self.layer.command(number)
        self._send(self.layer.outgoing())

    def negotiate(self, verb: int, option: int) -> None:
        """Say WILL, WONT, DO or DONT, if that is news. Raises OSError."""
        self.layer.negotiate(verb, option)
        self._send(self.layer.outgoing())

    def read_until(self, expected: bytes, timeout: float | None = None) -> bytes:
        """What came up to and with ``expected``.

        Raises EOFError, TimeoutError (what came stays to be read), OSError.
        """
        return self.expect([re.escape(expected)], timeout)[2]

    def expect(
        self, patterns: Sequence[bytes | re.Pattern[bytes]], timeout: float | None = None
    ) -> tuple[int, re.Match[bytes], bytes]:
        """Wait for the first of several regular expressions that is found in what came.

        Arguments:
            patterns: in the order of preference.
            timeout: seconds; None: the connection's own.

        Returns the number of the one found, its match, and all that came up to its end.
        Raises EOFError, TimeoutError (what came stays to be read), OSError.
        """
        compiled = [re.compile(pattern) for pattern in patterns]
        deadline = Deadline(self._timeout if timeout is None else timeout)
        while True:
            came = bytes(self._came)
            for number, pattern in enumerate(compiled):
                found = pattern.search(came)
                if found:
                    del self._came[: found.end()]
                    return number, found, came[: found.end()]
            if not self._receive(deadline):
                raise EOFError(f"the host ended the connection after {came[-80:]!r}")

    def read_some(self, timeout: float | None = None) -> bytes:
        """What is there, at least one byte; ``b""`` at the end. Raises TimeoutError, OSError."""
        deadline = Deadline(self._timeout if timeout is None else timeout)
        while not self._came and self._receive(deadline):
            pass
        return self._take()

    def read_eager(self) -> bytes:
        """What has come already, without waiting; ``b""`` if nothing has. Raises OSError."""
        try:
            while self._receive(Deadline(0)):
                pass
        except TimeoutError:
            pass
        return self._take()

    def read_all(self, timeout: float | None = None) -> bytes:
        """Everything up to the end of the connection. Raises TimeoutError, OSError."""
        deadline = Deadline(self._timeout if timeout is None else timeout)
        while self._receive(deadline):
            pass
        return self._take()

    def close(self) -> None:
        """Let go; idempotent."""
        self.conn.close()

    def _take(self) -> bytes:
        data = bytes(self._came)
        self._came.clear()
        return data

    def _receive(self, deadline: Deadline) -> bool:
        """Take what comes; False at the end."""
        if self.layer.ended:
            return False
        remaining = deadline.remaining
        self.conn.settimeout(remaining)
        try:
            data = self.conn.recv(READ)
        except BlockingIOError:
            raise TimeoutError("timed out") from None
        self._came += self.layer.receive(data)
        answers = self.layer.outgoing()
        if answers:
            try:
                self._send(answers)
            except ConnectionError:
                pass  # it asked and left; what it said before is still to be read
        return bool(data)

    def _send(self, data: bytes) -> None:
        self.conn.settimeout(self._timeout)
        self.conn.send_all(data)
