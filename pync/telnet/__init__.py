r"""TELNET for programs: telnetlib's interface, which Python lost in 3.13.

    from pync import telnet as telnetlib

    with telnetlib.Telnet("router", timeout=5) as tn:
        tn.read_until(b"login: ", timeout=10)
        tn.write(b"admin\r\n")
        number, found, text = tn.expect([rb"Password: ", rb"(\w+)> "], timeout=10)

Names and meanings are telnetlib's, the constants included. It differs in three places:
options are negotiated by the Q method (RFC 1143), so a refusal is not answered and makes no
loop; NUL bytes in subnegotiations are kept; urgent data stays in place, so a Synch loses no
byte. An option that nobody agrees to is refused, as in telnetlib; ``abilities`` or
``set_option_negotiation_callback`` agree.

``dial`` makes the same object for new programs. Its text has LF for a line's end here and
CR LF on the wire.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from ..core.deadline import Deadline
from ..layers.telnet import NOTHING, Abilities
from . import codes
from .codes import *  # noqa: F403
from .wire import OptionCallback, Wire

__all__ = ["Abilities", "OptionCallback", "Telnet", "dial"]
__all__ += codes.__all__

_Found = TypeVar("_Found")


def dial(
    host: str,
    port: int | str = 23,
    *,
    timeout: float | None = None,
    abilities: Abilities = NOTHING,
    text: bool = True,
) -> Telnet:
    """Connect to a TELNET host (RFC 854).

    Arguments: see Telnet. Raises DialError.
    """
    return Telnet(host, port, timeout, abilities=abilities, text=text)


class Telnet(Wire):
    """A connection to a TELNET host.

    Arguments:
        host: to connect to at once; None: ``open`` does.
        port: a number or the name of a service; 0 is 23.
        timeout: seconds for the connection to be made, and for each single read or write on
            the socket; None: for ever; not given: as ``socket.setdefaulttimeout`` has it.
            ``read_until`` and ``expect`` have time-outs of their own.
        abilities: options to agree to, and what to tell in their subnegotiations.
        text: whether LF here is CR LF on the wire (and CR is CR NUL), both ways. Without it
            bytes are passed as they are, but for 0xFF; NUL and XON that come are left out.
    Raises DialError, which is an OSError.
    """

    # Reading.

    def read_until(self, match: bytes, timeout: float | None = None) -> bytes:
        """What came up to and with ``match``.

        After ``timeout`` seconds, or at the end of the connection, it is what came, without
        ``match``. Raises EOFError at the end if nothing came, OSError.
        """

        def found() -> bytes | None:
            start = self.cookedq.find(match)
            return None if start < 0 else self._take(start + len(match))

        text = self._read_for(found, timeout)
        return self.read_very_lazy() if text is None else text

    def expect(
        self,
        list: Sequence[bytes | re.Pattern[bytes]],  # noqa: A002 - telnetlib's name
        timeout: float | None = None,
    ) -> tuple[int, re.Match[bytes] | None, bytes]:
        """Wait for the first of several regular expressions that is found in what came.

        Returns its index, its match, and what came up to the end of the match; after
        ``timeout`` seconds, or at the end of the connection, -1, None and what came.
        Raises EOFError at the end if nothing came, OSError.
        """
        patterns = [re.compile(pattern) for pattern in list]

        def found() -> tuple[int, re.Match[bytes], bytes] | None:
            for number, pattern in enumerate(patterns):
                match = pattern.search(self.cookedq)
                if match:
                    return number, match, self._take(match.end())
            return None

        return self._read_for(found, timeout) or (-1, None, self.read_very_lazy())

    def read_all(self) -> bytes:
        """Everything up to the end of the connection. Raises OSError."""
        self.process_rawq()
        while not self.eof:
            self.fill_rawq()
            self.process_rawq()
        return self._take()

    def read_some(self) -> bytes:
        """What has come, at least one byte; ``b""`` at the end. Raises OSError."""
        self.process_rawq()
        while not self.cookedq and not self.eof:
            self.fill_rawq()
            self.process_rawq()
        return self._take()

    def read_very_eager(self) -> bytes:
        """Return all that can be read without waiting; ``b""`` if that is nothing.

        Raises EOFError at the end of the connection, OSError.
        """
        self.process_rawq()
        while not self.eof and self.sock_avail():
            self.fill_rawq()
            self.process_rawq()
        return self.read_very_lazy()

    def read_eager(self) -> bytes:
        """As read_very_eager, but it reads no more once there is text."""
        self.process_rawq()
        while not self.cookedq and not self.eof and self.sock_avail():
            self.fill_rawq()
            self.process_rawq()
        return self.read_very_lazy()

    def read_lazy(self) -> bytes:
        """As read_very_eager, but it reads nothing from the socket."""
        self.process_rawq()
        return self.read_very_lazy()

    def read_very_lazy(self) -> bytes:
        """As read_lazy, but it processes nothing either: what ``cookedq`` has."""
        text = self._take()
        if not text and self.eof and not self.rawq:
            raise EOFError("telnet connection closed")
        return text

    def read_sb_data(self) -> bytes:
        """Return the option and the data of the last subnegotiation, once; at most 4096 bytes."""
        data, self.sbdataq = self.sbdataq, b""
        return data

    # A person at standard input and output.

    def interact(self) -> None:
        """Send the lines of standard input and show what comes, until either ends."""
        from .interaction import interact

        interact(self)

    def mt_interact(self) -> None:
        """The same with a thread, which is what Windows needs."""
        from .interaction import mt_interact

        mt_interact(self)

    def listener(self) -> None:
        """Show what comes until the connection ends; mt_interact's other thread."""
        from .interaction import listener

        listener(self)

    # Helpers.

    def _read_for(self, found: Callable[[], _Found | None], timeout: float | None) -> _Found | None:
        deadline = Deadline(timeout)
        self.process_rawq()
        while (result := found()) is None and not self.eof and self._wait(deadline):
            self.fill_rawq()
            self.process_rawq()
            if deadline.passed:
                # A host that never pauses does not put the time-out off.
                return found()
        return result
