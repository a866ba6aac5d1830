r"""TELNET for programs: telnetlib's interface, which Python lost in 3.13.

    from pync import telnet as telnetlib

    with telnetlib.Telnet("router", timeout=5) as tn:
        tn.read_until(b"login: ", timeout=10)
        tn.write(b"admin\r\n")
        number, found, text = tn.expect([rb"Password: ", rb"(\w+)> "], timeout=10)

Names and meanings are telnetlib's, including the constants. There are three differences:
options are negotiated by the Q method (RFC 1143), so a refusal is not answered and causes no
loop; NUL bytes in subnegotiations are kept; urgent data stays in place, so a Synch loses no
byte. Options are refused, as in telnetlib, unless ``abilities`` or
``set_option_negotiation_callback`` agrees to them.

``dial`` makes the same object for new programs. A line's end is LF in its text, and CR LF in the
network.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ..core.deadline import Deadline
from ..core.typed import TypeVar
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
        host: the host to connect to at once; None: call ``open`` to connect.
        port: a number or the name of a service; 0 is 23.
        timeout: seconds to connect, and for each single read or write on the socket; None: for
            ever; not given: the value of ``socket.setdefaulttimeout``. ``read_until`` and
            ``expect`` have their own time-outs.
        abilities: the options to agree to, and the data of their subnegotiations.
        text: whether LF is converted to CR LF (and CR to CR NUL), and back. Without it, bytes
            are not converted, except for 0xFF; received NUL and XON are removed.
    Raises DialError, which is an OSError.
    """

    # Reading.

    def read_until(self, match: bytes, timeout: float | None = None) -> bytes:
        """Return received text up to ``match``, including it.

        After ``timeout`` seconds, or at the end of the connection, return the text received,
        without ``match``. Raises EOFError at the end if there is no text, OSError.
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
        """Wait for the first of several regular expressions that matches received text.

        Returns its index, its match, and the text up to the end of the match; after
        ``timeout`` seconds, or at the end of the connection, -1, None and the text received.
        Raises EOFError at the end if there is no text, OSError.
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
        """Return all text up to the end of the connection. Raises OSError."""
        self.process_rawq()
        while not self.eof:
            self.fill_rawq()
            self.process_rawq()
        return self._take()

    def read_some(self) -> bytes:
        """Return received text, at least one byte; ``b""`` at the end. Raises OSError."""
        self.process_rawq()
        while not self.cookedq and not self.eof:
            self.fill_rawq()
            self.process_rawq()
        return self._take()

    def read_very_eager(self) -> bytes:
        """Return all text that can be read without waiting; ``b""`` if there is none.

        Raises EOFError at the end of the connection, OSError.
        """
        self.process_rawq()
        while not self.eof and self.sock_avail():
            self.fill_rawq()
            self.process_rawq()
        return self.read_very_lazy()

    def read_eager(self) -> bytes:
        """Do the same as read_very_eager, but stop reading once there is text."""
        self.process_rawq()
        while not self.cookedq and not self.eof and self.sock_avail():
            self.fill_rawq()
            self.process_rawq()
        return self.read_very_lazy()

    def read_lazy(self) -> bytes:
        """Do the same as read_very_eager, without reading from the socket."""
        self.process_rawq()
        return self.read_very_lazy()

    def read_very_lazy(self) -> bytes:
        """Return the text in ``cookedq``, without reading or processing bytes."""
        text = self._take()
        if not text and self.eof and not self.rawq:
            raise EOFError("telnet connection closed")
        return text

    def read_sb_data(self) -> bytes:
        """Return the option and the data of the last subnegotiation, once; at most 4096 bytes."""
        data, self.sbdataq = self.sbdataq, b""
        return data

    # A user at standard input and output.

    def interact(self) -> None:
        """Send the lines of standard input and show received text, until one of both ends."""
        from .interaction import interact

        interact(self)

    def mt_interact(self) -> None:
        """Do the same with a thread, which Windows needs."""
        from .interaction import mt_interact

        mt_interact(self)

    def listener(self) -> None:
        """Show received text until the connection ends; the second thread of mt_interact."""
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
                # A host that sends without a pause does not delay the time-out.
                return found()
        return result
